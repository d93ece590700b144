"""Session advisory locks of the dialer: held by a connection, gone with it (kill -9 included).

The two-number key space is apart from the gate's one-number keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_INT4 = 0x7FFFFFFF


class Space(IntEnum):
    """What is locked."""

    LEADER = 0x5A01
    PLACING = 0x5A02
    MESSAGING = 0x5A03


def try_lock(space: Space, key: int = 0) -> bool:
    """Take the lock for this connection if nobody has it; never waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(space), key & _INT4])
        row = cursor.fetchone()
    return bool(row and row[0])


def unlock(space: Space, key: int = 0) -> None:
    """Give the lock back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(space), key & _INT4])


@contextmanager
def alone(space: Space, key: int) -> Iterator[bool]:
    """Whether this process is the only one at it; holds the lock meanwhile."""
    mine = try_lock(space, key)
    try:
        yield mine
    finally:
        if mine:
            unlock(space, key)
