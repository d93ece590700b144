"""Proving that the record is whole: every hash is taken again, every seal fits the next.

A chain alone cannot show that its end was cut off: the heads anchored elsewhere can
(`manage.py audit seal --anchor FILE`, the file kept outside the database).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from audit.domain.canonical import GENESIS, canonical, content_hash, instant, seal_hash
from audit.models import Seal
from audit.sealing import Batch

#: Beyond this many faults the proof of damage is complete enough.
MAX_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit. `code` is one of:

    entry_changed    an entry's content does not give its hash
    seal_changed     a seal's own hash is wrong, or it does not follow the one before
    batch_changed    entries below a seal were removed, added, reordered or replaced
    head_missing     a head that was anchored outside is not in the chain (its end was cut off)
    """

    code: str
    seal_id: int | None = None
    entry_id: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Verdict:
    """What verification found; `faults` is empty when the record is whole."""

    entries: int = 0
    seals: int = 0
    unsealed: int = 0
    head: str = GENESIS
    faults: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    def blame(self, fault: Fault) -> None:
        """Keep a fault, up to a bound."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)


def verify(*, anchored_heads: Iterable[str] = ()) -> Verdict:
    """Read the whole record once, oldest first; memory does not grow with its length."""
    verdict = Verdict()
    previous, since = GENESIS, 0
    known = {GENESIS}
    for seal in Seal.objects.order_by("id").iterator():
        verdict.seals += 1
        _check_seal(verdict, seal, previous, since)
        batch = Batch()
        for entry_id, stored_hash in _checked_entries(verdict, since, seal.below_transaction):
            batch.add(entry_id, stored_hash)
        found = (batch.root, batch.first_id, batch.last_id, batch.count)
        if found != (seal.root, seal.first_id, seal.last_id, seal.count):
            detail = f"{batch.count} entries found, {seal.count} sealed"
            verdict.blame(Fault("batch_changed", seal_id=seal.pk, detail=detail))
        previous, since = seal.hash, seal.below_transaction
        known.add(seal.hash)
    verdict.head = previous
    for _ in _checked_entries(verdict, since, None):
        verdict.unsealed += 1
    for head in anchored_heads:
        if head not in known:
            verdict.blame(Fault("head_missing", detail=head))
    return verdict


def _check_seal(verdict: Verdict, seal: Seal, previous: str, since: int) -> None:
    expected = seal_hash(
        previous=seal.previous,
        root=seal.root,
        below_transaction=seal.below_transaction,
        first_id=seal.first_id,
        last_id=seal.last_id,
        count=seal.count,
    )
    if seal.hash != expected or seal.previous != previous or seal.below_transaction <= since:
        verdict.blame(Fault("seal_changed", seal_id=seal.pk))


def _checked_entries(verdict: Verdict, since: int, below: int | None) -> Iterator[tuple[int, str]]:
    """(id, stored hash) in order of id; an entry whose content does not give it is blamed."""
    for entry_id, at, kind, actor_id, subject, payload, stored in _entries(since, below):
        verdict.entries += 1
        text = canonical(kind=kind, actor_id=actor_id, subject=subject, payload=payload)
        if content_hash(instant(at), text) != stored:
            verdict.blame(Fault("entry_changed", entry_id=entry_id))
        yield entry_id, stored


def _entries(
    since: int, below: int | None
) -> Iterator[tuple[int, datetime, str, int | None, str, Any, str]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, at, kind, actor_id, subject, payload::text, content_hash"
                " FROM audit_entry WHERE transaction >= %s"
                " AND (%s::bigint IS NULL OR transaction < %s) AND id > %s ORDER BY id LIMIT 5000",
                [since, below, below, after],
            )
            rows = cursor.fetchall()
        for entry_id, at, kind, actor_id, subject, payload, stored in rows:
            yield (
                entry_id,
                at.astimezone(UTC),
                kind,
                actor_id,
                subject,
                json.loads(payload),
                stored,
            )
        if len(rows) < 5000:
            return
        after = rows[-1][0]
