"""By when a case must move, counted as the civil code and the calendar of workdays say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.calendar import Calendar
from compliance.domain.case_state import OPEN, TRANSITIONS, CaseState, sources
from compliance.domain.case_terms import DUE_SOON, Urgency, answer_by, forward_by, urgency
from tests.compliance.world import beijing, calendar

ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("received", "late"),
    [
        ("2026-11-24 10:00", "2026-11-28 00:00"),  # Tuesday: Wednesday, Thursday, Friday
        ("2026-11-27 23:59", "2026-12-03 00:00"),  # Friday: Monday, Tuesday, Wednesday
        ("2026-09-30 09:00", "2026-10-11 00:00"),  # 1-7 October; 8, 9 and Saturday the 10th
        ("2026-02-13 09:00", "2026-02-26 00:00"),  # Spring Festival, Saturday the 14th is worked
    ],
)
def test_it_is_handed_on_within_three_working_days(received: str, late: str) -> None:
    assert forward_by(beijing(received), calendar(), ZONE) == beijing(late)


def test_a_year_that_is_not_loaded_lengthens_no_term() -> None:
    received = beijing("2026-09-30 09:00")
    assert forward_by(received, Calendar(), ZONE) == beijing("2026-10-06 00:00")


@pytest.mark.parametrize(
    ("extensions", "late"),
    [(0, "2026-12-10 00:00"), (1, "2026-12-25 00:00"), (2, "2027-01-24 00:00")],
)
def test_an_answer_has_15_days_then_30_then_60(extensions: int, late: str) -> None:
    assert answer_by(beijing("2026-11-24 23:00"), extensions, ZONE) == beijing(late)


def test_a_term_is_soon_three_days_before_and_late_from_its_end() -> None:
    due = beijing("2026-12-10 00:00")
    second = timedelta(seconds=1)
    assert urgency(due, due - DUE_SOON - second) is Urgency.IN_TIME
    assert urgency(due, due - DUE_SOON) is Urgency.SOON
    assert urgency(due, due - second) is Urgency.SOON
    assert urgency(due, due) is Urgency.LATE
    assert urgency(None, due) is Urgency.IN_TIME


@given(st.integers(0, 700), st.integers(0, 86_399))
def test_no_term_shrinks_when_it_is_extended_and_none_ends_before_three_days(
    days: int, seconds: int
) -> None:
    received = beijing("2026-01-01 00:00") + timedelta(days=days, seconds=seconds)
    first, second, third = (answer_by(received, n, ZONE) for n in range(3))
    assert received < forward_by(received, calendar(), ZONE)
    assert received + timedelta(days=15) < first < second < third


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    for state in CaseState:
        assert state is CaseState.OPENED or sources(state)
        assert TRANSITIONS[state]
    assert CaseState.ANSWERED not in OPEN
