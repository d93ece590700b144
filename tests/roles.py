"""The two roles of the database, in the tests.

A test's connection logs in as a superuser and works as the application (`-c role=sanshi_app`), with
exactly its privileges. Within `as_attacker` it has the owner's, and the ledgers' triggers are off:
what somebody with the keys to the database could do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def become_owner() -> None:
    """Take the login's own privileges, and switch the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE; SET session_replication_role = replica")


def become_application() -> None:
    """Work as the application again."""
    with connection.cursor() as cursor:
        cursor.execute("RESET session_replication_role; RESET ROLE")


@contextmanager
def as_attacker() -> Iterator[None]:
    """The owner's privileges, and no trigger in the way."""
    become_owner()
    try:
        yield
    finally:
        become_application()
