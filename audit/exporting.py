"""The chain as lines of JSON, and the proof that one entry stands in it.

`audit/verify_export.py`, which knows nothing of us, checks both; docs/evidence.md has the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from audit.domain.canonical import instant
from audit.models import Entry, Seal
from audit.streaming import rows, scalar

#: A proof ends so many seals after its last entry: at one seal in 5 s more than the hour within
#: which a head is anchored.
SEALS_TO_ANCHOR = 1500

_OF_SEAL = """
SELECT id, at, kind, actor_id, subject, payload::text, content_hash FROM audit_entry
WHERE transaction >= %s AND transaction < %s AND id BETWEEN %s AND %s ORDER BY id + 0
"""
_HASHES = """
SELECT id, content_hash FROM audit_entry
WHERE transaction >= %s AND transaction < %s AND id BETWEEN %s AND %s ORDER BY id + 0
"""


def export(first: int, last: int | None) -> Iterator[str]:
    """Lines: each seal from `first` to `last` (None = the newest), followed by its entries."""
    chosen = Seal.objects.filter(pk__gte=first).order_by("id")
    if last is not None:
        chosen = chosen.filter(pk__lte=last)
    for seal in chosen.iterator():
        yield _line({"seal": seal_document(seal)})
        for row in rows(_OF_SEAL, _range(seal)):
            yield _line({"entry": _entry_document(row)})


def proof(entry_ids: Sequence[int]) -> dict[str, Any]:
    """That these entries stand in the chain: the entries; the hashes beside them under each of
    their seals; the seals from the first of them on, past the next anchored head.

    Entries that are not sealed yet are named in `unsealed`.
    """
    entries = list(Entry.objects.filter(pk__in=entry_ids).order_by("id"))
    found: dict[int, Seal] = {}
    unsealed, documents = [], []
    for entry in entries:
        seal = seal_of(entry)
        if seal is None:
            unsealed.append(entry.pk)
        else:
            found[seal.pk] = seal
        documents.append(
            {
                "id": entry.pk,
                "at": instant(entry.at.astimezone(UTC)),
                "kind": entry.kind,
                "actor": entry.actor_id,
                "subject": entry.subject,
                "payload": entry.payload,
                "hash": entry.content_hash,
                "seal": seal.pk if seal else None,
            }
        )
    batches = {
        str(pk): [[row_id, digest] for row_id, digest in rows(_HASHES, _range(seal))]
        for pk, seal in found.items()
    }
    seals = []
    if found:
        chain = Seal.objects.filter(pk__gte=min(found), pk__lte=max(found) + SEALS_TO_ANCHOR)
        seals = [seal_document(seal) for seal in chain.order_by("id")]
    return {"entries": documents, "batches": batches, "seals": seals, "unsealed": unsealed}


def seal_of(entry: Entry) -> Seal | None:
    """The seal that covers an entry; None when there is none yet."""
    return (
        Seal.objects.filter(
            below_transaction__gt=entry.transaction, first_id__lte=entry.pk, last_id__gte=entry.pk
        )
        .order_by("below_transaction")
        .first()
    )


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
    }


def _range(seal: Seal) -> list[int]:
    since = scalar("SELECT max(below_transaction) FROM audit_seal WHERE id < %s", [seal.pk]) or 0
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
