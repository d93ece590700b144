"""The hours a customer is open in: nothing is missed between two questions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.domain.decide import decide_stacked
from compliance.domain.facts import Suppression, SuppressionSource
from compliance.domain.intent import Actor
from compliance.domain.pack import EffectivePack
from compliance.domain.what_if import HOUR, Comparison, Curve, open_hours
from tests.compliance.world import attempt, beijing, clean_facts, cn_bank, human, robot

BEGINS = beijing("2026-11-27 08:00")  # a Friday


def test_a_weekend_of_a_person_and_of_the_robot() -> None:
    facts = clean_facts(BEGINS)
    person = open_hours(facts, human(), cn_bank(), BEGINS, 48)
    # Friday 9-12 and 14-20, Saturday 10-12 and 14-18
    assert person == [1, 2, 3, 6, 7, 8, 9, 10, 11, 26, 27, 30, 31, 32, 33]
    assert open_hours(facts, robot(), cn_bank(), BEGINS, 48) == [1, 2, 3, 6, 7, 8, 9, 10, 11]


def test_whoever_refused_is_asked_about_once() -> None:
    refused = Suppression(1, SuppressionSource.OPT_OUT, BEGINS, 1)
    facts = clean_facts(BEGINS, suppressions=(refused,))
    assert open_hours(facts, human(), cn_bank(), BEGINS, 14 * 24) == []


def test_an_hour_counts_when_any_instant_of_it_is_open() -> None:
    facts = clean_facts(BEGINS, contacts=(attempt("2026-11-27 08:30"),))
    # two hours after the attempt: from 10:30 on
    assert open_hours(facts, human(), cn_bank(), BEGINS, 5)[0] == 2


@settings(max_examples=30)
@given(
    start=st.integers(0, 5 * 24),
    calls=st.lists(st.integers(1, 4 * 1440), max_size=4),
    actor=st.sampled_from(Actor),
)
def test_minute_by_minute_it_comes_out_the_same(start: int, calls: list[int], actor: Actor) -> None:
    begins = BEGINS + start * HOUR
    history = tuple(
        attempt((begins - timedelta(minutes=ago)).strftime("%Y-%m-%d %H:%M")) for ago in calls
    )
    facts = clean_facts(begins, contacts=history)
    intent = human() if actor is Actor.HUMAN else robot()
    stack: EffectivePack = cn_bank()
    by_minute = {
        minute // 60
        for minute in range(24 * 60)
        if decide_stacked(facts, intent, stack, begins + timedelta(minutes=minute)).allowed
    }
    assert open_hours(facts, intent, stack, begins, 24) == sorted(by_minute)


def test_a_comparison_counts_who_is_gained_and_lost() -> None:
    at = beijing("2026-11-24 10:00")
    allowed = decide_stacked(clean_facts(at), human(), cn_bank(), at)
    night = beijing("2026-11-24 22:00")
    blocked = decide_stacked(clean_facts(night), human(), cn_bank(), night)
    found = Comparison()
    for before, after in ((allowed, allowed), (allowed, blocked), (blocked, allowed)):
        found.add(before, after)
    assert found.document() == {
        "judged": 3,
        "before": {"allowed": 2, "later": 1, "primary": {"WINDOW": 1}, "codes": {"WINDOW": 1}},
        "after": {"allowed": 2, "later": 1, "primary": {"WINDOW": 1}, "codes": {"WINDOW": 1}},
        "lost": {"WINDOW": 1},
        "gained": {"WINDOW": 1},
    }


def test_a_curve_of_a_sample_is_scaled_to_the_list() -> None:
    curve = Curve(3)
    curve.add([0, 1], [0, 0, 1])
    curve.add([2], [0, 0, 1])
    assert curve.scaled(10, 2) == {"hours": [5, 5, 5], "days": [5, 5]}
    assert Curve(2).scaled(10, 1) == {"hours": [0, 0], "days": [0]}


@pytest.mark.parametrize("hours", [0, 1])
def test_no_hours_are_no_hours(hours: int) -> None:
    assert open_hours(clean_facts(BEGINS), human(), cn_bank(), BEGINS, hours) == []
