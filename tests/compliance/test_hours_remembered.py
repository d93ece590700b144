"""Hours that were found open serve for later instants, and say what would be found anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.calendar import Calendar, DayType
from compliance.domain.facts import NumberFacts
from compliance.domain.rules import time_window
from tests.compliance.world import clean_customer, clean_facts, human

#: overlapping, through midnight, all day on Sundays, with a break
HOURS: dict[str, Any] = {
    "workday": [["09:00", "12:00"], ["11:00", "15:00"], ["20:00", "02:00"]],
    "rest": [["00:00", "24:00"]],
    "saturday": [["09:30", "11:30"], ["14:00", "21:00"]],
    "statutory": [],
    "adjusted_work": [["09:00", "18:00"]],
}
SHANGHAI, NEW_YORK, CAIRO = "Asia/Shanghai", "America/New_York", "Africa/Cairo"
DAYS = {
    date(2026, 3, 9): DayType.STATUTORY,
    date(2026, 3, 14): DayType.ADJUSTED_WORK,
}
#: A year is not loaded: 2027
CALENDAR = Calendar("CN", ((2026, "a"),), DAYS)
#: about clocks that change, a holiday, the end of the known days
AROUND = [
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 4, 23, 22, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 12, 31, 12, tzinfo=UTC),
]


def rule(**changes: Any) -> time_window.TimeWindowRule:
    document = {
        "id": "W", "kind": "time_window", "legal_ref": "-", "basis": "law", "zh": "-", "en": "-",
        "windows": HOURS, "where": "both_intersect", "tail_guard_s": 180, **changes,
    }  # fmt: skip
    return time_window.TimeWindowRule.model_validate(document)


def same_as_fresh(used: time_window.TimeWindowRule, now: datetime, *zones: str) -> None:
    """What a rule that has been asked before says is what one says that never was."""
    facts = clean_facts(now)
    facts = replace(
        facts,
        world=replace(facts.world, calendar=CALENDAR),
        customer=clean_customer(time_zone=zones[0]),
        number=NumberFacts(1, region="CN-33", time_zone=zones[1]),
    )
    fresh = rule(where=used.where, tail_guard_s=used.tail_guard_s)
    assert time_window.open_until(used, facts, now) == time_window.open_until(fresh, facts, now)
    found = time_window.evaluate(used, facts, human(), now)
    assert found == time_window.evaluate(fresh, facts, human(), now)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("zones", [(SHANGHAI, NEW_YORK), (CAIRO, SHANGHAI), (NEW_YORK, NEW_YORK)])
def test_hour_after_hour_it_says_what_is_so(around: datetime, zones: tuple[str, str]) -> None:
    used = rule(tail_guard_s=180)
    for quarter in range(-4 * 40, 4 * 40):
        same_as_fresh(used, around + quarter * timedelta(minutes=15), *zones)


@given(
    st.sampled_from(AROUND),
    st.lists(st.integers(-48 * 60, 48 * 60), min_size=2, max_size=40),
    st.lists(st.sampled_from([SHANGHAI, NEW_YORK, CAIRO, ""]), min_size=2, max_size=2),
    st.sampled_from([0, 180, 3600]),
    st.sampled_from(["fixed", "residence", "both_intersect"]),
)
def test_in_any_order_it_says_what_is_so(
    around: datetime, minutes: list[int], zones: list[str], guard: int, where: str
) -> None:
    used = rule(where=where, tail_guard_s=guard)
    for place, minute in enumerate(minutes):
        tick = timedelta(microseconds=place % 3 - 1)
        same_as_fresh(used, around + timedelta(minutes=minute) + tick, *zones)


def test_another_calendar_is_looked_at_anew() -> None:
    used, now = rule(where="fixed"), datetime(2026, 3, 10, 2, tzinfo=UTC)
    plain = clean_facts(now)

    def codes(calendar: Calendar, at: datetime) -> list[str]:
        facts = replace(plain, world=replace(plain.world, calendar=calendar))
        return [reason.code for reason in time_window.evaluate(used, facts, human(), at)]

    holiday = Calendar("CN", ((2026, "b"),), {date(2026, 3, 10): DayType.STATUTORY})
    later = now + timedelta(minutes=1)
    assert codes(CALENDAR, now) == codes(CALENDAR, later) == []
    assert codes(holiday, later) == ["HOLIDAY"]
    assert codes(CALENDAR, later + timedelta(minutes=1)) == []
