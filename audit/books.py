"""Sealing the other ledgers: decisions, contacts, turns, call events.

The hot path writes their rows as they are. The sealer reads what has been committed since, by
transaction numbers, and records one audit entry a ledger ("ledger.sealed") with a hash over the
hashes of its rows; the chain seals that entry. Nothing is paid at the gate, and a row that is
changed, removed, added behind or put elsewhere no longer fits.

A ledger is found by its trigger and says itself which columns it has; the entry keeps their names,
so that a column added later does not change the hash of an older row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg2 import sql

from audit.recording import record
from audit.streaming import Batch, rows, scalar

SEALED = "ledger.sealed"
#: The record and its seals prove themselves.
OWN = ("audit_entry", "audit_seal")

_BOOKS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.tgname = c.relname || '_append_only' AND NOT c.relispartition AND c.relname <> ALL (%s)
AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname ORDER BY c.relname
"""

# jsonb spells a value in one way whatever the session's settings, but for instants: Django's
# sessions are in UTC.
_HASHES = """
SELECT id, encode(sha256(convert_to(jsonb_build_array({columns})::text, 'UTF8')), 'hex')
FROM {table} WHERE transaction >= %s AND transaction < %s AND id > %s AND id <= %s ORDER BY id
"""
#: Above every id.
ANY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger besides the audit's own, by its table."""

    table: str
    columns: Sequence[str]


def books() -> list[Book]:
    """The ledgers there are, in order of name."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOKS, [list(OWN)])
        return [Book(table, columns) for table, columns in cursor.fetchall()]


def hashes(
    book: Book, since: int, below: int, *, after_id: int = 0, up_to_id: int = ANY
) -> Iterator[tuple[Any, ...]]:
    """(id, hash) of the rows written by the transactions in [since, below), in order of id."""
    statement = sql.SQL(_HASHES).format(
        table=sql.Identifier(book.table),
        columns=sql.SQL(", ").join(sql.Identifier(name) for name in book.columns),
    )
    yield from rows(statement, [since, below, after_id, up_to_id])


def last_sealed(table: str) -> dict[str, Any] | None:
    """What the newest seal of a ledger says, or None."""
    statement = (
        "SELECT payload::text FROM audit_entry WHERE kind = %s AND subject = %s"
        " ORDER BY id DESC LIMIT 1"
    )
    text = scalar(statement, [SEALED, table])
    return None if text is None else json.loads(text)


def seal_books(below: int) -> None:
    """Record each ledger's new rows, of transactions under `below`; in the sealer's transaction."""
    for book in books():
        last = last_sealed(book.table)
        since = last["below"] if last else 0
        batch = Batch.of(hashes(book, since, below))
        if batch.count:
            record(
                kind=SEALED,
                actor_id=None,
                subject=book.table,
                payload={
                    "since": since,
                    "below": below,
                    "first_id": batch.first_id,
                    "last_id": batch.last_id,
                    "count": batch.count,
                    "root": batch.root,
                    "columns": list(book.columns),
                },
            )
