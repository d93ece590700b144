"""Sealing the other ledgers: decisions, contacts, turns, call events.

The hot path writes their rows as they are. The sealer reads what has been committed since, by
transaction numbers, and records one audit entry a ledger ("ledger.sealed") with a hash over the
hashes of its rows; the chain seals that entry. Nothing is paid at the gate, and a row that is
changed, removed, added behind or put elsewhere no longer fits.

A ledger is found by its trigger, whose arguments name the columns that hold personal data
(audit/erasing.py); it says itself which columns it has. The entry keeps their names, so that a
column added later does not change the hash of an older row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.db import connection
from psycopg2 import sql

from audit.recording import record
from audit.streaming import Batch, rows, scalar

SEALED = "ledger.sealed"
#: The record and its seals prove themselves.
OWN = ("audit_entry", "audit_seal")

_BOOKS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum),
       string_to_array(encode(t.tgargs, 'escape'), '\\000')
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.tgname = c.relname || '_append_only' AND NOT c.relispartition AND c.relname <> ALL (%s)
AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname, t.tgargs ORDER BY c.relname
"""

# jsonb spells a value in one way whatever the session's settings, but for instants: Django's
# sessions are in UTC.
_HASHES = """
SELECT id, encode(sha256(convert_to(({text})::text, 'UTF8')), 'hex')
FROM {table} WHERE transaction >= %s AND transaction < %s AND id > %s AND id <= %s ORDER BY id
"""
_CONTENTS = """
SELECT id, ({text})::text, {erased}, {filled}
FROM {table} WHERE transaction >= %s AND transaction < %s AND id > %s AND id <= %s ORDER BY id
"""
_ON_RECORD = "SELECT DISTINCT subject FROM audit_entry WHERE kind = %s ORDER BY subject"
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, NULL) FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = current_schema()::regnamespace
WHERE c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
#: What stands for a personal column in a row's hash, before its erasure and after.
_COMMITMENT = "coalesce(erased ->> {name}, sanshi_commitment(salt, to_jsonb({column})))"
#: Of an erased row: whether a personal column holds something again, or its salt. The commitments
#: stand for these columns in its hash, which would not show it.
_FILLED = "erased IS NOT NULL AND (salt IS NOT NULL{columns})"
_COLUMN_FILLED = (
    " OR coalesce(to_jsonb({column}), 'null') NOT IN ('\"\"'::jsonb, '{{}}'::jsonb, 'null'::jsonb)"
)
#: They change when a row is erased.
SHIFTING = ("salt", "erased")
#: Above every id.
ANY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger besides the audit's own, by its table.

    `columns` go into a row's hash, those in `erasable` by a commitment. `types` are PostgreSQL's.
    """

    table: str
    columns: Sequence[str]
    erasable: Sequence[str] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def as_said(self, said: Mapping[str, Any]) -> Self:
        """The ledger as it was when an entry described its rows."""
        return replace(self, columns=_names(said, "columns"), erasable=_names(said, "erasable"))

    @property
    def readable(self) -> bool:
        """Whether the table is there with these columns: an entry may have been changed."""
        return bool(self.columns) and set(self.columns) | set(self.erasable) <= set(self.types)

    def document(self) -> dict[str, Any]:
        """What an entry about rows keeps of it."""
        return {"columns": list(self.columns), "erasable": list(self.erasable)}

    @property
    def text(self) -> sql.Composed:
        """The expression whose text is a row's content."""
        parts = [
            sql.SQL(_COMMITMENT).format(name=sql.Literal(name), column=sql.Identifier(name))
            if name in self.erasable
            else sql.Identifier(name)
            for name in self.columns
        ]
        return sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(parts))

    @property
    def filled(self) -> sql.Composable:
        """The expression that says whether an erased row is not blank any more."""
        if not {"salt", "erased"} <= set(self.types):
            return sql.SQL("false")
        columns = [
            sql.SQL(_COLUMN_FILLED).format(column=sql.Identifier(name))
            for name in self.erasable
            if name in self.types
        ]
        return sql.SQL(_FILLED).format(columns=sql.SQL("").join(columns))


def _names(said: Mapping[str, Any], key: str) -> list[str]:
    found = said.get(key)
    return list(map(str, found)) if isinstance(found, list) else []


def books() -> list[Book]:
    """The ledgers there are, in order of name."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_BOOKS, [list(OWN)])
        for table, names, types, personal in cursor.fetchall():
            columns = [name for name in names if name not in SHIFTING]
            erasable = [name for name in personal or [] if name]
            found.append(Book(table, columns, erasable, dict(zip(names, types, strict=True))))
    return found


def hashes(
    book: Book, since: int, below: int, *, after_id: int = 0, up_to_id: int = ANY
) -> Iterator[tuple[Any, ...]]:
    """(id, hash) of the rows written by the transactions in [since, below), in order of id; none
    of a ledger that cannot be read as it was described.
    """
    if not book.readable:
        return
    statement = sql.SQL(_HASHES).format(table=sql.Identifier(book.table), text=book.text)
    yield from rows(statement, [since, below, after_id, up_to_id])


def contents(
    book: Book, since: int, below: int, *, after_id: int = 0, up_to_id: int = ANY
) -> Iterator[tuple[Any, ...]]:
    """The same rows as `hashes`: (id, the text that is hashed, whether it has been erased, whether
    it has been filled again since).
    """
    if not book.readable:
        return
    erased = sql.SQL("erased IS NOT NULL" if "erased" in book.types else "false")
    statement = sql.SQL(_CONTENTS).format(
        table=sql.Identifier(book.table), text=book.text, erased=erased, filled=book.filled
    )
    yield from rows(statement, [since, below, after_id, up_to_id])


def all_books() -> list[Book]:
    """The ledgers there are, and those that the record speaks of though their trigger, or the whole
    table, is gone: whoever takes that away shall not take the ledger out of the proof.
    """
    found = {book.table: book for book in books()}
    for (table,) in list(rows(_ON_RECORD, [SEALED])):
        if table not in found:
            types = dict(rows(_COLUMNS, [table]))
            said = last_sealed(table) or {}
            columns = [name for name in types if name not in SHIFTING]
            found[table] = Book(table, columns, said.get("erasable", ()), types)
    return [found[table] for table in sorted(found)]


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
                    **batch.document(),
                    **book.document(),
                },
            )
