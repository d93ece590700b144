"""Signing in and out, home, language, health."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from agents.domain.agent_state import AgentState
from agents.models import Agent, Team
from agents.presence import go_ready
from clock.models import SandboxClock
from live.tickets import read
from tests.cast import PASSWORD, Cast


def test_a_password_opens_the_page_that_was_wanted(cast: Cast, client: Client) -> None:
    fields = {"username": "supervisor", "password": PASSWORD, "next": "/wall/"}
    answer = client.post("/sign-in/", fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall/")


def test_a_wrong_password_is_told_politely(cast: Cast, client: Client) -> None:
    fields = {"username": "supervisor", "password": "wrong"}
    answer = client.post("/sign-in/", fields, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "do not match" in answer.content.decode()


def test_signing_in_leads_to_no_other_site(cast: Cast, client: Client) -> None:
    fields = {"username": "supervisor", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/sign-in/", fields).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("agent_lin", "/desk/"),
        ("manager_xihu", "/inbox/"),
        ("supervisor", "/wall/"),
        ("marketer", "/campaigns/"),
        ("officer", "/compliance/"),
        ("writer", "/workbench/"),
    ],
)
def test_home_is_where_the_role_works(
    cast: Cast, client: Client, person: str, address: str
) -> None:
    client.force_login(getattr(cast, person))
    assert client.get("/").headers["Location"] == address


def test_somebody_without_a_role_is_told_whom_to_ask(cast: Cast, client: Client) -> None:
    client.force_login(cast.outsider)
    answer = client.get("/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "ask operations" in answer.content.decode()


def test_signing_out_takes_the_agent_off_the_desk(cast: Cast, client: Client) -> None:
    team = Team.objects.create(code="cards", name="信用卡组")
    agent = Agent.objects.create(user=cast.agent_lin, team=team)
    go_ready(agent)
    client.force_login(cast.agent_lin)
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    agent.refresh_from_db()
    assert agent.state == AgentState.OFFLINE.value
    assert client.get("/desk/").status_code == 302


def test_a_link_cannot_sign_anybody_out(cast: Cast, client: Client) -> None:
    client.force_login(cast.supervisor)
    assert client.get("/sign-out/").status_code == 405


def test_the_language_is_kept_for_browser_and_user(cast: Cast, client: Client) -> None:
    client.force_login(cast.supervisor)
    answer = client.post("/language/", {"language": "zh-hans", "next": "/wall/"})
    assert answer.headers["Location"] == "/wall/"
    assert User.objects.get(pk=cast.supervisor.pk).language == "zh-hans"
    assert client.get("/wall/").headers["Content-Language"] == "zh-hans"
    elsewhere = client.post("/language/", {"language": "en", "next": "//evil.example/"})
    assert elsewhere.headers["Location"] == "/"


def test_an_unknown_language_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.supervisor)
    client.post("/language/", {"language": "tlh"})
    assert User.objects.get(pk=cast.supervisor.pk).language == "en"


def test_a_missing_page_is_explained(cast: Cast, client: Client) -> None:
    client.force_login(cast.supervisor)
    answer = client.get("/no-such-page/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


def test_the_banner_tells_simulated_time_in_the_sandbox_only(
    cast: Cast, client: Client, settings: Settings
) -> None:
    SandboxClock.objects.create(
        anchor_real="2026-01-01T00:00:00Z", anchor_sim="2026-03-10T06:00:00Z", speed=10
    )
    settings.SANDBOX = True
    assert "data-sim-clock" in client.get("/sign-in/").content.decode()
    settings.SANDBOX = False
    assert "data-sim-clock" not in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    ("person", "wanted"),
    [("supervisor", ["wall"]), ("manager_xihu", ["branch"]), ("agent_lin", ["agent"])],
)
def test_a_ticket_holds_what_the_user_may_hear(
    cast: Cast, client: Client, person: str, wanted: list[str]
) -> None:
    Agent.objects.create(
        user=cast.agent_lin, team=Team.objects.create(code="cards", name="信用卡组")
    )
    client.force_login(getattr(cast, person))
    url = client.get("/live-ticket/").json()["url"]
    channels = read(url.partition("ticket=")[2].replace("%3A", ":"))
    assert [channel.partition(":")[0] for channel in channels] == wanted
    if person == "manager_xihu":
        assert channels == [f"branch:{cast.xihu.pk}"]


def test_a_campaigns_channel_needs_the_right_to_see_results(cast: Cast, client: Client) -> None:
    def channels(user: User) -> list[str]:
        client.force_login(user)
        url = client.get("/live-ticket/?campaign=7").json()["url"]
        return read(url.partition("ticket=")[2].replace("%3A", ":"))

    assert "campaign:7" in channels(cast.marketer)
    assert "campaign:7" not in channels(cast.agent_lin)


@pytest.mark.django_db
def test_health_needs_nothing_and_readiness_everything(client: Client, settings: Settings) -> None:
    assert client.get("/healthz").content == b"ok"
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    unready = client.get("/readyz")
    assert (unready.status_code, unready.json()["redis"]) == (503, False)
