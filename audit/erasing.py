"""Taking the personal columns out of a ledger's rows without breaking the chain.

A row's hash holds a commitment to each personal column: SHA-256 over the row's salt and the value.
Erasing keeps the commitments in the row's `erased`, blanks the columns and destroys the salt. What
was there can no longer be read or guessed; that it was, and that nothing else has changed, can
still be proved. The trigger on the ledger lets through no other change (migration audit.0005).

The record names the rows and by whose decision they were erased (`ledger.erased`): a row that was
blanked and that no entry names is a fault (audit/verifying.py). The entry counts only if the record
also holds, before it, the second person's signature under that decision: who can write an entry
could name anything. So is an erased row that holds something again: its hash, which keeps to the
commitments, would not tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from psycopg2 import sql

from audit.books import Book, books
from audit.recording import record
from audit.streaming import rows

ERASED, APPROVED = "ledger.erased", "approval.approved"

_ERASE = """
UPDATE {table} SET {blank}, salt = NULL, erased = jsonb_build_object({commitments})
WHERE {key} = ANY(%s) AND salt IS NOT NULL
"""
# What an entry says of rows, whatever else somebody may have written into it.
_ROWS = sql.SQL(
    "CASE WHEN jsonb_typeof(payload -> 'rows') = 'array' THEN payload -> 'rows' ELSE '[]' END"
)
_UNNAMED = """
SELECT id FROM {table} WHERE erased IS NOT NULL AND {whose} AND to_jsonb(id) NOT IN (
    SELECT jsonb_array_elements({rows})
    FROM audit_entry WHERE kind = %s AND subject = %s AND EXISTS (
        SELECT 1 FROM audit_entry AS signed WHERE signed.kind = %s
        AND signed.subject = audit_entry.payload ->> 'decision' AND signed.id < audit_entry.id))
ORDER BY id
"""
_NAMING = """
WITH naming AS (
    SELECT id, payload ->> 'decision' AS decision FROM audit_entry
    WHERE kind = %s AND subject = %s AND EXISTS (
        SELECT 1 FROM jsonb_array_elements({rows}) AS named(row)
        WHERE to_jsonb(%s::bigint[]) @> named.row))
SELECT id FROM naming
UNION SELECT id FROM audit_entry WHERE kind = %s AND subject IN (SELECT decision FROM naming)
ORDER BY id
"""


def erase_rows(
    table: str, key: str, values: Sequence[int], *, decision: str, actor_id: int | None
) -> int:
    """Erase the rows of a ledger whose column `key` is one of `values`; how many there were.

    `decision`: what was signed, as approvals name it. Raises KeyError for a ledger that names no
    personal columns.
    """
    book = {book.table: book for book in books() if book.erasable}[table]
    names = [sql.Identifier(name) for name in book.erasable]
    statement = sql.SQL(_ERASE).format(
        table=sql.Identifier(table),
        key=sql.Identifier(key),
        # an empty text, an empty document
        blank=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(
                sql.Identifier(name), sql.Literal("{}" if book.types[name] == "jsonb" else "")
            )
            for name in book.erasable
        ),
        commitments=sql.SQL(", ").join(
            sql.SQL("{}, sanshi_commitment(salt, to_jsonb({}))").format(
                sql.Literal(name), identifier
            )
            for name, identifier in zip(book.erasable, names, strict=True)
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(values)])
        count = int(cursor.rowcount)
    unnamed = _unnamed(book, sql.SQL("{} = ANY(%s)").format(sql.Identifier(key)), list(values))
    if unnamed:
        payload = {"rows": unnamed, "decision": decision}
        record(kind=ERASED, actor_id=actor_id, subject=table, payload=payload)
    return count


def unnamed_rows(book: Book) -> list[int]:
    """The rows of a ledger that were blanked, and that no entry of the record names by a decision
    that somebody signed.
    """
    return _unnamed(book, sql.SQL("true")) if book.erasable and "erased" in book.types else []


def filled_rows(book: Book) -> list[int]:
    """The erased rows of a ledger that are not blank any more."""
    if not book.types:
        return []
    statement = sql.SQL("SELECT id FROM {table} WHERE {filled} ORDER BY id")
    found = rows(statement.format(table=sql.Identifier(book.table), filled=book.filled), [])
    return [int(row) for (row,) in found]


def naming(table: str, row_ids: Sequence[int]) -> list[int]:
    """The entries that name any of these rows of a ledger as erased, and their signatures."""
    found = rows(sql.SQL(_NAMING).format(rows=_ROWS), [ERASED, table, list(row_ids), APPROVED])
    return [int(entry) for (entry,) in found]


def _unnamed(book: Book, whose: sql.Composable, *values: list[int]) -> list[int]:
    statement = sql.SQL(_UNNAMED).format(table=sql.Identifier(book.table), whose=whose, rows=_ROWS)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, ERASED, book.table, APPROVED])
        return [int(row[0]) for row in cursor.fetchall()]
