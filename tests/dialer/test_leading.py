"""dialer.leading: one leader, a tick's parts, and a campaign that runs to its end."""

from __future__ import annotations

import signal
import threading
import time
from datetime import timedelta
from typing import Any

import django_rq
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from agents.presence import go_ready, ping
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.models import Lead
from campaigns.steering import stop
from clock.reading import now, real
from clock.setting import set_sandbox_clock
from database.session_locks import try_lock, unlock
from dialer import health
from dialer.domain.call_state import ENDS, CallState
from dialer.errands import Errands
from dialer.jobs import QUEUE
from dialer.leading import Leader, tick_s
from dialer.locks import Space
from dialer.models import Call, CallEvent, Heartbeat, Transfer
from dialer.placing import place_call
from dialer.wall import wall_snapshot
from tests.backends import end_backend
from tests.dialer.conftest import Carrier
from tests.dialer.world import World
from tests.processes import manage


def leader() -> Leader:
    return Leader(errands=Errands(threads=0))


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 1.0), (4.0, 0.5), (16.0, 0.25), (60.0, 0.25)])
def test_a_faster_clock_ticks_more_often_within_reason(speed: float, seconds: float) -> None:
    assert tick_s(speed) == pytest.approx(seconds)


def test_a_tick_plans_calls_within_pacing_and_shows_the_wall(world: World) -> None:
    lead = leader()
    assert lead.step()
    lead.close()
    calls = Call.objects.all()
    assert 1 <= calls.count() <= 2  # one agent, two callable people
    assert {call.state for call in calls} == {CallState.PLANNED}
    assert health.read().leader_seen_at is not None


def test_without_a_ready_agent_nothing_is_planned(world: World) -> None:
    Agent.objects.update(state="break")
    lead = leader()
    assert lead.step()
    lead.close()
    assert not Call.objects.exists()


def test_an_agent_whose_browser_is_gone_does_not_count(world: World) -> None:
    Agent.objects.update(seen_at=real() - timedelta(minutes=1))
    lead = leader()
    lead.step()
    lead.close()
    assert not Call.objects.exists()


def test_while_the_carrier_is_down_only_a_probe_is_planned(world: World) -> None:
    health.carrier_failed("down")
    lead = leader()
    lead.step()
    assert not Call.objects.exists()
    Heartbeat.objects.filter(name="carrier").update(failed_at=real() - timedelta(seconds=10))
    lead.step()
    lead.close()
    assert Call.objects.count() == 1


def test_a_campaign_that_loses_too_many_customers_is_paused(world: World) -> None:
    at = now()
    for index in range(100):
        call = Call.objects.create(
            kind="robot",
            state=CallState.COMPLETED.value,
            campaign=world.campaign,
            to="+861",
            planned_at=at,
        )
        Transfer.objects.create(
            call=call,
            campaign=world.campaign,
            state="abandoned" if index < 3 else "done",
            connected_at=None if index < 3 else at,
            reserved_at=at,
            consented_at=at,
        )
    lead = leader()
    lead.step()
    lead.close()
    world.campaign.refresh_from_db()
    assert (world.campaign.state, world.campaign.pause_cause) == ("paused", "abandonment")
    assert not Call.objects.filter(state=CallState.PLANNED.value).exists()


def test_a_campaign_whose_time_is_over_ends_and_its_leads_expire(world: World) -> None:
    set_sandbox_clock(sim=world.campaign.ends_at)
    lead = leader()
    lead.step()
    lead.close()
    world.campaign.refresh_from_db()
    assert world.campaign.state == CampaignState.ENDED
    states = set(Lead.objects.values_list("state", flat=True))
    assert states == {LeadState.EXPIRED.value, LeadState.BLOCKED.value}


def test_a_campaign_with_nothing_left_to_do_ends(world: World) -> None:
    Lead.objects.filter(state=LeadState.DUE.value).update(state=LeadState.SETTLED.value)
    lead = leader()
    lead.step()
    lead.close()
    world.campaign.refresh_from_db()
    assert world.campaign.state == CampaignState.ENDED


def test_a_stopped_campaigns_leads_expire(world: World) -> None:
    stop(world.campaign, world.cast.marketer)
    lead = leader()
    lead.step()
    lead.close()
    assert not Lead.objects.filter(state=LeadState.DUE.value).exists()


def test_one_part_of_a_tick_that_fails_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_at: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr("dialer.transferring.sweep_transfers", broken)
    lead = leader()
    assert lead.step()
    lead.close()
    assert Call.objects.exists()
    assert "the tick's part transfers failed" in caplog.text


def test_a_tick_costs_a_bounded_number_of_queries(world: World) -> None:
    lead = leader()
    lead.step()
    with CaptureQueriesContext(connection) as queries:
        lead.step()
    lead.close()
    assert len(queries) < 60


def test_the_wall_is_plain_json_and_names_no_customer(world: World) -> None:
    world.claim(2)
    wall = wall_snapshot(now())
    text = str(wall)
    assert wall["lines"] == {"used": 2, "limit": 60, "planned": 2}
    assert wall["agents"]["counts"]["ready"] == 1
    assert wall["campaigns"][0]["calling"] == 2
    for customer in (world.cast.wang, world.cast.zhao):
        assert customer.name not in text
    assert "+86139" not in text


# --- leadership ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_leaders_one_ticks_and_the_other_takes_over_when_it_goes(
    committed_world: World,
) -> None:
    first, second = leader(), leader()
    results: list[bool] = []

    def standby() -> None:
        try:
            results.append(second.step())
        finally:
            second.close()
            connections.close_all()

    assert first.step()
    other = threading.Thread(target=standby)
    other.start()
    other.join(20)
    assert results == [False]
    first.close()
    other = threading.Thread(target=standby)
    other.start()
    other.join(20)
    assert results == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_leader_that_lost_its_connection_does_not_tick_on_another(
    committed_world: World,
) -> None:
    lead = leader()
    assert lead.step()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]

    end_backend(pid)
    assert not lead.step()  # it notices, and resigns
    assert lead.step()  # a new connection, a new lock
    lead.close()


@pytest.mark.django_db(transaction=True)
def test_once_says_by_its_exit_code_whether_it_led(committed_world: World) -> None:
    call_command("rundialer", "--once")
    holder_ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        assert try_lock(Space.LEADER)
        holder_ready.set()
        done.wait(10)
        unlock(Space.LEADER)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    holder_ready.wait(10)
    with pytest.raises(SystemExit) as ended:
        call_command("rundialer", "--once")
    done.set()
    holder.join(10)
    assert ended.value.code == 1


@pytest.mark.django_db(transaction=True)
def test_a_leader_killed_with_kill_9_is_replaced_and_one_told_to_stop_stops(
    committed_world: World,
) -> None:
    Agent.objects.update(state="break")  # nothing to dial: this is about who leads
    with manage("rundialer") as first:
        _wait_for_leader(first.pid)
        with manage("rundialer") as second:
            first.kill()
            first.wait(10)
            _wait_for_leader(second.pid)
            second.send_signal(signal.SIGTERM)
            assert second.wait(10) == 0
    assert try_lock(Space.LEADER)
    unlock(Space.LEADER)


def _wait_for_leader(pid: int) -> None:
    deadline = time.monotonic() + 20
    while not health.read().leader.endswith(f":{pid}"):
        assert time.monotonic() < deadline, "nobody leads"
        time.sleep(0.05)


# --- the whole way -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_campaign_runs_to_its_end_on_the_real_carrier(
    committed_world: World, carrier: Carrier
) -> None:
    world = committed_world
    set_clock(carrier, speed=60.0)
    run(world, carrier)
    calls = Call.objects.filter(kind="robot")
    # Qian shares Zhao's number: the leader waits for his call's end, the gate for the gap after it
    ended = {call.customer_id: call.state for call in calls}
    assert ended[world.cast.qian.pk] == CallState.REFUSED
    assert world.lead(world.cast.qian).codes == ["MIN_GAP"]
    assert {"initiated", "ringing"} <= {event["event"] for event in carrier.events()}
    dialled = [event for event in carrier.events() if event["event"] == "initiated"]
    customers = [event["sid"] for event in dialled if event["to"].startswith("+86")]
    assert sorted(customers) == sorted(call.sid for call in calls if call.sid)


@pytest.mark.django_db(transaction=True)
def test_a_call_whose_creation_answered_500_is_found_by_its_first_webhook(
    committed_world: World, carrier: Carrier
) -> None:
    world = committed_world
    set_clock(carrier, speed=60.0)
    carrier.control("faults", {"create_500": 1000})
    run(world, carrier)
    calls = Call.objects.filter(kind="robot").exclude(state=CallState.REFUSED.value)
    doubted = CallEvent.objects.filter(new="unknown").values_list("call_id", flat=True)
    # a webhook can even be faster than the 500: then there was never a doubt
    assert set(doubted) <= {call.pk for call in calls}
    created = [event["sid"] for event in carrier.events() if event["event"] == "queued"]
    assert sorted(created) == sorted(call.sid or "" for call in calls)


def run(world: World, carrier: Carrier) -> None:
    """Lead, place and keep the agent present until three calls were planned and all have ended."""
    lead = leader()
    queue: Any = django_rq.get_queue(QUEUE)
    deadline = time.monotonic() + 25
    calls = Call.objects.filter(kind="robot")
    live = calls.exclude(state__in=[state.value for state in ENDS])
    try:
        while calls.count() < 3 or live.exists():
            assert time.monotonic() < deadline, "the campaign does not come to its end"
            ping(world.agent)
            go_ready(Agent.objects.get(pk=world.agent.pk))
            assert lead.step()
            jobs = queue.jobs
            queue.empty()
            for job in jobs:
                place_call(*job.args)
            time.sleep(0.1)
    finally:
        lead.close()
    assert not Lead.objects.filter(state=LeadState.CALLING.value).exists()


def set_clock(carrier: Carrier, *, speed: float) -> None:
    """Both clocks at once, as the sandbox page does it."""
    anchors = set_sandbox_clock(speed=speed)
    carrier.control(
        "clock",
        {
            "anchor_real": anchors.real.isoformat(),
            "anchor_sim": anchors.sim.isoformat(),
            "speed": anchors.speed,
        },
    )
