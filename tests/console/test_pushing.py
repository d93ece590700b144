"""From a change in the database to the browser that watches, through real processes.

The bots of the sandbox are the browsers here: what they can do, a desk can.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPResponse

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from agents.domain.agent_state import AgentState
from agents.models import Agent
from agents.presence import go_break
from campaigns.models import Campaign
from clock.setting import set_sandbox_clock
from dialer.domain.transfer_state import TransferState
from live.publishing import publish
from live.tickets import issue
from sandbox.agent_bots import NoSuchAgent, disposition_of, play
from tests.cast import Cast
from tests.console.handing_over import campaign, carrier, lin, wang  # noqa: F401 (fixtures)
from tests.console.live_process import live_process
from tests.dialer.line import Line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pushing(settings: Settings, live_server: LiveServer) -> Iterator[str]:
    settings.PUBLIC_BASE_URL = live_server.url
    with live_process(live_server.url) as base:
        settings.LIVE_BASE_URL = base
        yield base


def until(true: Callable[[], bool], within_s: float = 15.0) -> None:
    """Wait for something that other processes do."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def next_event(stream: HTTPResponse) -> tuple[str, object]:
    """The next event of a stream; comments are passed over."""
    event = ""
    while True:
        line = stream.readline().decode().rstrip("\n")
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return event, json.loads(line.removeprefix("data: "))


def test_a_change_reaches_the_browser_with_this_right_and_no_other(
    cast: Cast,
    client: Client,
    pushing: str,
    settings: Settings,
    lin: Agent,  # noqa: F811
) -> None:
    client.force_login(lin.user)
    url = client.get("/live-ticket/").json()["url"]
    assert url.startswith(pushing)
    with urllib.request.urlopen(url, timeout=10) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Access-Control-Allow-Origin"] == settings.PUBLIC_BASE_URL
        assert next_event(stream) == ("open", {})
        publish("wall", "snapshot", {"not": "for agents"})
        go_break(lin)
        event, data = next_event(stream)
    assert event == "presence"
    assert isinstance(data, dict)
    assert data["agent"]["state"] == "break"


def test_a_forged_ticket_hears_nothing(cast: Cast, pushing: str) -> None:
    good = issue(1, ["wall"])
    for ticket in ("", "nonsense", good[:-2] + "xx"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{pushing}/live/?ticket={ticket}", timeout=5)
        assert refused.value.code == 403
        refused.value.close()


class Bots(threading.Thread):
    """Bots at work beside the test, as `manage.py sandboxagents` runs them."""

    def __init__(self, base_url: str, usernames: list[str]) -> None:
        super().__init__(daemon=True)
        self._base_url, self._usernames = base_url, usernames
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[Counter[str]] | None = None
        self.done: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        async def playing() -> Counter[str]:
            return await play(base_url=self._base_url, usernames=self._usernames, seed="7")

        self._task = self._loop.create_task(playing())
        try:
            self.done = self._loop.run_until_complete(self._task)
        except BaseException as error:
            self.error = error
        finally:
            self._loop.close()

    def __enter__(self) -> Bots:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None and self.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.join(20)


def state_of(agent: Agent) -> str:
    return Agent.objects.values_list("state", flat=True).get(pk=agent.pk)


def test_a_bot_takes_a_customer_and_writes_the_talk_up(
    campaign: Campaign,  # noqa: F811
    lin: Agent,  # noqa: F811
    wang: Line,  # noqa: F811
    pushing: str,
    live_server: LiveServer,
) -> None:
    go_break(lin)
    set_sandbox_clock(speed=60)  # a write-up of ten simulated seconds takes a moment
    with Bots(live_server.url, ["agent_lin"]) as bots:
        until(lambda: state_of(lin) == AgentState.READY)
        wang.until_consent_asked()
        # pushed, not polled: the bot accepts while the robot still asks
        until(lambda: wang.transfer.accepted_early, within_s=2.5)
        wang.say("可以")
        assert wang.transfer.state == TransferState.ACCEPTED
        wang.joins("customer")
        wang.joins("agent")
        assert state_of(lin) == AgentState.TALKING
        wang.leaves("customer")
        wang.status("completed", CallDuration="120")
        until(lambda: wang.transfer.state == TransferState.DONE)
        until(lambda: state_of(lin) == AgentState.READY)
    assert bots.error is None
    # an accept is itself pushed back; the bot does not answer its own echo
    assert 1 <= bots.done["early"] <= 2
    expected = disposition_of("7", wang.call.customer_id).disposition
    assert wang.transfer.disposition == expected
    assert state_of(lin) == AgentState.OFFLINE  # it signed off


def test_a_bot_without_an_account_says_so(
    cast: Cast, settings: Settings, live_server: LiveServer
) -> None:
    settings.SANDBOX = True
    with pytest.raises(NoSuchAgent, match="agent99"):
        asyncio.run(play(base_url=live_server.url, usernames=["agent99"], seed="7"))


def test_what_comes_of_a_talk_hangs_on_seed_and_customer_alone() -> None:
    assert disposition_of("7", 12) == disposition_of("7", 12)
    drawn = Counter(disposition_of("7", key).disposition for key in range(2000))
    assert set(drawn) >= {"sold", "interested_later", "callback", "not_interested", "opt_out"}
