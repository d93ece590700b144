"""Server processes of PostgreSQL that end under a test."""

from __future__ import annotations

import psycopg2
from django.conf import settings
from django.db import connection


def end_backend(pid: int) -> None:
    """As when the server restarts: it closes the connection, and nobody is told but the socket.

    Returns when it is gone.
    """
    mine = settings.DATABASES["default"]
    other = psycopg2.connect(
        host=mine["HOST"], port=mine["PORT"], user=mine["USER"], password=mine["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    )  # fmt: skip
    try:
        with other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


def end_connection() -> None:
    """End the server process behind our own connection."""
    end_backend(connection.connection.info.backend_pid)
