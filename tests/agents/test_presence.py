"""Ready, break, gone; and that every path through the states keeps its promises."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.domain.agent_state import AgentState, ReservationState, may_become
from agents.models import Agent, PresenceChange, Reservation, Team
from agents.presence import (
    free_if_unseen,
    go_break,
    go_ready,
    note_missed_offer,
    ping,
    sign_out,
)
from agents.reserving import busy, release, reserve, wrap_up
from clock.reading import now, real
from tests.agents.conftest import MakeAgent


def test_ready_and_break_are_written_down(make_agent: MakeAgent) -> None:
    agent = make_agent("a", state=AgentState.OFFLINE)
    assert go_ready(agent)
    assert go_ready(agent)  # twice is once
    assert go_break(agent)
    assert list(PresenceChange.objects.order_by("pk").values_list("old", "new", "cause")) == [
        ("offline", "ready", "by_hand"),
        ("ready", "break", "by_hand"),
    ]


@pytest.mark.parametrize("state", [AgentState.RESERVED, AgentState.TALKING])
def test_a_promise_or_a_talk_is_not_left_by_hand(make_agent: MakeAgent, state: AgentState) -> None:
    agent = make_agent("a", state=state)
    assert not go_break(agent)
    assert not go_ready(agent)
    assert not PresenceChange.objects.exists()


def test_ready_ends_a_wrap_up(make_agent: MakeAgent) -> None:
    assert go_ready(make_agent("a", state=AgentState.WRAP_UP))


def test_asking_for_ready_counts_as_a_sign_of_life(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a", state=AgentState.OFFLINE, seen_s=100)
    go_ready(agent)
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is not None


def test_a_closed_tab_frees_the_agent_and_the_promise(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a")
    reservation = reserve(team_id=team.pk, call_ref=uuid4(), now=now())
    assert reservation is not None
    assert free_if_unseen() == 0
    Agent.objects.update(seen_at=real() - timedelta(seconds=8.5))
    assert free_if_unseen() == 1
    agent.refresh_from_db()
    reservation.refresh_from_db()
    assert agent.state == AgentState.OFFLINE.value
    assert (reservation.state, reservation.cause) == ("released", "browser_gone")
    assert free_if_unseen() == 0


def test_a_ping_keeps_the_agent(make_agent: MakeAgent) -> None:
    agent = make_agent("a", seen_s=100)
    ping(agent)
    assert free_if_unseen() == 0


def test_a_talk_outlives_the_page_and_blocks_a_second_customer(
    team: Team, make_agent: MakeAgent
) -> None:
    agent = make_agent("a")
    reservation = reserve(team_id=team.pk, call_ref=uuid4(), now=now())
    assert reservation is not None
    busy(reservation.pk)
    Agent.objects.update(seen_at=None)
    assert free_if_unseen() == 1
    reservation.refresh_from_db()
    assert reservation.state == ReservationState.TAKEN.value
    assert not go_ready(agent)  # the page is open again while the voice still talks
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is None
    assert not wrap_up(reservation.pk)
    assert release(reservation.pk, "wrapped_up")
    assert go_ready(agent)
    assert reserve(team_id=team.pk, call_ref=uuid4(), now=now()) is not None


def test_signing_out_releases_a_promise_but_not_a_talk(team: Team, make_agent: MakeAgent) -> None:
    agent = make_agent("a")
    reservation = reserve(team_id=team.pk, call_ref=uuid4(), now=now())
    assert reservation is not None
    assert sign_out(agent)
    assert Reservation.objects.get().cause == "signed_out"
    talking = make_agent("b", state=AgentState.TALKING)
    assert not sign_out(talking)


OPERATIONS = [
    "go_ready", "go_break", "sign_out", "unseen", "reserve", "busy", "wrap_up", "release", "missed",
    "note",
]  # fmt: skip


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=st.lists(st.sampled_from(OPERATIONS), max_size=14))
def test_whatever_happens_the_states_agree(
    team: Team, make_agent: MakeAgent, operations: list[str]
) -> None:
    """Every change is in the table and in the log; promises and states tell the same story."""
    with transaction.atomic():
        agent = make_agent("somebody", state=AgentState.OFFLINE)
        last = None
        for operation in operations:
            made = _perform(operation, agent, team, last)
            last = made or last
            _check(agent)
        transaction.set_rollback(True)


def _perform(
    operation: str, agent: Agent, team: Team, last: Reservation | None
) -> Reservation | None:
    if operation == "reserve":
        return reserve(team_id=team.pk, call_ref=uuid4(), now=now())
    if operation == "unseen":
        Agent.objects.filter(pk=agent.pk).update(seen_at=None)
        free_if_unseen()
    elif operation in ("go_ready", "go_break", "sign_out"):
        {"go_ready": go_ready, "go_break": go_break, "sign_out": sign_out}[operation](agent)
    elif operation == "note":
        note_missed_offer(agent.pk)
    elif last is not None and operation in ("release", "missed"):
        release(last.pk, operation)
    elif last is not None:
        {"busy": busy, "wrap_up": wrap_up}[operation](last.pk)
    return None


def _check(agent: Agent) -> None:
    state = AgentState(Agent.objects.values_list("state", flat=True).get(pk=agent.pk))
    changes = list(PresenceChange.objects.filter(agent=agent).order_by("pk"))
    assert all(may_become(AgentState(c.old), AgentState(c.new)) for c in changes)
    assert all(one.new == following.old for one, following in pairwise(changes))
    assert (changes[-1].new if changes else "offline") == state.value
    live = list(
        Reservation.objects.filter(agent=agent)
        .exclude(state=ReservationState.RELEASED.value)
        .values_list("state", flat=True)
    )
    assert len(live) <= 1
    assert (state is AgentState.RESERVED) == (live == ["held"])
    if state in (AgentState.TALKING, AgentState.WRAP_UP):
        assert live == ["taken"]
