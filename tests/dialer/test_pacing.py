"""dialer.domain.pacing: how many calls to launch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.pacing import (
    Busy,
    Group,
    Learned,
    Snapshot,
    Targets,
    Verdict,
    calls_to_place,
    chance,
    guard,
    share_lines,
)
from dialer.domain.stages import Stage

CALM = Snapshot(
    ready=5,
    busy=(),
    in_flight=(),
    chance=0.15,
    free_lines=100,
    campaign_lines=100,
    cps=100,
    caller_id_room=1000,
    due=1000,
)
TARGETS = Targets()

snapshots = st.builds(
    Snapshot,
    ready=st.integers(0, 12),
    busy=st.lists(
        st.builds(Busy, spent_s=st.floats(0, 600), mean_s=st.floats(1, 600)), max_size=8
    ).map(tuple),
    in_flight=st.lists(
        st.builds(Group, count=st.integers(0, 20), chance=st.floats(0, 1)), max_size=4
    ).map(tuple),
    chance=st.floats(0.01, 1),
    free_lines=st.integers(-2, 60),
    campaign_lines=st.integers(-2, 60),
    cps=st.integers(0, 60),
    caller_id_room=st.integers(0, 60),
    due=st.integers(0, 60),
    consented=st.integers(0, 300),
    abandoned=st.integers(0, 20),
)


@given(snapshots)
def test_it_never_goes_beyond_a_limit(snapshot: Snapshot) -> None:
    placed = calls_to_place(snapshot, TARGETS)
    room = min(
        snapshot.free_lines,
        snapshot.campaign_lines,
        snapshot.cps,
        snapshot.caller_id_room,
        snapshot.due,
    )
    assert 0 <= placed <= max(0, room)


@given(snapshots)
def test_one_more_ready_agent_never_means_fewer_calls(snapshot: Snapshot) -> None:
    more = replace(snapshot, ready=snapshot.ready + 1)
    assert calls_to_place(more, TARGETS) >= calls_to_place(snapshot, TARGETS)


@given(snapshots, st.integers(1, 10), st.floats(0, 1))
def test_more_calls_in_flight_never_mean_more_new_ones(
    snapshot: Snapshot, count: int, each: float
) -> None:
    fuller = snapshot.with_more((Group(count, each),))
    assert calls_to_place(fuller, TARGETS) <= calls_to_place(snapshot, TARGETS)


@given(snapshots)
def test_without_a_ready_agent_nothing_is_placed(snapshot: Snapshot) -> None:
    assert calls_to_place(replace(snapshot, ready=0), TARGETS) == 0


def test_large_teams_are_bolder_for_each_agent_than_small_ones() -> None:
    plenty = replace(CALM, free_lines=10_000, campaign_lines=10_000, cps=10_000, due=10_000)
    small = calls_to_place(replace(plenty, ready=3), TARGETS) / 3
    large = calls_to_place(replace(plenty, ready=60), TARGETS) / 60
    assert 1 < small < large


def test_the_number_launched_is_the_last_that_keeps_the_target() -> None:
    # one agent, chance 1/2: P(D > 1) is 0 with one call and 1/4 with two
    one = replace(CALM, ready=1, chance=0.5)
    assert calls_to_place(one, Targets(overflow=0.24)) == 1
    assert calls_to_place(one, Targets(overflow=0.26)) == 2


def test_agents_about_to_be_free_allow_more_calls() -> None:
    nearly_done = tuple(Busy(spent_s=300.0, mean_s=60.0) for _ in range(5))
    assert calls_to_place(replace(CALM, busy=nearly_done), TARGETS) > calls_to_place(CALM, TARGETS)


def test_abandonment_above_its_target_makes_pacing_careful() -> None:
    bad = replace(CALM, consented=300, abandoned=8)
    assert calls_to_place(bad, TARGETS) < calls_to_place(CALM, TARGETS)


def test_chances_begin_at_the_prior_and_end_at_the_data() -> None:
    fresh = chance(Stage.DIALLING, Learned())
    assert 0.05 < fresh < 0.3
    assert chance(Stage.DIALLING, Learned(hits=500, trials=1000)) == pytest.approx(0.5, abs=0.01)
    assert chance(Stage.DIALLING, Learned(hits=0, trials=1000)) < 0.01


def test_a_customer_who_has_an_agent_is_no_further_demand() -> None:
    assert chance(Stage.PARKED, Learned(5, 5)) == 0.0
    assert chance(Stage.AGENT, Learned(5, 5)) == 0.0


@pytest.mark.parametrize(
    ("consented", "abandoned", "verdict"),
    [
        (0, 0, Verdict.FINE),
        (10, 1, Verdict.FINE),  # one may happen to anybody
        (99, 99, Verdict.ALERT),  # too few have consented to stop for it
        (100, 2, Verdict.ALERT),  # fewer than three
        (100, 3, Verdict.PAUSE),
        (101, 3, Verdict.ALERT),  # 2.97 %
        (200, 6, Verdict.PAUSE),
        (300, 2, Verdict.FINE),  # 0.67 %
    ],
)
def test_the_guard_pauses_at_three_in_a_hundred(
    consented: int, abandoned: int, verdict: Verdict
) -> None:
    assert guard(consented, abandoned) is verdict


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 99)), max_size=6),
)
def test_lines_are_shared_without_waste_or_excess(
    free: int, campaigns: list[tuple[int, int]]
) -> None:
    wanted = [want for want, _ in campaigns]
    given_ = share_lines(free, wanted, [weight for _, weight in campaigns])
    assert all(0 <= got <= want for got, want in zip(given_, wanted, strict=True))
    assert sum(given_) == min(free, sum(wanted))


def test_lines_are_shared_by_weight() -> None:
    assert share_lines(30, [100, 100], [50, 100]) == [10, 20]
