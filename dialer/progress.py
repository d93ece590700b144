"""A call's progress as the carrier reports it: unordered, repeated, sometimes late.

A terminal state never regresses: the transition table (`domain/call_state.py`) refuses it, and the
conditional update makes the refusal hold between two requests.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import DateTimeField, Func, QuerySet, Subquery

from compliance import gate, ledger
from database.lookups import Lookup, Place
from dialer import handovers, transferring
from dialer.calls import change
from dialer.domain.call_kind import AGENT_FIRST, CallKind
from dialer.domain.call_state import ENDS, CallState
from dialer.domain.stages import Stage
from dialer.models import Call, Transfer
from dialer.settling import settle_call
from robot import conversing as robot_conversing
from robot.conversing import HEAVY
from telephony.models import ReceivedWebhook
from telephony.receiving import Event

log = logging.getLogger(__name__)


#: A statement ahead of the reading: what is read, the time above all, is of after the waiting.
_LOCK = "SELECT FROM dialer_call WHERE public_id = %(public_id)s FOR NO KEY UPDATE"


def _lookup(name: str, *more: str) -> Lookup[Any]:
    """The call with what is asked of it; of the script's version no more than its name."""
    unread = [f"campaign__script_version__{field}" for field in HEAVY]
    unread += ["campaign__limits", "campaign__retry_plan"]

    def build(public_id: Place) -> QuerySet[Any]:
        calls = Call.objects.all()
        if more:
            calls = calls.select_related("campaign__script_version", *more).defer(*unread)
        return _with_time(calls, public_id)

    return Lookup(name, build, "public_id", before=_LOCK)


def _with_answer(public_id: Place, key: Place) -> QuerySet[Any]:
    earlier = ReceivedWebhook.objects.filter(key=key).values("reply")[:1]
    return _with_time(Call.objects.annotate(answered=Subquery(earlier)), public_id)


def _with_time(calls: QuerySet[Call], public_id: Place) -> QuerySet[Any]:
    time = Func(function="sanshi_now", output_field=DateTimeField())
    return calls.annotate(locked_at=time).filter(public_id=public_id)


_CALL = _lookup("call")
_CALL_WITH_ANSWER = Lookup("call_with_answer", _with_answer, "public_id", "key", before=_LOCK)
_CALL_WITH_LEAD = _lookup("call_with_lead", "lead")
_CALL_WITH_CUSTOMER = _lookup("call_with_customer", "customer", "attempt")


class Locked(NamedTuple):
    """A call, locked for the rest of the transaction, and the business time since when."""

    call: Call
    at: datetime


#: The carrier's words for a call's states. `queued` and `initiated` say nothing new to us.
STATES: dict[str, CallState] = {
    "queued": CallState.QUEUED,
    "initiated": CallState.QUEUED,
    "ringing": CallState.RINGING,
    "in-progress": CallState.ANSWERED,
    "completed": CallState.COMPLETED,
    "busy": CallState.BUSY,
    "no-answer": CallState.NO_ANSWER,
    "failed": CallState.FAILED,
    "canceled": CallState.CANCELED,
}

#: What a call without a dialogue's outcome is filed under.
TELEPHONY_OUTCOMES: dict[CallState, str] = {
    CallState.BUSY: "BUSY",
    CallState.NO_ANSWER: "NO_ANSWER",
    CallState.FAILED: "FAILED",
    CallState.CANCELED: "CANCELED",
    CallState.COMPLETED: "HUNG_UP",
    CallState.LOST: "LOST",
}


def lock(public_id: UUID) -> Locked | None:
    """The call, locked; None if there is none."""
    return _locked(_CALL, public_id)


def lock_with_answer(public_id: UUID, key: str) -> tuple[Locked, str | None] | None:
    """The same with what was answered to the webhook of this key; None if that is yet to be."""
    call = _CALL_WITH_ANSWER.first(public_id=public_id, key=key)
    return None if call is None else (Locked(call, call.locked_at), call.answered)


def lock_with_lead(public_id: UUID) -> Locked | None:
    """The same with what a call's end needs."""
    return _locked(_CALL_WITH_LEAD, public_id)


def lock_with_customer(public_id: UUID) -> Locked | None:
    """The same with what an opening needs: the customer, and whether the attempt is wanted."""
    return _locked(_CALL_WITH_CUSTOMER, public_id)


def _locked(lookup: Lookup[Any], public_id: UUID) -> Locked | None:
    call = lookup.first(public_id=public_id)
    return None if call is None else Locked(call, call.locked_at)


def bind(call: Call, sid: str) -> bool:
    """Whether `sid` is this call's. The first webhook binds it if the carrier's reply was lost.

    A second SID for one attempt means a second call to a customer: it is refused and reported.
    """
    if call.sid == sid:
        return True
    if call.sid is None:
        call.sid = sid
        call.save(update_fields=["sid"])
        if call.attempt_id is not None:
            gate.bind(call.attempt_id, sid)
        return True
    log.error("a second carrier call %s claims the call %s", sid, call.public_id)
    return False


def advance(call: Call, event: Event, *, at: datetime) -> None:
    """Take one status callback into account. The call is locked."""
    word = event.params.get("CallStatus", "")
    new = STATES.get(word)
    if new is None:
        log.warning("call %s: unknown status %r", call.public_id, word)
        return
    if event.sequence is not None and event.sequence > call.sequence:
        call.sequence = event.sequence
        call.save(update_fields=["sequence"])
    reach(call, new, cause=f"carrier:{word}", at=at, seconds=event.params.get("CallDuration", ""))


def reach(call: Call, new: CallState, *, cause: str, at: datetime, seconds: str = "") -> None:
    """Move a call to a state the carrier reports, with all that follows from it.

    A late `completed` may still bring the duration of a call that has ended.
    """
    if new is CallState.ANSWERED and call.state == new:
        return  # the carrier says it twice: by its status, and by asking what to say
    duration = int(seconds) if seconds.isdigit() else None
    if new not in ENDS:
        fields: dict[str, object] = {}
        if new is CallState.RINGING:
            fields["stage"] = Stage.RINGING.value
        if new is CallState.ANSWERED and call.answered_at is None:
            fields.update(answered_at=at, stage=Stage.TALKING.value)
        if change(call, new, cause=cause, at=at, **fields):
            if new is CallState.ANSWERED:
                _connected(call, at)
            if call.kind in AGENT_FIRST:
                _tell_waiting_agent(call)
        return
    before = call.outcome
    moved = change(
        call,
        new,
        cause=cause,
        at=at,
        ended_at=at,
        duration_s=duration,
        stage="",
        outcome=before or TELEPHONY_OUTCOMES[new],
    )
    if not moved:
        if duration is not None and call.duration_s is None:
            call.duration_s = duration
            call.save(update_fields=["duration_s"])
        return
    if call.kind == CallKind.AGENT_LEG:
        transferring.agent_leg_ended(call, at=at)
    else:
        robot_conversing.close(call_ref=call.public_id, outcome=call.outcome, at=at)
        transferring.customer_left(call, at=at)
    settle_call(call, at=at)


def note_answered_by(call: Call, verdict: str) -> None:
    """Keep the machine detector's verdict."""
    if verdict and not call.answered_by:
        call.answered_by = verdict[:24]
        call.save(update_fields=["answered_by"])


def _tell_waiting_agent(call: Call) -> None:
    transfer = Transfer.objects.filter(call=call).first()
    if transfer is not None:
        handovers.tell(transfer)


def _connected(call: Call, at: datetime) -> None:
    if call.attempt_id is not None:
        ledger.record_connect(call.attempt_id, at)
