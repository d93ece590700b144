"""Customers whom only a person may call are called by a person, through the same gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from agents.models import Agent
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from clock.reading import now
from clock.setting import set_sandbox_clock
from compliance import suppressing
from compliance.models import Attempt, Preference
from dialer import by_hand, deskwork
from dialer.claiming import claim
from dialer.domain.call_state import CallState
from dialer.models import Call, Transfer
from dialer.placing import place_call
from tests.campaigns.making import TUESDAY
from tests.cast import Cast
from tests.dialer.line import Line, ready_agent, running_campaign
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.test_calling_back import join, nothing_leaks

pytestmark = pytest.mark.django_db(transaction=True)

LATER = TUESDAY + timedelta(minutes=1)


@pytest.fixture
def carrier(settings: Settings) -> Iterator[StubCarrier]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield stub
    stub.close()


@pytest.fixture
def campaign(cast: Cast, carrier: StubCarrier) -> Campaign:
    return running_campaign(cast, by_hand=True)


@pytest.fixture
def lin(campaign: Campaign, cast: Cast) -> Agent:
    agent = ready_agent(campaign, cast.agent_lin)
    set_sandbox_clock(sim=LATER, speed=0.000001)  # and has waited for a minute
    return agent


def lead_of(campaign: Campaign, cast: Cast) -> Lead:
    """Li is 70: no robot."""
    return Lead.objects.get(campaign=campaign, customer=cast.li)


def offered() -> Transfer:
    assert by_hand.offer_due(now()) == 1
    return Transfer.objects.get()


def test_who_is_too_old_for_a_robot_is_listed_for_a_person_and_no_robot_is_planned(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    lead = lead_of(campaign, cast)
    assert (lead.state, lead.by_hand) == (LeadState.DUE, True)
    claim(campaign, 50, now=now(), real=now())
    assert not Call.objects.filter(customer=cast.li).exists()


def test_an_agent_who_waits_is_asked_and_the_gate_allows_a_person(
    campaign: Campaign, cast: Cast, lin: Agent, carrier: StubCarrier
) -> None:
    transfer = offered()
    assert transfer.agent == lin
    assert deskwork.desk_state(lin)["transfer"]["kind"] == "agent"
    deskwork.accept(transfer.pk, lin)
    line = Line(transfer.call)
    join(line, "agent")
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert carrier.created[-1]["To"] == line.call.to
    attempt = Attempt.objects.get(customer=cast.li)
    assert (attempt.purpose, attempt.actor, attempt.kind) == ("marketing", "human", "agent")
    line.answer()
    join(line, "customer")
    line.leaves("customer")
    line.status("completed", CallDuration="60")
    deskwork.wrap_up(line.transfer.pk, lin, disposition="not_interested")
    lead = lead_of(campaign, cast)
    assert (lead.state, lead.outcome, lead.result) == (
        LeadState.SETTLED,
        "TALKED",
        "not_interested",
    )
    nothing_leaks(lin)


def test_who_has_just_become_ready_waits_for_the_robots_customers_first(
    campaign: Campaign, cast: Cast
) -> None:
    ready_agent(campaign, cast.agent_lin)
    assert by_hand.offer_due(now()) == 0


def test_a_busy_line_follows_the_campaigns_plan_and_stays_with_people(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    transfer = offered()
    deskwork.accept(transfer.pk, lin)
    line = Line(transfer.call)
    join(line, "agent")
    place_call(line.call.pk)
    line.call.refresh_from_db()
    line.status("busy")
    lead = lead_of(campaign, cast)
    assert (lead.state, lead.by_hand, lead.attempts) == (LeadState.DUE, True, 1)
    nothing_leaks(lin)


def test_a_declined_customer_is_due_again_and_uncounted(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    deskwork.reject(offered().pk, lin)
    lead = lead_of(campaign, cast)
    assert (lead.state, lead.attempts) == (LeadState.DUE, 0)
    assert lead.due_at is not None and lead.due_at > now()
    nothing_leaks(lin)


def test_who_says_no_meanwhile_is_called_by_nobody(
    campaign: Campaign, cast: Cast, lin: Agent, carrier: StubCarrier
) -> None:
    suppressing.opt_out(customer_id=cast.li.pk, number_id=None, source="app", evidence={}, at=now())
    assert by_hand.offer_due(now()) == 0
    assert lead_of(campaign, cast).state == LeadState.BLOCKED
    assert carrier.created == []


def test_a_wish_for_no_robots_found_at_the_gate_leads_to_a_person(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    Preference.objects.create(customer=cast.wang, since=now(), no_robot=True)
    Lead.objects.filter(campaign=campaign).exclude(customer=cast.wang).update(
        state=LeadState.SETTLED.value
    )
    (call_id,) = claim(campaign, 1, now=now(), real=now())
    place_call(call_id)
    assert Call.objects.get(pk=call_id).state == CallState.REFUSED
    lead = Lead.objects.get(campaign=campaign, customer=cast.wang)
    assert (lead.state, lead.by_hand, lead.codes) == (LeadState.DUE, True, ["PREFERENCE_ROBOT"])
    assert offered().call.customer == cast.wang


def test_on_a_rest_day_a_person_calls_who_waits_for_the_robots_hours(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    saturday = TUESDAY + timedelta(days=4)
    set_sandbox_clock(sim=saturday + timedelta(hours=1), speed=0.000001)
    Lead.objects.filter(campaign=campaign).exclude(customer=cast.wang).update(
        state=LeadState.SETTLED.value
    )
    (call_id,) = claim(campaign, 1, now=now(), real=now())
    place_call(call_id)  # a robot: not on a rest day
    lead = Lead.objects.get(campaign=campaign, customer=cast.wang)
    assert lead.state == LeadState.DUE and lead.due_at is not None and lead.due_at > now()
    assert offered().call.customer == cast.wang


def test_a_campaign_that_does_not_say_so_leaves_them_alone(
    cast: Cast, carrier: StubCarrier
) -> None:
    quiet = running_campaign(cast)
    ready_agent(quiet, cast.agent_lin)
    set_sandbox_clock(sim=LATER, speed=0.000001)
    lead = lead_of(quiet, cast)
    assert (lead.state, lead.codes) == (LeadState.BLOCKED, ["ELDER_ROBOT"])
    assert by_hand.offer_due(now()) == 0


def test_at_noon_of_a_workday_a_person_does_not_call_either(
    campaign: Campaign, cast: Cast, lin: Agent
) -> None:
    set_sandbox_clock(sim=TUESDAY + timedelta(days=1, hours=-1), speed=0.000001)
    assert by_hand.offer_due(now()) == 0
    lead = lead_of(campaign, cast)
    assert (lead.state, lead.due_at) == (LeadState.DUE, TUESDAY + timedelta(days=1))
