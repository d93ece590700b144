"""Proving that the record is whole: every hash is taken again, every seal fits the next.

The other ledgers (decisions, contacts, turns, call events) are proved by the entries that the
sealer wrote about them (audit/books.py). What may be found stands in `verify_export.MEANS`: whoever
checks an export without us finds the same. A chain alone cannot show that its end was cut off, or
that it was written anew from some point: the heads anchored elsewhere can (`manage.py audit seal
--anchor FILE`, the file kept outside the database).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.books import ANY, OWN, SEALED, Book, all_books, hashes
from audit.domain.canonical import GENESIS, canonical, content_hash, instant, seal_hash
from audit.erasing import filled_rows, unnamed_rows
from audit.models import Seal
from audit.rebasing import Rebase, rebases
from audit.streaming import Batch, rows
from audit.verify_export import MAX_FAULTS, NO_HEADS, SEALED_WITHIN_S, Fault, counts


@dataclass(slots=True)
class Verdict:
    """What verification found; `faults` is empty when the record is whole.

    `rows` counts those of the other ledgers; `unsealed` are entries and rows not sealed yet.
    """

    entries: int = 0
    seals: int = 0
    rows: int = 0
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


def verify(*, anchored_heads: Iterable[str] | None = None) -> Verdict:
    """Read the whole record once, oldest first; memory does not grow with its length.

    `anchored_heads`: what a file of them holds; None when there is none to compare with.
    """
    verdict = Verdict()
    history = rebases()
    if anchored_heads is None:
        anchored_heads = ()
    elif not (anchored_heads := set(anchored_heads) - {GENESIS}):
        # an emptied file would let a chain pass that was written anew
        verdict.blame(Fault("head_missing", detail=NO_HEADS))
    _verify_chain(verdict, history, set(anchored_heads))
    _verify_strays(verdict, history)
    for book in all_books():
        _verify_book(verdict, book, history)
    return verdict


def _verify_chain(verdict: Verdict, history: list[Rebase], anchored: set[str]) -> None:
    previous, since = GENESIS, 0
    missing = anchored - {GENESIS}
    due = None
    for seal in Seal.objects.order_by("id").iterator():
        verdict.seals += 1
        _check_seal(verdict, seal, previous, since)
        highest = up_to(history, OWN[0], seal.pk)
        batch = Batch.of(_checked_entries(verdict, since, seal.below_transaction, up_to=highest))
        found = (batch.root, batch.first_id, batch.last_id, batch.count)
        if found != (seal.root, seal.first_id, seal.last_id, seal.count):
            detail = f"{batch.count} entries found, {seal.count} sealed"
            verdict.blame(Fault("batch_changed", seal_id=seal.pk, detail=detail))
        previous, since = seal.hash, seal.below_transaction
        missing.discard(seal.hash)
        due = seal.at - timedelta(seconds=SEALED_WITHIN_S)
    verdict.head = previous
    verdict.unsealed += sum(1 for _ in _checked_entries(verdict, since, ANY, due=due))
    for head in sorted(missing):
        verdict.blame(Fault("head_missing", detail=head))


def _check_seal(verdict: Verdict, seal: Seal, previous: str, since: int) -> None:
    expected = seal_hash(
        previous=seal.previous,
        root=seal.root,
        below_transaction=seal.below_transaction,
        first_id=seal.first_id,
        last_id=seal.last_id,
        count=seal.count,
        version=seal.version,
        at=seal.at,
    )
    if seal.hash != expected or seal.previous != previous or seal.below_transaction <= since:
        verdict.blame(Fault("seal_changed", seal_id=seal.pk))


def up_to(history: list[Rebase], table: str, seal_id: int) -> int:
    """The highest id that a seal may cover: what came after the restoring is a stray."""
    return min(
        (
            rebase.ledgers[table]["after_id"]
            for rebase in history
            if seal_id <= rebase.seal_id and table in rebase.ledgers
        ),
        default=ANY,
    )


# --- the record's own entries ---------------------------------------------------------------------

# `id + 0`: a plan that walks the primary key would read the whole table for each seal
_ENTRIES = """
SELECT id, at, kind, actor_id, subject, payload::text, content_hash
FROM audit_entry WHERE transaction >= %s AND transaction < %s AND id > %s AND id <= %s
ORDER BY id + 0
"""


def _checked_entries(
    verdict: Verdict,
    since: int,
    below: int,
    *,
    after: int = 0,
    up_to: int = ANY,
    due: datetime | None = None,
) -> Iterator[tuple[int, str]]:
    """(id, stored hash) in order of id; an entry whose content does not give it is blamed, and of
    unsealed ones those from before `due`.
    """
    found = rows(_ENTRIES, [since, below, after, up_to])
    for entry_id, at, kind, actor_id, subject, payload, stored in found:
        verdict.entries += 1
        text = canonical(kind=kind, actor_id=actor_id, subject=subject, payload=json.loads(payload))
        if content_hash(instant(at.astimezone(UTC)), text) != stored:
            verdict.blame(Fault("entry_changed", entry_id=entry_id))
        if due is not None and at < due:
            verdict.blame(Fault("entry_unsealed", entry_id=entry_id))
        yield entry_id, stored


def _verify_strays(verdict: Verdict, history: list[Rebase]) -> None:
    for rebase in history:
        said = rebase.ledgers[OWN[0]]
        found = Batch.of(
            _checked_entries(
                verdict, 0, said["below"], after=said["after_id"], up_to=said["last_id"]
            )
        )
        _compare(verdict, "strays_changed", OWN[0], said, found)


# --- the other ledgers ----------------------------------------------------------------------------

_SEALS_OF_BOOK = """
SELECT id, payload::text FROM audit_entry WHERE kind = %s AND subject = %s ORDER BY id + 0
"""


def _verify_book(verdict: Verdict, book: Book, history: list[Rebase]) -> None:
    since = 0
    for entry_id, text in rows(_SEALS_OF_BOOK, [SEALED, book.table]):
        said: dict[str, Any] = json.loads(text)
        readable = counts(said, "since", "below")
        if not readable or said["since"] != since or said["below"] <= since:
            verdict.blame(Fault("ledger_gap", entry_id=entry_id, detail=book.table))
        if not readable:
            continue
        columns = book.as_said(said)
        highest = up_to_row(history, book.table, said["last_id"])
        found = Batch.of(hashes(columns, said["since"], said["below"], up_to_id=highest))
        verdict.rows += found.count
        _compare(verdict, "ledger_changed", book.table, said, found, entry_id=entry_id)
        since = said["below"]
    for rebase in history:
        strays = rebase.ledgers.get(book.table)
        if strays is None:
            continue
        columns = book.as_said(strays)
        after, highest = strays["after_id"], strays["last_id"]
        found = Batch.of(hashes(columns, 0, strays["below"], after_id=after, up_to_id=highest))
        verdict.rows += found.count
        _compare(verdict, "strays_changed", book.table, strays, found)
    for row in unnamed_rows(book):
        verdict.blame(Fault("erased_unnamed", detail=f"{book.table} {row}"))
    for row in filled_rows(book):
        verdict.blame(Fault("erased_filled", detail=f"{book.table} {row}"))
    unsealed = sum(1 for _ in hashes(book, since, ANY))
    verdict.rows += unsealed
    verdict.unsealed += unsealed


def up_to_row(history: list[Rebase], table: str, last_id: int) -> int:
    """The highest id that a seal of a ledger may cover."""
    return min(
        (
            said["after_id"]
            for rebase in history
            if (said := rebase.ledgers.get(table)) is not None and last_id <= said["after_id"]
        ),
        default=ANY,
    )


def _compare(
    verdict: Verdict,
    code: str,
    table: str,
    said: dict[str, Any],
    found: Batch,
    *,
    entry_id: int | None = None,
) -> None:
    if any(said.get(key) != value for key, value in found.document().items()):
        detail = (
            f"{table} {said['first_id']}-{said['last_id']}:"
            f" {found.count} rows found, {said['count']} sealed"
        )
        verdict.blame(Fault(code, entry_id=entry_id, detail=detail))
