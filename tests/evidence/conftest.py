"""A call in which the customer refused, with everything around it; made through the real paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.domain.roles import Role
from accounts.models import User
from campaigns.models import Campaign
from tests.cast import Cast, make_cast, person
from tests.dialer.line import Line, dial, running_campaign
from tests.dialer.stub_carrier import StubCarrier
from tests.kept import kept

#: What the customer says; nothing of it may be left after an erasure.
WORDS = "我叫王芳，别再给我打电话了"


@dataclass(slots=True)
class Evening:
    """What happened: one customer was called and said no."""

    cast: Cast
    campaign: Campaign
    line: Line
    second_officer: User


@pytest.fixture
def stub(settings: Any) -> Iterator[StubCarrier]:
    carrier = StubCarrier()
    settings.TWILIO_API_BASE = carrier.base
    settings.CARRIER = "sandbox"
    yield carrier
    carrier.close()


@pytest.fixture
def evening(stub: StubCarrier, transactional_db: None) -> Evening:
    return kept("evening", make_evening)


def make_evening() -> Evening:
    """By the real paths, with the stub's carrier."""
    cast = make_cast()
    campaign = running_campaign(cast)
    line = dial(campaign, cast.wang)
    line.answer()
    line.say(WORDS)
    line.status("completed", CallDuration="20")
    return Evening(cast, campaign, line, person("officer_two", Role.COMPLIANCE))
