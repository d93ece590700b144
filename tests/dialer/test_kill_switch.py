"""The kill switch and the dialer: what is planned, queued and ringing stops; what talks goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import django_rq
import pytest
from django.db import connections

from agents.models import Agent
from agents.presence import go_ready, ping
from campaigns.domain.lead_state import LeadState
from campaigns.models import Lead
from clock.reading import now
from compliance import switching
from compliance.models import Attempt
from dialer import health
from dialer.cancelling import unwanted
from dialer.domain.call_state import ENDS, CallState
from dialer.jobs import QUEUE
from dialer.leading import Leader, tick_s
from dialer.management.commands.rundialer import run
from dialer.models import Call
from dialer.placing import place_call
from tests.dialer.conftest import Carrier
from tests.dialer.test_leading import leader
from tests.dialer.world import World


def on_the_line(world: World, kind: str, state: CallState) -> int:
    call = Call.objects.create(
        kind=kind,
        state=state.value,
        campaign=world.campaign,
        to="+8613905710001",
        sid=f"CA-{kind}-{state}"[:34],
        planned_at=now(),
    )
    return call.pk


@pytest.mark.parametrize(
    ("scope", "kinds"),
    [
        ("all", {"robot", "test"}),
        ("robot", {"robot"}),
        ("campaign:own", {"robot", "test"}),
        ("campaign:0", set()),
        ("what nobody can read", {"robot", "test"}),
    ],
)
def test_a_switch_ends_what_nobody_has_answered(world: World, scope: str, kinds: set[str]) -> None:
    every = {
        (kind, state): on_the_line(world, kind, state)
        for kind in ("robot", "test", "agent_leg", "inbound")
        for state in (CallState.QUEUED, CallState.RINGING, CallState.ANSWERED)
    }
    assert unwanted() == []
    switching.throw(
        scope=scope.replace("own", str(world.campaign.pk)), reason="test", actor_id=None
    )
    waiting = (CallState.QUEUED, CallState.RINGING)
    wanted = {pk for (kind, state), pk in every.items() if kind in kinds and state in waiting}
    assert {each.call_id for each in unwanted()} == wanted


@pytest.mark.parametrize(
    ("scope", "some"),
    [("all", False), ("robot", False), ("campaign:own", False), ("campaign:0", True)],
)
def test_nobody_is_planned_while_a_switch_is_thrown(world: World, scope: str, some: bool) -> None:
    due = Lead.objects.filter(state=LeadState.DUE.value)
    before = due.count()
    scope = scope.replace("own", str(world.campaign.pk))
    switch = switching.throw(scope=scope, reason="test", actor_id=None)
    lead = leader()
    lead.step()
    assert Call.objects.exists() is some
    assert (due.count() < before) is some
    switching.release(switch, actor_id=None)
    lead.step()
    lead.close()
    assert Call.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_thrown_while_the_dialer_runs_it_stops_everything_within_a_tick(
    committed_world: World, carrier: Carrier
) -> None:
    """The dialer as `rundialer` runs it, the real carrier: one telephone rings, one call waits."""
    world = committed_world
    ringing, planned = world.claim(2)
    place_call(ringing.pk)
    wait_for(lambda: state_of(ringing) is CallState.RINGING, "it rings")
    stop = threading.Event()
    dialer = threading.Thread(target=_dial, args=(stop,))
    dialer.start()
    try:
        wait_for(lambda: health.read().leader_seen_at is not None, "the dialer leads")
        thrown = time.monotonic()
        switch = switching.throw(scope="all", reason="test", actor_id=None)
        wait_for(lambda: state_of(ringing) in ENDS, "it ends")
        # a tick comes every second and asks the carrier; the rest is this machine's business
        assert tick_s(1.0) <= 1.0
        assert time.monotonic() - thrown < 3.0
        assert "canceled" in {event["event"] for event in carrier.events()}
        # what was planned asks the gate, and stays due
        work_off_the_queue()
        assert state_of(planned) is CallState.REFUSED
        assert planned.lead is not None
        planned.lead.refresh_from_db()
        assert planned.lead.state == LeadState.DUE
        assert not Attempt.objects.filter(state__in=["reserved", "bound"]).exists()
        dialled = [event for event in carrier.events() if event["event"] == "queued"]
        assert len(dialled) == 1
        switching.release(switch, actor_id=None)
        Lead.objects.filter(state=LeadState.DUE.value).update(due_at=now())
        wait_for(lambda: planned_again(world), "it goes on")
    finally:
        stop.set()
        dialer.join(20)


def _dial(stop: threading.Event) -> None:
    try:
        run(Leader(), stop)
    finally:
        connections.close_all()


def planned_again(world: World) -> bool:
    """Whether there are more calls than the two; the agent stays where they are meanwhile."""
    ping(world.agent)
    go_ready(Agent.objects.get(pk=world.agent.pk))
    return Call.objects.count() > 2


def state_of(call: Call) -> CallState:
    return CallState(Call.objects.values_list("state", flat=True).get(pk=call.pk))


def work_off_the_queue() -> None:
    queue: Any = django_rq.get_queue(QUEUE)
    jobs = queue.jobs
    queue.empty()
    for job in jobs:
        place_call(*job.args)


def wait_for(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
