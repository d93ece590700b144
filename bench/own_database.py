"""A fresh database for one bench, migrated, and dropped afterwards."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import django
import psycopg2
from django.core.management import call_command
from django.db import connections

ASKED = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def own_database() -> Iterator[str]:
    """Gives its URL; Django is set up on it. It lies on the server DATABASE_URL names.

    Works once a process, before Django is set up. Raises psycopg2.OperationalError: no server.
    """
    parts = urlsplit(os.environ.get("DATABASE_URL", ASKED))
    name = f"bench_{uuid.uuid4().hex[:12]}"
    url = f"postgresql://{parts.netloc}/{name}?{parts.query}"
    admin = f"postgresql://{parts.netloc}/postgres?{parts.query}"
    _execute(admin, f'CREATE DATABASE "{name}"')
    try:
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        os.environ.setdefault("SECRET_KEY", "bench")
        os.environ.setdefault("SANDBOX", "1")
        django.setup()
        call_command("migrate", verbosity=0)
        yield url
    finally:
        connections.close_all()
        _execute(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
