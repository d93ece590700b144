"""The desk's requests: what a browser sends, what it gets, and what is nobody else's business."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, Team
from campaigns.models import Campaign
from clock.reading import now
from dialer.domain.transfer_state import TransferState
from dialer.models import Callback
from tests.cast import Cast
from tests.console.handing_over import campaign, carrier, lin, wang  # noqa: F401 (fixtures)
from tests.dialer.line import Line, ready_agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(lin: Agent, client: Client) -> Client:  # noqa: F811
    """The browser of Lin."""
    client.force_login(lin.user)
    return client


def post(client: Client, line: Line, step: str, **fields: str) -> Any:
    return client.post(f"/desk/transfers/{line.transfer.pk}/{step}/", fields)


def talk_and_end(desk: Client, line: Line) -> None:
    """From the consent question to the end of the talk."""
    line.until_consent_asked()
    line.say("可以")
    assert post(desk, line, "accept").json()["answer"] == "accepted"
    line.joins("customer")
    line.joins("agent")
    line.leaves("customer")
    line.status("completed", CallDuration="120")


def test_the_page_carries_the_whole_state_and_no_full_number(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    page = desk.get("/desk/").content.decode()
    found = re.search(r'id="desk-state" type="application/json">(.*?)</script>', page)
    assert found is not None
    state = json.loads(found.group(1))
    assert state["agent"]["state"] == "reserved"
    assert state["transfer"]["state"] == "reserved"
    assert state["transfer"]["transcript"][0]["who"] == "robot"
    assert wang.call.to not in page
    assert wang.call.to[1:] not in page


def test_ready_and_break_at_the_press_of_the_switch(desk: Client) -> None:
    assert desk.post("/desk/presence/", {"state": "break"}).json()["agent"]["state"] == "break"
    assert desk.post("/desk/presence/", {"state": "ready"}).json()["agent"]["state"] == "ready"
    assert desk.post("/desk/presence/", {"state": "asleep"}).status_code == 400
    assert desk.post("/desk/ping/").json() == {"state": "ready"}


def test_no_break_while_a_customer_is_promised(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    answer = desk.post("/desk/presence/", {"state": "break"})
    assert answer.status_code == 409
    assert answer.json()["agent"]["state"] == "reserved"


def test_a_talk_from_the_pop_to_the_next_customer(desk: Client, wang: Line) -> None:  # noqa: F811
    talk_and_end(desk, wang)
    state = desk.get("/desk/state/").json()
    assert (state["agent"]["state"], state["transfer"]["state"]) == ("wrap_up", "wrap_up")
    fields = {"disposition": "sold", "note": "十万，十二期"}
    state = post(desk, wang, "wrap-up", **fields).json()
    assert (state["agent"]["state"], state["transfer"]) == ("ready", None)
    assert wang.transfer.note == "十万，十二期"
    assert post(desk, wang, "wrap-up", **fields).status_code == 409


def test_an_early_accept_is_answered_as_such(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    answer = post(desk, wang, "accept").json()
    assert (answer["answer"], answer["transfer"]["accepted_early"]) == ("early", True)


def test_accepting_a_customer_who_left_finds_nobody(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    wang.say("可以")
    wang.status("completed", CallDuration="60")
    answer = post(desk, wang, "accept").json()
    assert (answer["answer"], answer["transfer"]) == ("gone", None)


def test_declining_frees_the_agent(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    state = post(desk, wang, "reject").json()
    assert (state["agent"]["state"], state["transfer"]) == ("ready", None)


def test_a_write_up_says_what_is_missing(desk: Client, wang: Line) -> None:  # noqa: F811
    talk_and_end(desk, wang)
    nothing = post(desk, wang, "wrap-up")
    assert nothing.status_code == 400
    assert nothing.json()["error"]
    for when in ("", "nonsense", "2020-01-01T10:00", "2026-13-45T10:00"):
        answer = post(desk, wang, "wrap-up", disposition="callback", callback_at=when)
        assert answer.status_code == 400, when
    assert wang.transfer.state == TransferState.WRAP_UP


def test_a_callback_is_booked_at_the_banks_own_time(desk: Client, wang: Line) -> None:  # noqa: F811
    talk_and_end(desk, wang)
    tomorrow = (now() + timedelta(hours=8 + 24)).strftime("%Y-%m-%dT15:30")
    state = post(desk, wang, "wrap-up", disposition="callback", callback_at=tomorrow).json()
    assert state["agent"]["state"] == "ready"
    booked = Callback.objects.get()
    assert (booked.promised_at.hour, booked.promised_at.minute) == (7, 30)  # UTC


def test_another_agents_customer_does_not_exist(
    desk: Client,
    wang: Line,  # noqa: F811
    campaign: Campaign,  # noqa: F811
    cast: Cast,
) -> None:
    wang.until_consent_asked()
    other = Client()
    other.force_login(ready_agent(campaign, cast.agent_zhou).user)
    for step in ("accept", "reject", "hang-up", "wrap-up"):
        assert post(other, wang, step, disposition="sold").status_code == 404
    assert wang.transfer.state == TransferState.RESERVED
    assert not wang.transfer.accepted_early


def test_a_hand_over_that_never_was_is_not_found(desk: Client) -> None:
    answer = desk.post("/desk/transfers/6a0f3a52-4f0f-4f0f-8d0f-000000000001/accept/")
    assert answer.status_code == 404


def test_hanging_up_without_a_talk_is_refused(desk: Client, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    assert post(desk, wang, "hang-up").status_code == 409


def test_every_action_needs_the_csrf_token(lin: Agent, wang: Line) -> None:  # noqa: F811
    wang.until_consent_asked()
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(lin.user)
    for path in (
        "/desk/presence/",
        "/desk/ping/",
        f"/desk/transfers/{wang.transfer.pk}/accept/",
        f"/desk/transfers/{wang.transfer.pk}/wrap-up/",
    ):
        assert stranger.post(path).status_code == 403, path
    assert not wang.transfer.accepted_early


def test_the_role_without_a_place_is_told_so(cast: Cast, client: Client) -> None:
    Team.objects.create(code="cards", name="信用卡组")
    client.force_login(cast.agent_lin)
    assert client.get("/desk/").status_code == 404
    assert client.post("/desk/ping/").status_code == 404


def test_a_booked_callback_is_called_from_the_desk(desk: Client, wang: Line) -> None:  # noqa: F811
    talk_and_end(desk, wang)
    soon = (now() + timedelta(hours=8, minutes=20)).strftime("%Y-%m-%dT%H:%M")
    state = post(desk, wang, "wrap-up", disposition="callback", callback_at=soon).json()
    (booked,) = state["callbacks"]
    assert (booked["state"], booked["too_late"]) == ("booked", False)
    state = desk.post(f"/desk/callbacks/{booked['id']}/call/").json()
    assert (state["transfer"]["state"], state["transfer"]["kind"]) == ("accepted", "callback")
    assert state["callbacks"][0]["state"] == "calling"
    # a second press while it is under way says so and starts nothing
    assert desk.post(f"/desk/callbacks/{booked['id']}/call/").status_code == 409


def test_a_callback_beyond_the_campaigns_end_is_not_booked(desk: Client, wang: Line) -> None:  # noqa: F811
    talk_and_end(desk, wang)
    far = (now() + timedelta(days=11)).strftime("%Y-%m-%dT%H:%M")
    answer = post(desk, wang, "wrap-up", disposition="callback", callback_at=far)
    assert answer.status_code == 400


def test_another_teams_callback_is_not_found(desk: Client) -> None:
    assert desk.post("/desk/callbacks/4711/call/").status_code == 404
