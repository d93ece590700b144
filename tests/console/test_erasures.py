"""The form for who wants to be forgotten: each mistake at its field, and what was typed stays."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import localdate

from accounts.models import User
from clock.reading import now
from clock.setting import set_sandbox_clock
from evidence.models import ErasureRequest
from tests.cast import Cast
from tests.compliance.world import beijing

pytestmark = pytest.mark.django_db

PAGE = "/compliance/evidence/erasures/"


def entered(user: User, **fields: str) -> str:
    client = Client()
    client.force_login(user)
    given = {"q": "C0001", "channel": "branch", "received_on": localdate(now()).isoformat()}
    answer = client.post(PAGE, {**given, **fields}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def beside(shown: str, field: str) -> str:
    return shown.split(f'name="{field}"')[-1].split("</div>")[0]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("q", "C9999", "No customer of yours has this id."),
        ("q", "13905710001", "type the id"),
        ("q", "", "This field is required."),
        ("q", "x" * 61, "at most 60 characters"),
        ("q", "C0\x0001", "Null characters are not allowed."),
        ("channel", "", "Say how the request came."),
        ("channel", "pigeon", "Select a valid choice."),
        ("received_on", "2099-01-01", "This day is still to come."),
        ("received_on", "2026-02-30", "Give a day, such as 2026-03-10."),
        ("received_on", "9" * 5000, "Give a day, such as 2026-03-10."),
        ("received_on", "", "This field is required."),
    ],
)
def test_a_mistake_is_said_at_its_own_field_alone(
    cast: Cast, field: str, typed: str, said: str
) -> None:
    shown = entered(cast.officer, **{field: typed})
    assert said in beside(shown, field)
    assert shown.count("errorlist") == 1
    if field != "q":
        assert 'value="C0001"' in shown
    if field != "channel":
        assert '<option value="branch" selected>' in shown
    assert not ErasureRequest.objects.exists()


def test_today_is_the_banks_day(cast: Cast) -> None:
    # an hour past midnight in Beijing it is still yesterday in Greenwich
    set_sandbox_clock(sim=beijing("2026-03-11 01:00"), speed=0.000001)
    assert "A second person must sign it." in entered(cast.officer, received_on="2026-03-11")


def test_a_second_request_is_refused_at_the_customer(cast: Cast) -> None:
    entered(cast.officer)
    day = localdate(now() - timedelta(days=1)).isoformat()
    assert "requested or done already" in beside(entered(cast.reviewer, received_on=day), "q")
