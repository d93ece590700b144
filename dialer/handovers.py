"""A hand-over's row: the one way to change its state, and the small acts that follow from a change.

What a hand-over *means* is elsewhere: `transferring.py` (the robot hands a customer over),
`agent_first.py` (an agent is in the room before the customer is rung).

Locks are always taken in the order call, transfer, agent.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from agents import reserving
from compliance import ledger
from dialer.domain.transfer_state import ENDS, TRANSITIONS, TransferState
from dialer.models import Call, Transfer, TransferEvent
from live.publishing import publish
from telephony import controlling, twiml
from telephony.addresses import hook_url

log = logging.getLogger(__name__)

_BRIDGING = {TransferState.ACCEPTED, TransferState.CONNECTED}


def move(
    transfer: Transfer, new: TransferState, *, cause: str, at: datetime, **fields: Any
) -> bool:
    """Change a transfer's state if the table allows it; False if it does not.

    Writes the event in the same transaction and tells the agent's desk.
    """
    allowed = [old.value for old, following in TRANSITIONS.items() if new in following]
    old = transfer.state
    if new in ENDS:
        fields.setdefault("ended_at", at)
    changed = Transfer.objects.filter(pk=transfer.pk, state=old, state__in=allowed).update(
        state=new.value, cause=cause, **fields
    )
    if changed != 1:
        return False
    transfer.state = new.value
    transfer.cause = cause
    for name, value in fields.items():
        setattr(transfer, name, value)
    TransferEvent.objects.create(transfer=transfer, old=old, new=new.value, cause=cause, at=at)
    tell(transfer)
    return True


def tell(transfer: Transfer) -> None:
    """Ring the doorbell of the agent's desk: the state behind it is fetched anew."""
    if transfer.agent_id is not None:
        event = "offer" if transfer.state == TransferState.RESERVED else "transfer"
        data = {"id": str(transfer.pk), "state": transfer.state}
        publish(f"agent:{transfer.agent_id}", event, data)


def tell_revoked(transfer: Transfer, agent_id: int) -> None:
    """Tell a desk that somebody else was asked, or nobody is any more."""
    publish(f"agent:{agent_id}", "transfer", {"id": str(transfer.pk), "state": "revoked"})


def lock_with_call(transfer_id: UUID) -> tuple[Transfer, Call] | None:
    """The transfer and the customer's call, locked in the one order."""
    call = (
        Call.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign", "lead")
        .filter(transfer=transfer_id)
        .first()
    )
    if call is None:
        return None
    return Transfer.objects.select_for_update(no_key=True).get(pk=transfer_id), call


def lock_of(call: Call) -> Transfer | None:
    """The hand-over of a call, locked."""
    return Transfer.objects.select_for_update(no_key=True).filter(call=call).first()


def is_bridging(transfer: Transfer) -> bool:
    """Accepted: the customer belongs in the conference."""
    return transfer.state in _BRIDGING


def is_over(transfer: Transfer) -> bool:
    """Nothing more will come of this hand-over, or only the agent's notes."""
    return transfer.state in ENDS or transfer.state == TransferState.WRAP_UP


def waits_again(transfer: Transfer) -> bool:
    """The customer was cut off from an agent and is being offered once more."""
    return transfer.state == TransferState.OFFERED


def is_waited_for(call: Call) -> bool:
    """Whether an agent is in the room for this customer, who is to be rung."""
    return Transfer.objects.filter(
        call=call, state=TransferState.ACCEPTED.value, agent_in=True
    ).exists()


def room(transfer_id: UUID) -> str:
    """The conference's name: no personal data in it."""
    return f"x-{transfer_id}"


def bridge_document(transfer: Transfer) -> str:
    """Into the room: the customer does not start it, and it ends with the customer."""
    return twiml.dial_conference(
        room(transfer.pk),
        label="customer",
        action=hook_url("after", transfer_id=transfer.pk, offer=transfer.offers),
        status_url=hook_url("conference", transfer_id=transfer.pk),
        start_on_enter=False,
        end_on_exit=True,
    )


def release(transfer: Transfer, *, cause: str) -> None:
    """Free the agent who was promised, if one is."""
    if transfer.reservation_id is not None:
        reserving.release(transfer.reservation_id, cause)


def end_agent_leg(transfer: Transfer) -> None:
    """Hang up on the agent, once the transaction has committed."""
    leg = transfer.agent_leg
    if leg is None or leg.sid is None:
        return
    sid = leg.sid

    def hang_up() -> None:
        try:
            controlling.hang_up(sid)
        except controlling.ControlFailed:
            log.warning("the agent leg %s could not be ended", sid)

    transaction.on_commit(hang_up)


def begin_wrap_up(transfer: Transfer, *, cause: str, at: datetime) -> None:
    """The talk is over: the agent writes down what came of it."""
    if transfer.reservation_id is not None:
        reserving.wrap_up(transfer.reservation_id)
    move(transfer, TransferState.WRAP_UP, cause=cause, at=at, talk_ended_at=at)


def note_abandoned(call: Call, at: datetime) -> None:
    """Somebody who was to meet a person did not."""
    if call.attempt_id is not None:
        ledger.record_abandon(call.attempt_id, at)


def not_reached(call: Call, *, cause: str, at: datetime) -> None:
    """A customer whom an agent waits for was not reached: the agent is free again.

    Nothing to do where the agent was not waiting: the two have met, or it was ended before.
    """
    transfer = lock_of(call)
    if transfer is None or transfer.state not in (TransferState.OFFERED, TransferState.ACCEPTED):
        return
    end_agent_leg(transfer)
    release(transfer, cause="not_reached")
    move(transfer, TransferState.NOT_REACHED, cause=cause[:60], at=at)
