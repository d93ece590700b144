"""Advisory locks of the session: held by a connection over many transactions, gone with it.

So whoever dies lets go (kill -9 included). A lock has two numbers, what is locked and which one of
it; their space is apart from that of the gate's locks, which have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_INT4 = 0x7FFFFFFF


def try_lock(space: int, key: int = 0) -> bool:
    """Take the lock for this connection if nobody has it; never waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(space), key & _INT4])
        row = cursor.fetchone()
    return bool(row and row[0])


def unlock(space: int, key: int = 0) -> None:
    """Give the lock back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(space), key & _INT4])


@contextmanager
def alone(space: int, key: int = 0) -> Iterator[bool]:
    """Whether this process is the only one at it; holds the lock meanwhile."""
    mine = try_lock(space, key)
    try:
        yield mine
    finally:
        if mine:
            unlock(space, key)
