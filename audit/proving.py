"""That rows of the other ledgers are what they were: each with the batch it was sealed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2 import sql

from audit.books import SEALED, Book, books, hashes
from audit.erasing import naming
from audit.streaming import rows, scalar

_ROW = """
SELECT ({text})::text, salt::text, jsonb_build_object({values})::text, erased IS NOT NULL
FROM {table} WHERE id = %s
"""
_ROW_WITHOUT = "SELECT ({text})::text, NULL, '{{}}', false FROM {table} WHERE id = %s"
_SEALED_BY = """
SELECT id FROM audit_entry WHERE kind = %s AND subject = %s
AND (payload ->> 'since')::bigint <= %s AND (payload ->> 'below')::bigint > %s
AND (payload ->> 'first_id')::bigint <= %s AND (payload ->> 'last_id')::bigint >= %s
ORDER BY id LIMIT 1
"""


def prove_rows(wanted: Mapping[str, Sequence[int]]) -> tuple[dict[str, Any], list[int]]:
    """The rows (table → ids) with their proof, and the audit entries that it rests on.

    `rows`: of each its content as it is hashed and the entry that sealed its batch (None: not
    sealed yet); `openings` are the personal columns with their salts, until they are erased.
    `row_batches`: the hashes of each batch, by that entry. Who had a row erased is said by one of
    the entries.
    """
    proved: list[dict[str, Any]] = []
    batches: dict[str, list[list[Any]]] = {}
    for book in books():
        for row_id in wanted.get(book.table, ()):
            proved.append(_prove(book, row_id, batches))
    entries = [int(entry_id) for entry_id in batches]
    for table in wanted:
        erased = [row["id"] for row in proved if row["table"] == table and row["erased"]]
        entries += naming(table, erased) if erased else []
    return {"rows": proved, "row_batches": batches}, entries


def _prove(book: Book, row_id: int, batches: dict[str, list[list[Any]]]) -> dict[str, Any]:
    transaction = scalar(
        sql.SQL("SELECT transaction FROM {} WHERE id = %s").format(sql.Identifier(book.table)),
        [row_id],
    )
    entry_id = scalar(_SEALED_BY, [SEALED, book.table, transaction, transaction, row_id, row_id])
    sealed = book
    if entry_id is not None:
        text = scalar("SELECT payload::text FROM audit_entry WHERE id = %s", [entry_id])
        said = json.loads(text)
        sealed = book.as_said(said)
        if str(entry_id) not in batches:
            found = hashes(
                sealed,
                said["since"],
                said["below"],
                after_id=said["first_id"] - 1,
                up_to_id=said["last_id"],
            )
            batches[str(entry_id)] = [[each, digest] for each, digest in found]
    return {
        "table": book.table,
        "id": row_id,
        **sealed.document(),
        "entry": entry_id,
        **_content(sealed, row_id),
    }


def _content(book: Book, row_id: int) -> dict[str, Any]:
    template = _ROW if book.erasable else _ROW_WITHOUT
    # each value as the text that its commitment is taken over
    values = sql.SQL(", ").join(
        sql.SQL("{}, to_jsonb({})::text").format(sql.Literal(name), sql.Identifier(name))
        for name in book.erasable
    )
    statement = sql.SQL(template).format(
        text=book.text, values=values, table=sql.Identifier(book.table)
    )
    (text, salt, opened, erased), *_others = rows(statement, [row_id])
    openings = {}
    if salt is not None:
        openings = {
            name: {"salt": salt, "text": value} for name, value in json.loads(opened).items()
        }
    return {"text": text, "openings": openings, "erased": erased}
