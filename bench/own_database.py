"""A fresh database for one bench, migrated, and dropped afterwards."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg2
from django.core.management import call_command
from django.db import connections

from config.embedded.servers import Servers

STATE = Path(__file__).resolve().parent.parent / ".state" / "bench"


@contextmanager
def own_database() -> Iterator[str]:
    """Gives its URL; Django is set up on it. Works once a process, before Django is set up.

    It lies on the server that DATABASE_URL names, else on an embedded one, started for the bench
    and durable as in production. Raises EmbeddedError, psycopg2.OperationalError: no server.
    """
    with ExitStack() as stack:
        servers = stack.enter_context(Servers.start(STATE))
        os.environ.update(servers.environment)
        parts = urlsplit(servers.database_url)
        name = f"bench_{uuid.uuid4().hex[:12]}"
        url = f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}"
        admin = servers.database_url
        _execute(admin, f'CREATE DATABASE "{name}"')
        stack.callback(_execute, admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        stack.callback(connections.close_all)
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        os.environ.setdefault("SECRET_KEY", "bench")
        os.environ.setdefault("SANDBOX", "1")
        django.setup()
        call_command("migrate", verbosity=0)
        yield url


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
