"""Promising people to calls."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import close_old_connections, connection

from agents.domain.agent_state import AgentState, ReservationState
from agents.models import Agent, PresenceChange, Reservation, Team
from agents.presence import go_ready, note_missed_offer
from agents.reserving import busy, expire_overdue, release, reserve, wrap_up
from clock.reading import now, real
from tests.agents.conftest import MakeAgent


def reserve_one(team: Team, **more: object) -> Reservation:
    reservation = reserve(team_id=team.pk, call_ref=uuid4(), now=now(), **more)  # type: ignore[arg-type]
    assert reservation is not None
    return reservation


def state_of(agent: Agent) -> str:
    return Agent.objects.values_list("state", flat=True).get(pk=agent.pk)


def test_the_longest_idle_agent_is_promised_first(team: Team, make_agent: MakeAgent) -> None:
    make_agent("short", idle_s=10)
    long = make_agent("long", idle_s=100)
    assert reserve_one(team).agent == long
    assert state_of(long) == AgentState.RESERVED


def test_nobody_is_promised_twice_and_none_is_found_when_all_are_taken(
    team: Team, make_agent: MakeAgent
) -> None:
    make_agent("a")
    make_agent("b")
    assert {reserve_one(team).agent.user.username, reserve_one(team).agent.user.username} == {
        "a",
        "b",
    }
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is None


@pytest.mark.parametrize("state", [s for s in AgentState if s is not AgentState.READY])
def test_only_the_ready_are_promised(team: Team, make_agent: MakeAgent, state: AgentState) -> None:
    make_agent("a", state=state)
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is None


def test_a_silent_browser_is_not_promised(team: Team, make_agent: MakeAgent) -> None:
    make_agent("a", seen_s=9)
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is None


def test_who_was_offered_the_customer_before_is_skipped(team: Team, make_agent: MakeAgent) -> None:
    first = make_agent("first", idle_s=100)
    second = make_agent("second", idle_s=10)
    assert reserve_one(team, excluding=[first.pk]).agent == second


def test_another_teams_agents_are_not_taken(team: Team, make_agent: MakeAgent) -> None:
    make_agent("a")
    other = Team.objects.create(code="cards", name="信用卡组")
    assert reserve(team_id=other.pk, call_ref=uuid4(), now=now()) is None


def test_a_promise_in_vain_keeps_the_place_in_the_queue(team: Team, make_agent: MakeAgent) -> None:
    first = make_agent("first", state=AgentState.BREAK)
    second = make_agent("second", state=AgentState.BREAK)
    for agent in (first, second):
        assert go_ready(agent)
    for _ in range(2):  # also after the second promise in vain
        reservation = reserve_one(team)
        assert reservation.agent == first
        assert release(reservation.pk, "no_consent")
    assert state_of(first) == AgentState.READY
    assert reserve_one(team).agent == first


def miss(reservation: Reservation) -> None:
    assert release(reservation.pk, "missed")
    note_missed_offer(reservation.agent_id)


def test_a_missed_offer_goes_to_the_end_and_the_second_to_a_break(
    team: Team, make_agent: MakeAgent
) -> None:
    first = make_agent("first", idle_s=100)
    second = make_agent("second", idle_s=10)
    miss(reserve_one(team))
    assert state_of(first) == AgentState.READY
    again = reserve_one(team)
    assert again.agent == second
    release(again.pk, "declined")
    assert reserve_one(team, excluding=[second.pk]).agent == first
    assert release(Reservation.objects.latest("created_at").pk, "no_consent")
    miss(reserve_one(team, excluding=[second.pk]))
    assert state_of(first) == AgentState.BREAK
    change = PresenceChange.objects.filter(agent=first).latest("pk")
    assert change.cause == "missed_offers"


def test_an_accept_forgives_missed_offers(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a")
    miss(reserve_one(team))
    assert busy(reserve_one(team).pk)
    agent.refresh_from_db()
    assert (agent.missed_offers, agent.state) == (0, AgentState.TALKING.value)


def test_a_talk_is_written_up_before_the_next_and_every_step_works_once(
    team: Team, make_agent: MakeAgent
) -> None:
    agent = make_agent("a")
    reservation = reserve_one(team)
    assert busy(reservation.pk)
    assert not busy(reservation.pk)
    assert wrap_up(reservation.pk)
    assert not wrap_up(reservation.pk)
    assert state_of(agent) == AgentState.WRAP_UP
    assert not go_ready(agent)
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is None
    assert release(reservation.pk, "wrapped_up")
    assert not release(reservation.pk, "wrapped_up")
    assert state_of(agent) == AgentState.READY


def test_who_accepted_and_met_nobody_is_ready_again(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a")
    reservation = reserve_one(team)
    busy(reservation.pk)
    assert release(reservation.pk, "customer_gone")
    assert state_of(agent) == AgentState.READY


def test_an_overdue_promise_ends_by_itself(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a")
    reservation = reserve_one(team)
    assert expire_overdue() == 0
    Reservation.objects.update(expires_at=real() - timedelta(seconds=1))
    assert expire_overdue() == 1
    reservation.refresh_from_db()
    assert (reservation.state, reservation.cause) == (ReservationState.RELEASED.value, "expired")
    assert state_of(agent) == AgentState.READY


@pytest.mark.django_db(transaction=True)
def test_twenty_calls_at_once_share_five_agents_without_a_quarrel(
    team: Team, make_agent: MakeAgent
) -> None:
    for number in range(5):
        make_agent(f"agent{number}", idle_s=number)
    start = threading.Barrier(20)
    won: list[int] = []
    errors: list[BaseException] = []

    def one() -> None:
        close_old_connections()
        try:
            start.wait()
            reservation = reserve(team_id=team.pk, call_ref=uuid4(), now=now())
            if reservation is not None:
                won.append(reservation.agent_id)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    # SKIP LOCKED may pass over an agent somebody else is just looking at, but never doubles one
    assert len(won) == len(set(won))
    while reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is not None:
        pass
    assert Reservation.objects.count() == 5
    assert Reservation.objects.values("agent").distinct().count() == 5
