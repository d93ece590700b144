"""The re-dial clearance gate: a call that has ended is heard once more before anybody dials again.

What was missed in the call must not become a second call. Every answer of an ended conversation is
read by a slower, sooner suspicious ensemble (`domain/intents/second_hearing.py`). Nothing found:
the conversation is cleared. Something found: people decide (`SuspectedOptOut`), and whoever
dials keeps the customer from being called until then. The robot knows conversations, not customers;
`dialer/clearing.py` does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from robot.domain.intents.second_hearing import doubt
from robot.domain.narrower_wishes import WISH_SAID
from robot.domain.reviewing import ReviewState
from robot.intents_in_force import in_force
from robot.models import Conversation, SuspectedOptOut, Turn

#: Effects by which the call itself already ended all calls to this person or number.
_SETTLED: Final = frozenset({"dnc.add", "number.invalidate"})


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The most suspicious answer of a conversation. `held`: the call itself already quarantined."""

    conversation_id: int
    call_ref: UUID
    turn: int
    text: str
    why: str
    risk: float
    held: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    turn: int
    text: str
    effects: frozenset[str]


def uncleared() -> QuerySet[Conversation, Any]:
    """The `call_ref` of every conversation that has not been cleared yet, running ones included."""
    return Conversation.objects.filter(swept_at__isnull=True).values("call_ref")


def sweep_due(limit: int, *, at: datetime) -> list[Suspicion]:
    """Hear up to `limit` ended conversations again. Clears those without any doubt.

    The doubtful ones come back and stay uncleared until `hold` files them, in the transaction that
    quarantines the customer: whatever dies in between, they are swept again.
    """
    due = list(
        Conversation.objects.filter(ended_at__isnull=False, swept_at__isnull=True)
        .order_by("ended_at", "pk")
        .values_list("pk", "call_ref", "started_at")[:limit]
    )
    if not due:
        return []
    answers = _answers([pk for pk, _, _ in due], since=min(start for _, _, start in due))
    found = [
        suspicion
        for pk, call_ref, _ in due
        if (suspicion := _suspicion(pk, call_ref, answers[pk])) is not None
    ]
    doubtful = {suspicion.conversation_id for suspicion in found}
    clean = [pk for pk, _, _ in due if pk not in doubtful]
    Conversation.objects.filter(pk__in=clean, swept_at__isnull=True).update(swept_at=at)
    return found


@transaction.atomic
def hold(suspicion: Suspicion, *, at: datetime) -> bool:
    """File a suspicion for people and count the conversation as swept; False if that was done."""
    mine = Conversation.objects.filter(pk=suspicion.conversation_id, swept_at__isnull=True).update(
        swept_at=at
    )
    if mine != 1:
        return False
    SuspectedOptOut.objects.create(
        conversation_id=suspicion.conversation_id,
        turn=suspicion.turn,
        text=suspicion.text,
        scores={"why": suspicion.why, "risk": round(suspicion.risk, 4)},
        found_at=at,
    )
    return True


def decide(suspected: SuspectedOptOut, state: ReviewState, *, by: User, at: datetime) -> bool:
    """A person's verdict; False if somebody was faster."""
    changed = SuspectedOptOut.objects.filter(
        pk=suspected.pk, state=ReviewState.PENDING.value
    ).update(state=state.value, decided_by=by, decided_at=at)
    return changed == 1


def _answers(conversation_ids: list[int], *, since: datetime) -> dict[int, list[_Answer]]:
    found: dict[int, list[_Answer]] = defaultdict(list)
    rows = (
        Turn.objects.filter(conversation_id__in=conversation_ids, at__gte=since)
        .order_by("id")
        .values_list("conversation_id", "index", "text", "step__effects")
    )
    for pk, turn, text, effects in rows:
        names = frozenset(effect["name"] for effect in effects or ())
        found[pk].append(_Answer(turn, text, names))
    return found


def _suspicion(pk: int, call_ref: UUID, answers: list[_Answer]) -> Suspicion | None:
    """What people must look at, if anything: the call's own suspicion before the sweep's."""
    done = frozenset[str]().union(*(answer.effects for answer in answers))
    if done & _SETTLED:
        return None
    for answer in answers:
        if "quarantine.add" in answer.effects:
            return Suspicion(pk, call_ref, answer.turn, answer.text, "in_call", 1.0, held=True)
    worst: Suspicion | None = None
    for answer in answers:
        if WISH_SAID in answer.effects:
            continue  # a narrower wish, clearly said and kept
        found = doubt(answer.text, in_force()) if answer.text else None
        if found is not None and (worst is None or found.risk > worst.risk):
            worst = Suspicion(
                pk, call_ref, answer.turn, answer.text, found.why, found.risk, held=False
            )
    return worst
