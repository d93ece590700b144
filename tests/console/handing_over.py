"""Fixtures of the desk's tests: a stub carrier, a running campaign, a customer on the line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from agents.models import Agent
from campaigns.models import Campaign
from tests.cast import Cast
from tests.dialer.line import Line, dial, ready_agent, running_campaign
from tests.dialer.stub_carrier import StubCarrier


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
    return running_campaign(cast)


@pytest.fixture
def lin(campaign: Campaign, cast: Cast) -> Agent:
    """An agent who is ready."""
    return ready_agent(campaign, cast.agent_lin)


@pytest.fixture
def wang(campaign: Campaign, cast: Cast) -> Line:
    """A customer whose call was placed."""
    return dial(campaign, cast.wang)
