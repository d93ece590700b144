"""The agent first, then the customer: for callbacks, and for customers whom only a person may call.

    offered ── accepts ─▶ agent joins the room ─▶ the customer is dialled through the gate
       │                        │                      ├─ answers ─▶ the same room ─▶ CONNECTED
       │ nobody takes it        │ next offer, or       └─ no answer, refused ─▶ NOT_REACHED
       ▼                        ▼
    NO_AGENT               BRIDGE_FAILED        the customer says no meanwhile ─▶ STOPPED

The customer's Call is written with the first offer, PLANNED and without a lease: it holds a line
and keeps everybody else from planning a call to this person, and no sweep brings it to a worker
before the agent is in the room. From then on it is a planned call like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents import reserving
from campaigns.models import Campaign, Lead
from clock.reading import real
from compliance import ledger
from dialer import callbacks, handovers, licensing, offering, placing
from dialer.domain.call_kind import CallKind
from dialer.domain.call_state import CallState
from dialer.domain.callback_state import CallbackState
from dialer.domain.stages import Stage
from dialer.domain.transfer_state import ENDS, TransferState
from dialer.jobs import PLANNED_LEASE, enqueue_placing
from dialer.models import Call, Callback, CallEvent, Transfer, TransferEvent
from telephony import twiml

#: Said to somebody who picks up although they opted out while the telephone rang.
SORRY_LINE = "抱歉打扰您，您的要求已经登记，我们不会再来电，再见。"
#: Said to somebody who picks up when the agent who had them called is gone.
ALONE_LINE = "非常抱歉，线路刚才出了问题，我们稍后再与您联系，再见。"
#: A talk cut this early by a fault is owed to the customer again.
EARLY_DROP = timedelta(seconds=30)

_WITHDRAWN = [CallbackState.CANCELLED.value, CallbackState.EXPIRED.value]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to call and why. `context` is what the agent sees."""

    kind: CallKind
    campaign: Campaign
    customer_id: int
    number_id: int
    household: str
    to: str
    caller_id_id: int
    lead: Lead | None = None
    callback: Callback | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def offer(
    wanted: Wanted, *, at: datetime, only: int | None = None, preferred: int | None = None
) -> Transfer | None:
    """Ask an agent to take this call; None when nobody (or not this one: `only`) is free."""
    call = Call(
        kind=wanted.kind.value,
        campaign=wanted.campaign,
        lead=wanted.lead,
        callback=wanted.callback,
        customer_id=wanted.customer_id,
        number_id=wanted.number_id,
        household=wanted.household,
        caller_id_id=wanted.caller_id_id,
        to=wanted.to,
        planned_at=at,
    )
    reservation = reserving.reserve(
        team_id=wanted.campaign.team_id,
        call_ref=call.public_id,
        now=at,
        licences=licensing.needed(wanted.campaign, at),
        only=only,
        preferred=preferred,
    )
    if reservation is None:
        return None
    call.save()
    CallEvent.objects.create(call_id=call.pk, old="", new=call.state, cause="agent_first", at=at)
    transfer = Transfer.objects.create(
        call=call,
        campaign=wanted.campaign,
        state=TransferState.OFFERED.value,
        agent_first=True,
        agent_id=reservation.agent_id,
        reservation_id=reservation.pk,
        tried=[reservation.agent_id],
        offers=1,
        reserved_at=at,
        offered_at=at,
        offered_real=real(),
        context=dict(wanted.context),
    )
    TransferEvent.objects.create(
        transfer=transfer, old="", new=transfer.state, cause=wanted.kind.value, at=at
    )
    handovers.tell(transfer)
    return transfer


def agent_joined(transfer: Transfer, call: Call) -> None:
    """The agent is in the room: a worker may take the customer's call to the gate."""
    begun = Call.objects.filter(
        pk=call.pk, state=CallState.PLANNED.value, leased_until__isnull=True
    ).update(leased_until=real() + PLANNED_LEASE)
    if begun:
        enqueue_placing([call.pk])


def answered(call: Call, *, at: datetime) -> str:
    """The customer picked up: into the room, if the agent is still in it."""
    transfer = handovers.lock_of(call)
    attempt = call.attempt
    if attempt is not None and attempt.cancel_wanted_at is not None:
        _file(call, "OPT_OUT_INFLIGHT")
        return twiml.hang_up([SORRY_LINE])
    if transfer is not None and handovers.is_bridging(transfer) and transfer.agent_in:
        return handovers.bridge_document(transfer)
    _file(call, "ABANDONED")
    handovers.note_abandoned(call, at)
    return twiml.hang_up([ALONE_LINE])


def met(call: Call, *, at: datetime) -> None:
    """Both are in the room. A conversation from here on, whatever comes of it."""
    call.stage = Stage.AGENT.value
    call.outcome = callbacks.TALKED
    call.save(update_fields=["stage", "outcome"])
    if call.attempt_id is not None:
        ledger.record_conversation(call.attempt_id, at)
    callbacks.met(call, at=at)


def agent_left(transfer: Transfer, call: Call, *, at: datetime) -> None:
    """The agent hung up or was cut off: before the two met, or in the talk."""
    wanted = transfer.cause == "agent_hung_up"
    if transfer.state == TransferState.CONNECTED:
        talked = transfer.connected_at is not None and at - transfer.connected_at >= EARLY_DROP
        handovers.begin_wrap_up(transfer, cause="agent_left", at=at)
        if not (talked or wanted):
            callbacks.book(call, wanted=None, step=None, at=at)
        return
    handovers.release(transfer, cause="agent_dropped")
    not_rung = call.state == CallState.PLANNED
    if not_rung and not wanted and offering.offer_next(transfer, at=at):
        Call.objects.filter(pk=call.pk).update(leased_until=None)
        return
    end = TransferState.NOT_REACHED if wanted else TransferState.BRIDGE_FAILED
    call_off(transfer, call, end, cause="agent_hung_up" if wanted else "agent_dropped", at=at)


def nobody_took(transfer: Transfer, call: Call, *, cause: str, at: datetime) -> None:
    """Declined or missed, and nobody else is free: the customer is due again soon."""
    call_off(transfer, call, TransferState.NO_AGENT, cause=cause, at=at)


def call_off(
    transfer: Transfer, call: Call, end: TransferState, *, cause: str, at: datetime
) -> None:
    """The customer is not to be called any more; both are locked.

    A call that nobody was asked for is given up here. One that the carrier has is ended by the
    leader, who sees that its hand-over is over (`cancelling.py`).
    """
    handovers.end_agent_leg(transfer)
    handovers.release(transfer, cause=cause)
    handovers.move(transfer, end, cause=cause, at=at)
    if call.state == CallState.PLANNED:
        placing.give_up(call, cause=cause)


def call_off_unwanted(*, at: datetime) -> int:
    """Calls whose promise was withdrawn while an agent was asked or waited. Returns how many."""
    unwanted = Transfer.objects.filter(
        agent_first=True,
        state__in=[TransferState.OFFERED.value, TransferState.ACCEPTED.value],
        call__callback__state__in=_WITHDRAWN,
    )
    count = 0
    for transfer_id in list(unwanted.values_list("pk", flat=True)):
        with transaction.atomic():
            found = handovers.lock_with_call(transfer_id)
            if found is None or found[0].state in ENDS:
                continue
            call_off(*found, TransferState.STOPPED, cause="customer_wants_no_calls", at=at)
            count += 1
    return count


def _file(call: Call, outcome: str) -> None:
    call.outcome = outcome
    call.save(update_fields=["outcome"])
