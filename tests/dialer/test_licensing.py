"""Who may talk about what: a customer is handed only to a person licensed for the product."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from agents.models import Agent
from campaigns.models import Campaign
from clock.reading import now, real
from compliance.models import Decision
from dialer import deskwork, snapshot
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Transfer
from tests.cast import Cast
from tests.compliance.layers import put_in_force
from tests.dialer.line import dial, ready_agent, running_campaign, spoken
from tests.dialer.stub_carrier import StubCarrier

pytestmark = pytest.mark.django_db(transaction=True)


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
    """Its product may be talked about only by who holds the licence `advice`."""
    campaign = running_campaign(cast)
    licences = {campaign.product.family: "advice"}
    rule = {"id": "L1", "kind": "authorisation", "signed": False, "licences": licences}
    put_in_force({**rule, "actors": ["human"]})
    return campaign


def ready(campaign: Campaign) -> int:
    sight = snapshot.Sight(now(), real(), cps=1)
    (view,) = snapshot.take(sight, snapshot.running_campaigns(now()))
    return view.pacing.ready


def licensed(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(licences=["advice", "funds"])


def test_nobody_licensed_is_nobody_free(campaign: Campaign, cast: Cast) -> None:
    ready_agent(campaign, cast.agent_lin)
    assert ready(campaign) == 0
    # the robot may call, and does not promise a person
    line = dial(campaign, cast.wang)
    assert "转接" not in spoken(line.until_consent_asked())
    assert not Transfer.objects.exists()


def test_a_customer_goes_to_the_one_who_is_licensed(campaign: Campaign, cast: Cast) -> None:
    ready_agent(campaign, cast.agent_lin)
    zhou = ready_agent(campaign, cast.agent_zhou)
    licensed(zhou)
    assert ready(campaign) == 1
    line = dial(campaign, cast.wang)
    assert "转接客户经理" in spoken(line.until_consent_asked())
    assert line.transfer.agent == zhou
    line.say("可以")
    deskwork.accept(line.transfer.pk, zhou)
    assert Decision.objects.get(purpose="agent_leg").verdict == "allow"


def test_the_gate_refuses_an_agent_who_has_lost_the_licence(campaign: Campaign, cast: Cast) -> None:
    zhou = ready_agent(campaign, cast.agent_zhou)
    licensed(zhou)
    line = dial(campaign, cast.wang)
    line.until_consent_asked()
    line.say("可以")
    Agent.objects.filter(pk=zhou.pk).update(licences=["funds"])
    deskwork.accept(line.transfer.pk, zhou)
    assert Decision.objects.get(purpose="agent_leg").codes == ["AGENT_LICENCE"]
    assert not Call.objects.filter(kind="agent_leg", sid__isnull=False).exists()
    assert line.transfer.state == TransferState.BRIDGE_FAILED
