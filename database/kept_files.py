"""Files that lie under the hash of their content, so that equal ones are one file for many rows.

One row may be deleted, and its file with it, while another with the same content is being written.
So whoever keeps a file holds its name from before the file is there until the row is committed;
who deletes one holds the name alone while looking whether any row is left. Keepers do not wait for
one another, and a deleter holds one name at a time: nobody waits in a circle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction

#: The advisory locks of these names ("keep").
_LOCKS = 0x6B656570


def keep_file(made: Path, place: Path) -> None:
    """Put a finished file in its place, over an equal one that may be there. In the transaction
    that writes its row.
    """
    _hold(place, "pg_advisory_xact_lock_shared")
    place.parent.mkdir(parents=True, exist_ok=True)
    made.replace(place)


def delete_file(place: Path, *, wanted: Callable[[], bool]) -> bool:
    """Delete a file unless a row still wants it; whether it was. A transaction of its own, after
    the one that gave the row up.
    """
    with transaction.atomic(durable=True):
        _hold(place, "pg_advisory_xact_lock")
        if wanted():
            return False
        place.unlink(missing_ok=True)
        return True


def _hold(place: Path, function: str) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a file is kept or deleted in a transaction")
    name = hashlib.sha256(place.name.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(%s, %s)",
            [_LOCKS, int.from_bytes(name[:4], signed=True)],
        )
