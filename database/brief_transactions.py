"""Transactions that begin in their first message and are committed in their last.

Django sends BEGIN and COMMIT as messages of their own, and for each of them both sides are woken
up once more, while locks are held. Here they travel with the statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR

from database.prepared import Statement, Write, run


class _Kind(NamedTuple):
    """How it begins, is kept, and is thrown away."""

    begin: Write
    commit: Write
    leave: str


_WHOLE = _Kind((Statement("BEGIN"), {}), (Statement("COMMIT"), {}), "ROLLBACK")
#: Inside the transaction that Django's test cases roll back in the end.
_OF_A_TEST = _Kind(
    (Statement("SAVEPOINT brief"), {}),
    (Statement("RELEASE SAVEPOINT brief"), {}),
    "ROLLBACK TO SAVEPOINT brief; RELEASE SAVEPOINT brief",
)


class BriefTransaction:
    """Statements in order: one message begins, any number follow, one commits."""

    def __init__(self, cursor: CursorWrapper, kind: _Kind = _WHOLE) -> None:
        self._cursor, self.kind = cursor, kind
        self.begun = self.committed = False

    def begin(self, *steps: Write) -> list[tuple[Any, ...]]:
        """Begin, and run statements; the rows of the last one. Raises django.db.Error."""
        rows = self.run(self.kind.begin, *steps)
        self.begun = True
        return rows

    def run(self, *steps: Write) -> list[tuple[Any, ...]]:
        """Run statements in one message; the rows of the last one. Raises django.db.Error."""
        run(self._cursor, *steps)
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def commit(self, *steps: Write) -> None:
        """Run statements and commit: when this returns, all of it is kept for good.

        Raises django.db.Error; then nothing is kept, unless it was the answer that was lost.
        """
        run(self._cursor, *steps, self.kind.commit)
        self.committed = True


@contextmanager
def brief_transaction() -> Iterator[BriefTransaction]:
    """A durable READ COMMITTED transaction; whoever leaves without `commit` keeps nothing.

    To Django the code inside is in an atomic block, and may read and write with the ORM between the
    messages. Raises RuntimeError inside a transaction: it would not be durable.
    """
    database = connections[DEFAULT_DB_ALIAS]  # what django.db.connection looks up each time
    database.ensure_connection()
    blocks: list[Any] = database.atomic_blocks
    if blocks and blocks[-1]._from_testcase:
        kind = _OF_A_TEST
    elif database.in_atomic_block or not database.get_autocommit():
        raise RuntimeError("a brief transaction cannot be part of another one")
    else:
        kind = _WHOLE
    with database.cursor() as cursor:
        work = BriefTransaction(cursor, kind)
        # what Django asks before it locks rows or sets a savepoint
        database.in_atomic_block, database.autocommit = True, False
        try:
            yield work
        finally:
            if kind is _WHOLE:
                database.in_atomic_block, database.autocommit = False, True
            database.needs_rollback = False
            if not work.committed or database.closed_in_transaction:
                _leave(database, work)
    if kind is _WHOLE:
        database.run_and_clear_commit_hooks()


def _leave(database: BaseDatabaseWrapper, work: BriefTransaction) -> None:
    """Nothing of an unfinished transaction stays, be it for the price of the connection."""
    driver, whole = database.connection, work.kind is _WHOLE
    if whole:
        database.run_on_commit = []
    if database.closed_in_transaction:
        database.connection = None
        return
    status = TRANSACTION_STATUS_IDLE if driver is None else driver.info.transaction_status
    if whole:
        unfinished = status != TRANSACTION_STATUS_IDLE
    else:
        unfinished = work.begun or status == TRANSACTION_STATUS_INERROR
    if unfinished:
        try:
            with database.cursor() as cursor:
                cursor.execute(work.kind.leave)
        except Error:
            database.close()
