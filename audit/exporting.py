"""The chain as lines of JSON, and the proof that one entry stands in it.

`audit/verify_export.py`, which knows nothing of us, checks both; docs/evidence.md has the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from django.db import connection, transaction

from audit.books import ANY, OWN, SEALED, Book, all_books, contents
from audit.domain.canonical import instant
from audit.models import Entry, Seal
from audit.rebasing import REBASED, rebases
from audit.streaming import rows, scalar
from audit.verify_export import counts, rebased
from audit.verifying import up_to, up_to_row

#: A proof ends so many seals after its last entry: at one seal in 5 s more than the hour within
#: which a head is anchored.
SEALS_TO_ANCHOR = 1500

_ENTRIES = """
SELECT id, at, kind, actor_id, subject, payload::text, content_hash FROM audit_entry
WHERE transaction >= %s AND transaction < %s AND id > %s AND id <= %s ORDER BY id + 0
"""
_SEALED_BELOW = """
SELECT payload -> 'below' FROM audit_entry WHERE kind = %s AND subject = %s
AND jsonb_typeof(payload -> 'below') = 'number' ORDER BY id DESC LIMIT 1
"""
# the seal that covers each entry; NULL when there is none yet
_SEALED_BY = """
SELECT e.id, (SELECT s.id FROM audit_seal s
              WHERE s.below_transaction > e.transaction AND e.id BETWEEN s.first_id AND s.last_id
              ORDER BY s.below_transaction LIMIT 1)
FROM audit_entry e WHERE e.id = ANY(%s)
"""
_SINCE = "SELECT below_transaction FROM audit_seal WHERE id < %s ORDER BY id DESC LIMIT 1"
_HASHES = """
SELECT id, content_hash FROM audit_entry
WHERE transaction >= %s AND transaction < %s AND id BETWEEN %s AND %s ORDER BY id + 0
"""


def export(first: int, last: int | None, *, with_rows: bool = True) -> Iterator[str]:
    """Lines: what this is; each seal from `first` to `last` (None = the newest), followed by its
    entries, and each entry that seals rows of other ledgers by these; at last, when it goes on to
    the newest seal, what is not sealed yet. One picture of all tables.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield from map(_line, _Export(with_rows).documents(first, last))


class _Export:
    """Reads what verifying reads, in the same pieces."""

    def __init__(self, with_rows: bool) -> None:
        self._history = rebases()
        self._books = {book.table: book for book in all_books()} if with_rows else {}
        self._with_rows = with_rows

    def documents(self, first: int, last: int | None) -> Iterator[dict[str, Any]]:
        begins, ends = first <= 1, last is None
        yield {"export": {"begins": begins, "ends": ends, "rows": self._with_rows}}
        since = scalar(_SINCE, [first]) or 0
        chosen = Seal.objects.filter(pk__gte=first).order_by("id")
        for seal in (chosen if last is None else chosen.filter(pk__lte=last)).iterator():
            yield {"seal": seal_document(seal)}
            highest = up_to(self._history, OWN[0], seal.pk)
            yield from self._entries(since, seal.below_transaction, highest)
            since = seal.below_transaction
        if ends:
            yield {"unsealed": "entries"}
            yield from self._entries(since, ANY, ANY)
            yield {"unsealed": "rows"}
            for book in self._books.values():
                yield from self._rows(book, self._sealed_below(book.table), ANY)

    def _entries(self, since: int, below: int, highest: int) -> Iterator[dict[str, Any]]:
        for row in rows(_ENTRIES, [since, below, 0, highest]):
            entry = _entry_document(row)
            yield {"entry": entry}
            said = entry["payload"]
            if entry["kind"] == SEALED and counts(said, "since", "below"):
                yield from self._sealed_rows(entry["subject"], said)
            elif entry["kind"] == REBASED and rebased(said):
                for table, strays in said["ledgers"].items():
                    yield from self._strays(table, strays)

    def _sealed_rows(self, table: str, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if table in self._books:
            highest = up_to_row(self._history, table, said["last_id"])
            book = self._books[table].as_said(said)
            yield from self._rows(book, said["since"], said["below"], highest=highest)

    def _strays(self, table: str, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
        after, highest = said["after_id"], said["last_id"]
        if table == OWN[0]:
            for row in rows(_ENTRIES, [0, said["below"], after, highest]):
                yield {"stray": _entry_document(row)}
        elif table in self._books:
            book = self._books[table].as_said(said)
            yield from self._rows(book, 0, said["below"], after=after, highest=highest)

    @staticmethod
    def _rows(
        book: Book, since: int, below: int, *, after: int = 0, highest: int = ANY
    ) -> Iterator[dict[str, Any]]:
        found = contents(book, since, below, after_id=after, up_to_id=highest)
        for row_id, text, erased, filled in found:
            row = {"table": book.table, "id": row_id, "text": text}
            said = {"erased": erased, "filled": filled}
            yield {"row": row | {name: True for name, so in said.items() if so}}

    @staticmethod
    def _sealed_below(table: str) -> int:
        return int(scalar(_SEALED_BELOW, [SEALED, table]) or 0)


def proof(entry_ids: Sequence[int]) -> dict[str, Any]:
    """That these entries stand in the chain: the entries; the hashes beside them under each of
    their seals; the seals from the first of them on, past the next anchored head.

    Entries that are not sealed yet are named in `unsealed`.
    """
    entries = list(Entry.objects.filter(pk__in=entry_ids).order_by("id"))
    sealed_by = dict(rows(_SEALED_BY, [[entry.pk for entry in entries]]))
    documents = [
        {
            "id": entry.pk,
            "at": instant(entry.at.astimezone(UTC)),
            "kind": entry.kind,
            "actor": entry.actor_id,
            "subject": entry.subject,
            "payload": entry.payload,
            "hash": entry.content_hash,
            "seal": sealed_by[entry.pk],
        }
        for entry in entries
    ]
    unsealed = [entry.pk for entry in entries if sealed_by[entry.pk] is None]
    found = Seal.objects.in_bulk({pk for pk in sealed_by.values() if pk is not None})
    batches = {
        str(pk): [[row_id, digest] for row_id, digest in rows(_HASHES, _range(seal))]
        for pk, seal in sorted(found.items())
    }
    seals = []
    if found:
        chain = Seal.objects.filter(pk__gte=min(found), pk__lte=max(found) + SEALS_TO_ANCHOR)
        seals = [seal_document(seal) for seal in chain.order_by("id")]
    return {"entries": documents, "batches": batches, "seals": seals, "unsealed": unsealed}


def seal_document(seal: Seal) -> dict[str, Any]:
    """A seal as its hash is taken over it."""
    return {
        "id": seal.pk,
        "previous": seal.previous,
        "root": seal.root,
        "below_transaction": seal.below_transaction,
        "first_id": seal.first_id,
        "last_id": seal.last_id,
        "count": seal.count,
        "hash": seal.hash,
        "at": instant(seal.at.astimezone(UTC)),
        "version": seal.version,
    }


def _range(seal: Seal) -> list[int]:
    since = scalar(_SINCE, [seal.pk]) or 0
    return [since, seal.below_transaction, seal.first_id, seal.last_id]


def _entry_document(row: tuple[Any, ...]) -> dict[str, Any]:
    entry_id, at, kind, actor_id, subject, payload, digest = row
    return {
        "id": entry_id,
        "at": instant(at.astimezone(UTC)),
        "kind": kind,
        "actor": actor_id,
        "subject": subject,
        "payload": json.loads(payload),
        "hash": digest,
    }


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
