"""Taking the personal columns out of a ledger's rows without breaking the chain.

A row's hash holds a commitment to each personal column: SHA-256 over the row's salt and the value.
Erasing keeps the commitments in the row's `erased`, blanks the columns and destroys the salt. What
was there can no longer be read or guessed; that it was, and that nothing else has changed, can
still be proved. The trigger on the ledger lets through no other change (migration audit.0005).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from psycopg2 import sql

from audit.books import books

_ERASE = """
UPDATE {table} SET {blank}, salt = NULL, erased = jsonb_build_object({commitments})
WHERE {key} = ANY(%s) AND salt IS NOT NULL
"""


def erase_rows(table: str, key: str, values: Sequence[int]) -> int:
    """Erase the rows of a ledger whose column `key` is one of `values`; how many there were.

    Raises KeyError for a ledger that names no personal columns.
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
        return int(cursor.rowcount)
