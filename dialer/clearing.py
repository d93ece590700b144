"""Nobody is dialled again before their last call was heard a second time (robot/clearing.py).

A call that ended leaves its customer and its number uncleared; claiming passes them by. The
leader's tick sweeps what has ended. A suspicion quarantines customer and number, for every
campaign, until people have decided: one confirms it as an opt-out, or two (maker and checker)
dismiss it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from approvals import deciding, reading
from compliance import suppressing
from compliance.domain.pack import content_hash
from compliance.models import Suppression
from dialer import callbacks
from dialer.models import Call
from robot import clearing as robot
from robot.domain.reviewing import ReviewState
from robot.models import SuspectedOptOut

SOURCE: Final = "clearance"
REVIEW: Final = "review"
#: Conversations heard again in one tick; a tick must stay short.
_A_TICK: Final = 40
#: How long a wish to dismiss waits for the second signature (business time).
_DISMISSAL_OPEN: Final = timedelta(days=30)


class AlreadyDecided(ValueError):
    """Somebody has decided about this suspicion."""


def uncleared_calls() -> QuerySet[Call]:
    """Calls whose conversation has not been cleared yet."""
    return Call.objects.filter(public_id__in=robot.uncleared())


def clear(at: datetime, *, limit: int = _A_TICK) -> int:
    """Sweep what has ended; returns how many suspicions were held for people."""
    return sum(_hold(suspicion, at) for suspicion in robot.sweep_due(limit, at=at))


@transaction.atomic
def confirm(suspected: SuspectedOptOut, *, officer: User, at: datetime) -> None:
    """It was an opt-out: for good, on every number, by every campaign. AlreadyDecided."""
    if not robot.decide(suspected, ReviewState.CONFIRMED, by=officer, at=at):
        raise AlreadyDecided
    waiting = reading.pending(subject_of(suspected), at)
    if waiting is not None:
        deciding.withdraw(approval=waiting, actor=officer, reason="confirmed")
    call = _call_of(suspected)
    suppressing.opt_out(
        customer_id=call.customer_id,
        number_id=call.number_id,
        source=REVIEW,
        evidence=_evidence(suspected, call),
        at=at,
        speaking_attempt_id=call.attempt_id,
        actor_id=officer.pk,
    )
    if call.customer_id is not None:
        callbacks.cancel_for(call.customer_id, at=at)


@transaction.atomic
def dismiss(suspected: SuspectedOptOut, *, officer: User, at: datetime) -> bool:
    """It was no opt-out. The first officer asks, a second one signs and lifts the quarantine.

    True when it was lifted, False when it now waits for the second signature. AlreadyDecided;
    `ApprovalRefused` (MakerIsChecker) when the same officer signs.
    """
    if suspected.state != ReviewState.PENDING:
        raise AlreadyDecided
    call = _call_of(suspected)
    content = content_hash(_evidence(suspected, call))
    waiting = reading.pending(subject_of(suspected), at)
    if waiting is None:
        deciding.submit(
            subject=subject_of(suspected),
            content_hash=content,
            maker=officer,
            branch=None,
            title=f"{suspected._meta.verbose_name} {suspected.pk}",
            expires_at=at + _DISMISSAL_OPEN,
        )
        return False
    signed = deciding.approve(approval=waiting, checker=officer, content_hash=content)
    if not robot.decide(suspected, ReviewState.DISMISSED, by=officer, at=at):
        raise AlreadyDecided
    for entry in _quarantine_of(call):
        suppressing.lift(suppression_id=entry, actor_id=officer.pk, approval_id=signed.pk, at=at)
    return True


@transaction.atomic
def _hold(suspicion: robot.Suspicion, at: datetime) -> bool:
    """File one suspicion and keep its people from being called; together or not at all."""
    if not robot.hold(suspicion, at=at):
        return False
    call = Call.objects.filter(public_id=suspicion.call_ref).first()
    if call is not None and not suspicion.held:
        suppressing.quarantine(
            customer_id=call.customer_id,
            number_id=call.number_id,
            source=SOURCE,
            evidence={
                "call": str(call.public_id),
                "turn": suspicion.turn,
                "text": suspicion.text,
                "why": suspicion.why,
                "risk": round(suspicion.risk, 4),
            },
            at=at,
            speaking_attempt_id=call.attempt_id,
        )
    return True


def _quarantine_of(call: Call) -> list[int]:
    """The entries that this call's suspicion wrote, the robot's own in the call included."""
    whom = Q(customer_id=call.customer_id, customer__isnull=False) | Q(
        number_id=call.number_id, number__isnull=False
    )
    entries = Suppression.objects.filter(
        whom,
        lifted_at__isnull=True,
        evidence__call=str(call.public_id),
        evidence__suspected=True,
    )
    return list(entries.values_list("pk", flat=True))


def _evidence(suspected: SuspectedOptOut, call: Call) -> dict[str, Any]:
    return {"call": str(call.public_id), "turn": suspected.turn, "text": suspected.text}


def _call_of(suspected: SuspectedOptOut) -> Call:
    return Call.objects.get(public_id=suspected.conversation.call_ref)


def subject_of(suspected: SuspectedOptOut) -> str:
    return f"suspected_opt_out:{suspected.pk}"
