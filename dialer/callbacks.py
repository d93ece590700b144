"""Callbacks that customers asked for, or were promised when nobody was free."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agents.models import Agent
from compliance import exempting
from dialer.models import Call, Callback
from dialer.models.callback import CallbackState
from robot.domain.steps import Step

#: When the customer named no time: soon, by a person.
SOON = timedelta(minutes=30)


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


def cancel_for(customer_id: int, *, at: datetime) -> int:
    """Withdraw every promise to a customer who wants no calls. Returns how many there were."""
    exempting.withdraw_callbacks(customer_id=customer_id, at=at)
    booked = Callback.objects.filter(customer_id=customer_id, state=CallbackState.BOOKED.value)
    return booked.update(state=CallbackState.CANCELLED.value)


def _book(
    call: Call, *, promised_at: datetime, evidence: dict[str, Any], asked: bool, at: datetime
) -> Callback | None:
    """One open promise per customer and campaign.

    Only a callback that the customer asked for may pass windows and conversation caps (`asked`):
    the exemption keeps the evidence. One that we owe after an abandoned wait is held to them.
    """
    if call.customer_id is None or call.number_id is None or call.campaign_id is None:
        return None
    booked, created = Callback.objects.get_or_create(
        customer_id=call.customer_id,
        campaign_id=call.campaign_id,
        state=CallbackState.BOOKED.value,
        defaults={
            "number_id": call.number_id,
            "call": call,
            "promised_at": promised_at,
            "evidence": evidence,
            "created_at": at,
        },
    )
    if created and asked:
        exempting.promise_callback(
            customer_id=call.customer_id,
            number_id=call.number_id,
            promised_at=promised_at,
            at=at,
            evidence=evidence,
            campaign_id=call.campaign_id,
        )
    return booked
