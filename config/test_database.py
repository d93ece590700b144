"""One migrated database that the tests' own databases are copied from.

Migrating costs more than most test files, and every worker of a spread run has a database of its
own. So the migrations run once for each state of their files; a copy takes a fraction of a second.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

PREFIX = "sanshi_template_"


def template_name(root: Path) -> str:
    """The template's name: it changes with any migration, and with the installed packages."""
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*/migrations/*.py"), root / "requirements.txt"]):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def prepare_template(root: Path, environment: Mapping[str, str]) -> str:
    """Make the template on the databases' server unless it is there; returns its name.

    An earlier state's template is dropped. Raises CalledProcessError when the migrations fail.
    """
    # the owner's login makes databases, the application's does not
    url = environment.get("MIGRATION_DATABASE_URL") or environment["DATABASE_URL"]
    name = template_name(root)
    server = psycopg2.connect(url)
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [PREFIX])
            cursor.execute(
                "SELECT datname, datistemplate FROM pg_database WHERE starts_with(datname, %s)",
                [PREFIX],
            )
            found = dict(cursor.fetchall())
            if found.get(name):
                return name
            for old in found:  # of an earlier state, or of a run that was killed on the way
                identifier = sql.Identifier(old)
                cursor.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(identifier))
                cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            _migrate(root, {**environment, "DATABASE_URL": _on(url, name)})
            # marked last: what is not marked is not whole
            ready = sql.SQL("ALTER DATABASE {} IS_TEMPLATE true")
            cursor.execute(ready.format(sql.Identifier(name)))
    finally:
        server.close()
    return name


def _migrate(root: Path, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=root, env=environment, check=True)


def _on(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
