"""What an agent does at the desk with a customer: accept, decline, hang up, wrap up."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.language import in_readers_language
from agents import reserving
from agents.models import Agent
from audit.recording import record
from campaigns import reasons
from campaigns.domain.masking import mask_name
from campaigns.models import Lead
from clock.reading import now
from compliance import ledger
from dialer import callbacks, calling_back, effects, handovers, offering, transferring, wishes
from dialer.domain.callback_state import OPEN
from dialer.domain.transfer_state import ENDS, TransferState
from dialer.models import Call, Callback, Transfer
from telephony import controlling

log = logging.getLogger(__name__)


class Disposition(StrEnum):
    """What came of a talk with an agent."""

    SOLD = "sold"
    INTERESTED_LATER = "interested_later"
    CALLBACK = "callback"
    NOT_INTERESTED = "not_interested"
    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    WRONG_NUMBER = "wrong_number"


#: The ledger's outcome (cool-offs follow from it by the pack).
LEDGER_OUTCOMES: dict[Disposition, str] = {
    Disposition.SOLD: "BOUGHT",
    Disposition.INTERESTED_LATER: "UNDECIDED",
    Disposition.CALLBACK: "CALLBACK",
    Disposition.NOT_INTERESTED: "REFUSED",
    Disposition.OPT_OUT: "OPT_OUT",
    Disposition.COMPLAINT: "COMPLAINT",
    Disposition.WRONG_NUMBER: "WRONG_NUMBER",
}


#: How long the desk says that a customer was not reached (business time).
JUST_NOW = timedelta(minutes=1)
_OPEN = [state.value for state in OPEN]
_IN_VAIN = (TransferState.NOT_REACHED, TransferState.BRIDGE_FAILED, TransferState.STOPPED)


class Answer(StrEnum):
    """What became of an agent's Accept."""

    EARLY = "early"  # noted: the customer joins the moment they consent
    ACCEPTED = "accepted"
    GONE = "gone"  # the customer has left, or somebody else was offered


class NotYours(Exception):
    """No such hand-over, or another agent's: the view answers 404."""


class NotNow(Exception):
    """The hand-over is not at the point where this can be done."""


@transaction.atomic
def accept(transfer_id: UUID, agent: Agent) -> Answer:
    """Take the customer: at once if they wait, else the moment they consent."""
    transfer, call = _mine(transfer_id, agent)
    if transfer.state == TransferState.RESERVED:
        transfer.accepted_early = True
        transfer.save(update_fields=["accepted_early"])
        handovers.tell(transfer)
        return Answer.EARLY
    if transfer.state in (TransferState.ACCEPTED, TransferState.CONNECTED):
        return Answer.ACCEPTED
    if transfer.state == TransferState.OFFERED and transferring.accept_offer(
        transfer, call, at=now()
    ):
        return Answer.ACCEPTED
    return Answer.GONE


@transaction.atomic
def reject(transfer_id: UUID, agent: Agent) -> None:
    """Decline: somebody else is asked."""
    transfer, _ = _mine(transfer_id, agent)
    if transfer.state in (TransferState.RESERVED, TransferState.OFFERED):
        transferring.take_back(transfer, cause="declined", at=now())


@transaction.atomic
def hang_up(transfer_id: UUID, agent: Agent) -> None:
    """End the talk from the agent's side; the customer hears a goodbye.

    Where the agent came first, also the waiting: a telephone that rings is then hung up.
    """
    transfer, _ = _mine(transfer_id, agent)
    waits = transfer.agent_first and transfer.state == TransferState.ACCEPTED
    if not (waits or transfer.state == TransferState.CONNECTED) or transfer.agent_leg is None:
        raise NotNow
    Transfer.objects.filter(pk=transfer.pk).update(cause="agent_hung_up")
    sid = transfer.agent_leg.sid

    def end() -> None:
        try:
            controlling.hang_up(sid or "")
        except controlling.ControlFailed:
            log.warning("transfer %s: the agent leg could not be ended", transfer_id)

    transaction.on_commit(end)


@transaction.atomic
def wrap_up(
    transfer_id: UUID,
    agent: Agent,
    *,
    disposition: str,
    note: str = "",
    callback_at: datetime | None = None,
    opt_out: bool = False,
    wish: str = "",
) -> None:
    """File what came of the talk and make the agent ready again.

    Raises NotYours, NotNow (the talk is not over), ValueError (unknown disposition, or a callback
    without a time ahead of us and before the campaign's end, or an unknown wish).
    """
    chosen = Disposition(disposition)
    narrower = wishes.Wish(wish) if wish else None
    at = now()
    transfer, call = _mine(transfer_id, agent)
    if transfer.state != TransferState.WRAP_UP:
        raise NotNow
    if chosen is Disposition.CALLBACK:
        if callback_at is None or callback_at <= at or _too_late(call, callback_at):
            raise ValueError("callback_at")
        callbacks.book_by_agent(call, promised_at=callback_at, agent=agent, at=at)
    evidence = {"transfer": str(transfer_id), "agent": agent.pk, "note": note[:500]}
    if opt_out or chosen in (Disposition.OPT_OUT, Disposition.COMPLAINT):
        effects.opt_out(call, evidence=evidence, source="agent", at=at)
    elif narrower is not None:
        wishes.note(call, narrower, evidence=evidence, at=at, actor_id=agent.user_id)
    if chosen is Disposition.COMPLAINT:
        effects.open_case(call, evidence=evidence, source="agent", at=at)
    if call.attempt_id is not None:
        ledger.record_outcome(call.attempt_id, LEDGER_OUTCOMES[chosen], at)
    handovers.move(
        transfer,
        TransferState.DONE,
        cause="wrapped_up",
        at=at,
        disposition=chosen.value,
        note=note[:2000],
    )
    lead_id = call.lead_id or (call.callback.lead_id if call.callback else None)
    if lead_id is not None:
        Lead.objects.filter(pk=lead_id).update(result=chosen.value)
    if transfer.reservation_id is not None:
        reserving.release(transfer.reservation_id, "wrapped_up")
    record(
        kind="transfer.wrapped_up",
        actor_id=agent.user_id,
        subject=f"call:{call.public_id}",
        payload={"disposition": chosen.value, "opt_out": opt_out, "wish": wish},
    )


def call_back_now(callback_id: int, agent: Agent) -> None:
    """Call a customer of the team back at once; the agent has accepted by asking.

    Raises NotYours, calling_back.Refused, calling_back.NobodyReady.
    """
    callback = Callback.objects.filter(pk=callback_id, campaign__team_id=agent.team_id).first()
    if callback is None:
        raise NotYours
    with transaction.atomic():
        transfer = calling_back.call_now(callback, agent, at=now())
        accept(transfer.pk, agent)
    record(
        kind="callback.called_now",
        actor_id=agent.user_id,
        subject=f"callback:{callback_id}",
        payload={"transfer": str(transfer.pk)},
    )


def desk_state(agent: Agent) -> dict[str, Any]:
    """Everything the desk shows, as JSON (the shape is in docs/architecture.md)."""
    at = now()
    transfer = (
        Transfer.objects.select_related("call__number", "agent_leg")
        .filter(agent=agent)
        .exclude(state__in=[state.value for state in ENDS])
        .order_by("-reserved_at")
        .first()
    )
    return {
        "agent": {
            "id": agent.pk,
            "name": agent.user.get_full_name(),
            "username": agent.user.username,
            "state": agent.state,
            "since": agent.state_since.isoformat() if agent.state_since else None,
        },
        "transfer": None if transfer is None else _transfer_json(transfer),
        "now": at.isoformat(),
        "callbacks": [_callback_json(each) for each in _callbacks_of(agent)],
        "not_reached": _last_not_reached(agent, at),
    }


def _callbacks_of(agent: Agent) -> list[Callback]:
    """What the team owes, the next first."""
    return list(
        Callback.objects.select_related("customer", "campaign")
        .filter(state__in=_OPEN, campaign__team_id=agent.team_id)
        .order_by("due_at", "pk")[:20]
    )


def _callback_json(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.pk,
        "promised_at": callback.promised_at.isoformat(),
        "due_at": callback.due_at.isoformat(),
        "state": callback.state,
        "attempts": callback.attempts,
        "why": reasons.sentence(callback.codes[0]) if callback.codes else "",
        "too_late": callback.due_at >= callback.campaign.ends_at,
        "customer": mask_name(callback.customer.name),
        "campaign": callback.campaign.name,
    }


def _last_not_reached(agent: Agent, at: datetime) -> dict[str, str] | None:
    """The customer whom this agent has just waited for in vain, and why."""
    last = (
        Transfer.objects.select_related("call")
        .filter(agent=agent, agent_first=True, ended_at__gt=at - JUST_NOW)
        .order_by("-ended_at")
        .first()
    )
    if last is None or last.state not in _IN_VAIN:
        return None
    codes = last.cause.removeprefix("gate:") if last.cause.startswith("gate:") else ""
    why = reasons.sentence(codes.split(",")[0]) if codes else ""
    return {"id": str(last.pk), "outcome": last.call.outcome, "cause": last.cause, "why": why}


def _too_late(call: Call, callback_at: datetime) -> bool:
    """Whether the campaign is over by then: its signature does not reach that far."""
    return call.campaign is not None and callback_at >= call.campaign.ends_at


def _transfer_json(transfer: Transfer) -> dict[str, Any]:
    context = transfer.context
    offer_ends = (
        transfer.offered_at + timedelta(seconds=offering.OFFER_S)
        if transfer.offered_at is not None
        else None
    )
    return {
        "id": str(transfer.pk),
        "state": transfer.state,
        "agent_first": transfer.agent_first,
        "kind": transfer.call.kind,
        "promised_at": context.get("promised_at"),
        "note": context.get("note", ""),
        "offer_ends_at": offer_ends.isoformat() if offer_ends else None,
        "accepted_early": transfer.accepted_early,
        "customer": {
            "key": transfer.call.customer_id,
            "name": context.get("name", ""),
            "gender": context.get("gender", ""),
            "age_band": context.get("age_band", ""),
            "segment": context.get("segment", ""),
            "number_masked": str(transfer.call.number) if transfer.call.number else "",
        },
        "product": in_readers_language(context.get("product", ""), context.get("product_en", "")),
        "transcript": context.get("transcript", []),
        "wish": context.get("slots", {}),
        "connected_at": transfer.connected_at.isoformat() if transfer.connected_at else None,
        "call_state": transfer.call.state,
    }


def _mine(transfer_id: UUID, agent: Agent) -> tuple[Transfer, Call]:
    found = handovers.lock_with_call(transfer_id)
    if found is None or found[0].agent_id != agent.pk:
        raise NotYours
    return found
