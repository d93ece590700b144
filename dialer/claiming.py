"""Taking due leads: lead → CALLING, call planned, job sent; one short transaction.

The gate protects a customer from two calls at once; the leader does not even plan them. It never
plans two live calls that share a customer, a number or a household, nor a call to anybody whose
last one has not been cleared (`clearing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Lead, LeadEvent
from dialer.clearing import uncleared_calls
from dialer.domain.call_kind import CallKind
from dialer.domain.call_state import CallState
from dialer.domain.caller_ids import assign
from dialer.domain.stages import Stage
from dialer.jobs import PLANNED_LEASE, enqueue_placing
from dialer.models import Call, CallEvent
from dialer.snapshot import LIVE_STATES, usages_of

_CAUSE = "claimed"


@dataclass(slots=True)
class Engaged:
    """Who is on the telephone, or about to be."""

    customers: set[int] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    households: set[str] = field(default_factory=set)

    @classmethod
    def now(cls) -> Engaged:
        """From the live calls of every kind and campaign (a ring-back engages as well)."""
        engaged = cls()
        live = Call.objects.filter(state__in=LIVE_STATES)
        for customer, number, household in live.values_list(
            "customer_id", "number_id", "household"
        ):
            engaged.add(customer, number, household)
        return engaged

    def add(self, customer: int | None, number: int | None, household: str) -> None:
        """One more call."""
        if customer is not None:
            self.customers.add(customer)
        if number is not None:
            self.numbers.add(number)
        if household:
            self.households.add(household)

    def take(self, customer: int, number: int | None, household: str) -> bool:
        """Engage these people unless one of them is engaged."""
        if (
            customer in self.customers
            or number in self.numbers
            or (household and household in self.households)
        ):
            return False
        self.add(customer, number, household)
        return True


@transaction.atomic
def claim(campaign: Campaign, count: int, *, now: datetime, real: datetime) -> list[int]:
    """Claim up to `count` due leads of a campaign in the order (due_at, id); ids of the calls.

    Leads that somebody else holds, or whose people are engaged, are left for the next tick.
    """
    if count <= 0:
        return []
    engaged = Engaged.now()
    # a few more than wanted: some of a batch may share a household or a number
    candidates = _due_leads(campaign, engaged, now)[: count + count // 2 + 5]
    leads = [
        lead
        for lead in candidates
        if engaged.take(lead.customer_id, lead.number_id, lead.customer.household)
    ][:count]
    caller_ids = assign(len(leads), usages_of([campaign], now)[campaign.pk])
    chosen = list(zip(leads, caller_ids, strict=False))
    calls = Call.objects.bulk_create(
        _planned(campaign, lead, caller_id, now, real) for lead, caller_id in chosen
    )
    _write_down([lead for lead, _ in chosen], calls, now)
    call_ids = [call.pk for call in calls]
    enqueue_placing(call_ids)
    return call_ids


def _due_leads(campaign: Campaign, engaged: Engaged, now: datetime) -> QuerySet[Lead]:
    uncleared = uncleared_calls()
    return (
        Lead.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(
            campaign=campaign,
            state=LeadState.DUE.value,
            by_hand=False,
            due_at__lte=now,
            target_list__state=ListState.APPROVED.value,
            number__isnull=False,
        )
        .exclude(customer_id__in=engaged.customers)
        .exclude(number_id__in=engaged.numbers)
        .exclude(customer__household__in=engaged.households)
        # nor before the last call was heard a second time: what it missed is found then
        .exclude(customer_id__in=uncleared.filter(customer__isnull=False).values("customer_id"))
        .exclude(number_id__in=uncleared.filter(number__isnull=False).values("number_id"))
        .select_related("customer", "number")
        .order_by("due_at", "id")
    )


def _planned(campaign: Campaign, lead: Lead, caller_id: int, now: datetime, real: datetime) -> Call:
    assert lead.number is not None
    return Call(
        kind=CallKind.ROBOT.value,
        state=CallState.PLANNED.value,
        campaign=campaign,
        lead=lead,
        customer_id=lead.customer_id,
        number_id=lead.number_id,
        household=lead.customer.household,
        caller_id_id=caller_id,
        to=lead.number.e164,
        stage=Stage.DIALLING.value,
        planned_at=now,
        leased_until=real + PLANNED_LEASE,
    )


def _write_down(leads: list[Lead], calls: list[Call], now: datetime) -> None:
    """The leads' new state and all events. The leads are locked and DUE: no condition is needed."""
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(state=LeadState.CALLING.value)
    LeadEvent.objects.bulk_create(
        LeadEvent(lead=lead, old=lead.state, new=LeadState.CALLING.value, cause=_CAUSE, at=now)
        for lead in leads
    )
    CallEvent.objects.bulk_create(
        CallEvent(call_id=call.pk, old="", new=call.state, cause=_CAUSE, at=now) for call in calls
    )
