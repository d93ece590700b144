"""What follows a call's end, exactly once, inside the transaction that ended it.

attempt   closed (it rang or may have), released (provably never placed), lost
ledger    the outcome
lead      again at its time, settled, blocked, or expired with the campaign
promise   a callback: due again, cancelled or expired in the same way
agent     one still promised to this call is free again, or who waits for the customer in vain
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agents import reserving
from agents.domain.agent_state import ReservationState
from agents.models import Reservation
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.sorting import wants_a_person
from campaigns.models import Lead
from compliance import gate, ledger
from compliance.domain.decision import Decision, Outcome
from dialer import callbacks, handovers
from dialer.domain.call_kind import AGENT_FIRST, CallKind
from dialer.domain.call_state import CallState
from dialer.domain.retrying import Expire, Retry, next_step
from dialer.leads import change_lead
from dialer.models import Call

#: When to try again a lead whose call the carrier did not take, or that was not to be placed now.
PUT_BACK = timedelta(minutes=1)
#: Why a row of a signed list is not called after all: the gate found what had changed since.
EXCLUDED_AFTER_APPROVAL = "excluded_after_approval"


def settle_call(call: Call, *, at: datetime) -> None:
    """Settle everything around a call that has just reached an end (but REFUSED: settle_refused).

    Call it in the transaction, and by the one, whose `change` to the end state succeeded.
    """
    state = CallState(call.state)
    _settle_attempt(call, state, at)
    _free_agent(call, at)
    if call.callback_id is not None:
        callbacks.after_call(call, at=at)
    if call.lead_id is None:
        return
    if state is CallState.NOT_PLACED:
        _not_placed(call, at)
        return
    _follow_plan(call, at)


def settle_refused(call: Call, decision: Decision, *, at: datetime) -> None:
    """The gate said no to a customer's call: the lead is blocked, waits, or will be too late."""
    _free_agent(call, at)
    if call.callback_id is not None:
        callbacks.refused_call(call, decision, at=at)
    if call.lead_id is None:
        return
    lead = _lead_of(call)
    cause = f"gate:{','.join(decision.codes)}"
    refused = {"codes": decision.codes, "clears_at": decision.earliest_next}
    if lead.campaign.by_hand and call.kind == CallKind.ROBOT and wants_a_person(decision):
        # no robot for this customer: whoever is free at a desk is asked (by_hand.py)
        _due(lead, at, cause=cause, at=at, by_hand=True, **refused)
    elif decision.verdict in (Outcome.BLOCK_TERMINAL, Outcome.REVIEW):
        # the branch had signed this row; the signature holds for the others
        cause = f"{EXCLUDED_AFTER_APPROVAL}:{','.join(decision.codes)}"
        change_lead(lead, LeadState.BLOCKED, cause=cause, at=at, **refused)
    elif decision.earliest_next is None:
        change_lead(lead, LeadState.EXPIRED, cause=cause, at=at, **refused)
    else:
        _due(lead, decision.earliest_next, cause=cause, at=at, **refused)


def put_back(call: Call, *, cause: str, at: datetime, after: timedelta = PUT_BACK) -> None:
    """Nothing rang and nobody is to blame: the lead is due again soon, its attempts uncounted."""
    _free_agent(call, at)
    if call.callback_id is not None:
        callbacks.put_back(call, cause=cause, at=at, after=after)
    if call.lead_id is not None:
        _due(_lead_of(call), at + after, cause=cause, at=at)


def _due(lead: Lead, due: datetime, *, cause: str, at: datetime, **fields: Any) -> None:
    """Due again, unless the campaign is over by then (or already): then it expires."""
    campaign = lead.campaign
    over = campaign.state == CampaignState.ENDED or due >= campaign.ends_at
    new = LeadState.EXPIRED if over else LeadState.DUE
    change_lead(lead, new, cause=cause, at=at, due_at=due, **fields)


def _not_placed(call: Call, at: datetime) -> None:
    """With an outcome (the number is bad) the lead is settled; without one it is nobody's fault."""
    if not call.outcome:
        put_back(call, cause=call.cause, at=at)
        return
    cause = f"outcome:{call.outcome}"
    lead = _lead_of(call)
    change_lead(lead, LeadState.SETTLED, cause=cause, at=at, outcome=call.outcome)


def _settle_attempt(call: Call, state: CallState, at: datetime) -> None:
    if call.attempt_id is None:
        return
    if state is CallState.NOT_PLACED:
        gate.release(call.attempt_id, call.cause)
        return
    if state is CallState.LOST:
        gate.lose(call.attempt_id)
    else:
        gate.close(call.attempt_id)
    ledger.record_outcome(call.attempt_id, call.outcome, at)


def _follow_plan(call: Call, at: datetime) -> None:
    lead = _lead_of(call)
    attempts = lead.attempts + 1
    known = {"attempts": attempts, "outcome": call.outcome}
    plan = lead.campaign.retry_plan or {}
    step = next_step(call.outcome, attempts, plan, at, lead.campaign.ends_at)
    cause = f"outcome:{call.outcome}"
    if isinstance(step, Retry):
        _due(lead, step.at, cause=cause, at=at, **known)
    elif isinstance(step, Expire):
        change_lead(lead, LeadState.EXPIRED, cause=cause, at=at, due_at=step.due, **known)
    else:
        change_lead(lead, LeadState.SETTLED, cause=cause, at=at, **known)


def _free_agent(call: Call, at: datetime) -> None:
    """A promise that outlived its call. (Whoever accepted is settled with the hand-over, but for an
    agent who had the customer called.)
    """
    if call.kind in AGENT_FIRST:
        handovers.not_reached(call, cause=call.cause or call.state, at=at)
    held = Reservation.objects.filter(call_ref=call.public_id, state=ReservationState.HELD.value)
    for reservation_id in list(held.values_list("pk", flat=True)):
        reserving.release(reservation_id, "call_ended")


def _lead_of(call: Call) -> Lead:
    assert call.lead_id is not None
    return Lead.objects.select_related("campaign").get(pk=call.lead_id)
