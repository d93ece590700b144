"""Callbacks that customers asked for, or were promised when nobody was free: booked, kept, ended.

Who dials them is in `calling_back.py`. A state changes in one way (`change`): a conditional update
by the table in `domain/callback_state.py`, with its entry in the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.models import Agent
from audit.recording import record
from compliance import exempting
from compliance.domain.decision import Decision, Outcome
from dialer.domain.call_state import CallState
from dialer.domain.callback_state import OPEN, TRANSITIONS, CallbackState
from dialer.domain.retrying import Retry, next_step
from dialer.models import Call, Callback
from robot.domain.steps import Step

#: When the customer named no time: soon, by a person.
SOON = timedelta(minutes=30)
#: When to try again what was nobody's fault: no agent took it, the carrier was busy.
PUT_BACK = timedelta(minutes=1)
#: How soon a callback is looked at again that may not be made now for reasons without an end.
NOT_NOW = timedelta(minutes=10)
#: What a customer's call is filed under when the two have met.
TALKED = "TALKED"

_OPEN = [state.value for state in OPEN]


def book(call: Call, *, wanted: str | None, step: Step | None, at: datetime) -> Callback | None:
    """Promise a callback. `wanted` is an ISO time the customer named, or None for soon.

    The last words heard are kept as evidence. None for a call without a customer.
    """
    evidence: dict[str, Any] = {"call": str(call.public_id), "wanted": wanted}
    if step is not None:
        evidence.update(intent=step.trace.intent, turn=step.state.turn)
    promised = datetime.fromisoformat(wanted) if wanted else at + SOON
    asked = step is not None
    return _book(call, promised_at=max(promised, at), evidence=evidence, asked=asked, at=at)


def book_by_agent(call: Call, *, promised_at: datetime, agent: Agent, at: datetime) -> None:
    """Promise a callback that an agent agreed on with the customer."""
    evidence = {"call": str(call.public_id), "agent": agent.pk}
    _book(call, promised_at=promised_at, evidence=evidence, asked=True, at=at)


@transaction.atomic
def cancel_for(customer_id: int, *, at: datetime) -> int:
    """Withdraw every promise to a customer who wants no calls. Returns how many there were.

    One that is being kept at this moment is called off by the leader, who reads the row.
    """
    exempting.withdraw_callbacks(customer_id=customer_id, at=at)
    open_ = Callback.objects.filter(customer_id=customer_id, state__in=_OPEN).order_by("pk")
    return sum(
        change(each, CallbackState.CANCELLED, cause="customer_wants_no_calls", at=at)
        for each in open_
    )


@transaction.atomic
def change(
    callback: Callback, new: CallbackState, *, cause: str, at: datetime, **fields: Any
) -> bool:
    """Move a callback to `new` if the table allows it; False, and nothing changed, if not."""
    old = Callback.objects.select_for_update(no_key=True).values_list("state").get(pk=callback.pk)
    if new not in TRANSITIONS[CallbackState(old[0])]:
        callback.state = old[0]
        return False
    values = {**fields, "state": new.value, "cause": cause[:60]}
    if new not in OPEN:
        values.setdefault("settled_at", at)
    Callback.objects.filter(pk=callback.pk).update(**values)
    for name, value in values.items():
        setattr(callback, name, value)
    record(
        kind=f"callback.{new.value}",
        actor_id=None,
        subject=f"callback:{callback.pk}",
        payload={"from": old[0], "cause": cause[:60], "due": callback.due_at.isoformat()},
    )
    return True


# --- what becomes of a promise --------------------------------------------------------------------


def met(call: Call, *, at: datetime) -> None:
    """Customer and agent are talking: the promise is kept."""
    if call.callback_id is not None:
        change(_of(call), CallbackState.DONE, cause="met", at=at, attempts=_attempts(call))


def after_call(call: Call, *, at: datetime) -> None:
    """A call that was to keep a promise is over: again at its time, or not any more.

    A call that never rang costs no attempt. One that did follows the campaign's retry plan; the
    exemption is spent by then, so the gate holds a second try to hours and caps.
    """
    callback = _of(call)
    if callback.state != CallbackState.CALLING:
        return
    if call.state == CallState.NOT_PLACED:
        if call.outcome:
            change(callback, CallbackState.EXPIRED, cause=f"outcome:{call.outcome}", at=at)
        else:
            put_back(call, cause=call.cause, at=at)
        return
    attempts = _attempts(call)
    campaign = callback.campaign
    plan = campaign.retry_plan or {}
    step = next_step(call.outcome, attempts, plan, at, campaign.ends_at)
    cause = f"outcome:{call.outcome}"
    if isinstance(step, Retry):
        _again(callback, step.at, cause=cause, at=at, attempts=attempts, codes=[])
    else:
        change(callback, CallbackState.EXPIRED, cause=cause, at=at, attempts=attempts)


def put_back(call: Call, *, cause: str, at: datetime, after: timedelta = PUT_BACK) -> None:
    """Nothing rang and nobody is to blame: due again soon."""
    _again(_of(call), at + after, cause=cause, at=at)


def refused(callback: Callback, decision: Decision, *, at: datetime) -> None:
    """The gate, or the look before it, says no: cancelled for good, or due when it lifts."""
    codes = decision.codes
    cause = f"gate:{','.join(codes)}"
    if decision.verdict in (Outcome.BLOCK_TERMINAL, Outcome.REVIEW):
        change(callback, CallbackState.CANCELLED, cause=cause, at=at, codes=codes)
    else:
        _again(callback, decision.earliest_next or at + NOT_NOW, cause=cause, at=at, codes=codes)


def refused_call(call: Call, decision: Decision, *, at: datetime) -> None:
    """As `refused`, for the promise that a call was to keep."""
    callback = _of(call)
    if callback.state == CallbackState.CALLING:
        refused(callback, decision, at=at)


def expire(callbacks: Sequence[Callback], *, cause: str, at: datetime) -> int:
    """Promises that can no longer be kept; how many of them were still open."""
    return sum(change(each, CallbackState.EXPIRED, cause=cause, at=at) for each in callbacks)


def _again(callback: Callback, due: datetime, *, cause: str, at: datetime, **fields: Any) -> None:
    """Due again, unless the campaign is over by then."""
    if due >= callback.campaign.ends_at:
        change(callback, CallbackState.EXPIRED, cause=cause, at=at, **fields)
        return
    values = {**fields, "due_at": due}
    if callback.state == CallbackState.BOOKED:
        # not begun: only its time changes
        Callback.objects.filter(pk=callback.pk, state=CallbackState.BOOKED.value).update(
            cause=cause[:60], **values
        )
        return
    change(callback, CallbackState.BOOKED, cause=cause, at=at, **values)


def _of(call: Call) -> Callback:
    assert call.callback_id is not None
    return Callback.objects.select_related("campaign").get(pk=call.callback_id)


def _attempts(call: Call) -> int:
    """Tries so far, this one among them."""
    return _of(call).attempts + 1


def _book(
    call: Call, *, promised_at: datetime, evidence: dict[str, Any], asked: bool, at: datetime
) -> Callback | None:
    """One open promise per customer and campaign; a customer who asks again gets the new time.

    Only a callback that the customer asked for may pass windows and conversation caps (`asked`):
    the exemption keeps the evidence. One that we owe after an abandoned wait is held to them.
    """
    if call.customer_id is None or call.number_id is None or call.campaign_id is None:
        return None
    values = {
        "number_id": call.number_id,
        "call": call,
        "lead_id": call.lead_id or (call.callback.lead_id if call.callback else None),
        "promised_at": promised_at,
        "due_at": promised_at,
        "evidence": evidence,
    }
    booked, created = Callback.objects.get_or_create(
        customer_id=call.customer_id,
        campaign_id=call.campaign_id,
        state=CallbackState.BOOKED.value,
        defaults={**values, "created_at": at},
    )
    if not created and not asked:
        return booked
    if not created:
        Callback.objects.filter(pk=booked.pk, state=CallbackState.BOOKED.value).update(**values)
        booked.refresh_from_db()
    record(
        kind="callback.booked",
        actor_id=None,
        subject=f"callback:{booked.pk}",
        payload={"call": str(call.public_id), "promised": promised_at.isoformat(), "asked": asked},
    )
    if asked:
        exempting.promise_callback(
            customer_id=call.customer_id,
            number_id=call.number_id,
            promised_at=promised_at,
            at=at,
            evidence=evidence,
            campaign_id=call.campaign_id,
        )
    return booked
