"""Customers whom only a person may call: agents who wait for robots' customers are asked.

For campaigns that say so (`Campaign.by_hand`).

Three kinds, and none of them is for nobody: leads that screening or the gate found callable by a
person alone (65 and over, in need of care, "no robots please": `Lead.by_hand`), and on rest days,
when robots do not call, leads that wait for nothing but a robot's hours. A person's hours and caps
hold for them; the gate has the last word, as for every dial.

Robots come first: an agent is asked only after waiting a while, so that a team that is kept busy by
robots is not taken from the customers they bring.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from agents.domain.agent_state import AgentState
from agents.models import Agent
from agents.presence import UNSEEN_AFTER
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Lead
from campaigns.screening import screening_intent
from clock.reading import real
from compliance.domain.decision import Decision, Outcome
from compliance.domain.intent import Actor, DialKind
from compliance.screening import screen
from dialer import agent_first, handover_context, limits, switches
from dialer.claiming import Engaged
from dialer.clearing import uncleared_calls
from dialer.domain.call_kind import CallKind
from dialer.domain.caller_ids import assign
from dialer.leads import change_lead
from dialer.models import Call
from dialer.snapshot import LIVE_STATES, running_campaigns, usages_of

#: An agent who has waited this long (business time) is asked to call by hand.
IDLE = timedelta(seconds=20)
#: What a lead may wait for that a person need not: the robot's hours.
_HOURS = ["WINDOW", "TAIL_GUARD", "HOLIDAY"]


def offer_due(at: datetime) -> int:
    """Ask agents who have waited; returns how many were asked."""
    campaigns = [campaign for campaign in running_campaigns(at) if campaign.by_hand]
    if not campaigns:
        return 0
    engaged = Engaged.now()
    free = limits.lines() - Call.objects.filter(state__in=LIVE_STATES).count()
    asked = 0
    for campaign in switches.open_to_people(campaigns):
        for _ in range(_waiting_agents(campaign, at)):
            if free < 2 or not _offer_next(campaign, engaged, at):
                break
            free -= 2  # the agent's leg and the customer's call
            asked += 1
    return asked


def _waiting_agents(campaign: Campaign, at: datetime) -> int:
    return Agent.objects.filter(
        team_id=campaign.team_id,
        state=AgentState.READY.value,
        state_since__lte=at - IDLE,
        seen_at__gte=real() - UNSEEN_AFTER,
    ).count()


@transaction.atomic
def _offer_next(campaign: Campaign, engaged: Engaged, at: datetime) -> bool:
    """Ask an agent for the campaign's next customer; False: nobody to call, or nobody free."""
    for source in (_due(campaign, at), _waiting_for_robots(campaign, at)):
        lead = _free(source, engaged).first()
        if lead is None:
            continue
        decision = _may_call(lead, at)
        if decision.allowed:
            return _offer(lead, engaged, at)
        if lead.by_hand:
            _refused(lead, decision, at)
    return False


def _due(campaign: Campaign, at: datetime) -> QuerySet[Lead]:
    return _leads(campaign).filter(by_hand=True, due_at__lte=at)


def _waiting_for_robots(campaign: Campaign, at: datetime) -> QuerySet[Lead]:
    """Not called yet, and only because a robot may not call at this hour."""
    return _leads(campaign).filter(
        by_hand=False, due_at__gt=at, attempts=0, codes__contained_by=_HOURS, codes__len__gt=0
    )


def _leads(campaign: Campaign) -> QuerySet[Lead]:
    return (
        Lead.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(
            campaign=campaign,
            state=LeadState.DUE.value,
            target_list__state=ListState.APPROVED.value,
            number__isnull=False,
        )
        .select_related("customer", "number", "campaign__product", "campaign__script_version")
        .order_by("due_at", "id")
    )


def _free(leads: QuerySet[Lead], engaged: Engaged) -> QuerySet[Lead]:
    """Nobody who is on the telephone, or whose last call was not heard a second time yet."""
    uncleared = uncleared_calls()
    people = uncleared.filter(customer__isnull=False).values("customer_id")
    numbers = uncleared.filter(number__isnull=False).values("number_id")
    return leads.exclude(
        Q(customer_id__in=engaged.customers)
        | Q(number_id__in=engaged.numbers)
        | Q(customer__household__in=engaged.households)
        | Q(customer_id__in=people)
        | Q(number_id__in=numbers)
    )


def _may_call(lead: Lead, at: datetime) -> Decision:
    """May a person call now? As a list is screened: nothing is reserved."""
    template = replace(
        screening_intent(lead.campaign), actor=Actor.HUMAN, kind=DialKind.AGENT, lead_id=lead.pk
    )
    assert lead.number_id is not None
    return screen([(lead.customer_id, lead.number_id)], template, at)[lead.customer_id]


def _offer(lead: Lead, engaged: Engaged, at: datetime) -> bool:
    caller_ids = assign(1, usages_of([lead.campaign], at)[lead.campaign_id])
    if not caller_ids or lead.number is None:
        return False
    transfer = agent_first.offer(
        agent_first.Wanted(
            kind=CallKind.AGENT,
            campaign=lead.campaign,
            customer_id=lead.customer_id,
            number_id=lead.number.pk,
            household=lead.customer.household,
            to=lead.number.e164,
            caller_id_id=caller_ids[0],
            lead=lead,
            context=handover_context.of_lead(lead, at),
        ),
        at=at,
    )
    if transfer is None:
        return False
    engaged.add(lead.customer_id, lead.number_id, lead.customer.household)
    return change_lead(lead, LeadState.CALLING, cause="agent_asked", at=at)


def _refused(lead: Lead, decision: Decision, at: datetime) -> None:
    """A person may not call either, now or ever: the lead waits for its time, or is blocked."""
    fields = {"codes": decision.codes, "clears_at": decision.earliest_next}
    cause = f"screened:{','.join(decision.codes)}"
    due = decision.earliest_next
    if decision.verdict is Outcome.BLOCK_RETRIABLE and due is None and decision.ours_to_mend:
        return
    if decision.verdict is not Outcome.BLOCK_RETRIABLE:
        change_lead(lead, LeadState.BLOCKED, cause=cause, at=at, **fields)
    elif due is None or due >= lead.campaign.ends_at:
        change_lead(lead, LeadState.EXPIRED, cause=cause, at=at, **fields)
    else:
        Lead.objects.filter(pk=lead.pk).update(due_at=due, **fields)
