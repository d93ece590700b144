"""Windows as UTC intervals: tables for daylight saving, midnight, tail guard, two zones."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from compliance.domain.calendar import Calendar, DayType
from compliance.domain.decide import decide
from compliance.domain.facts import CustomerFacts, Facts, NumberFacts, World
from compliance.domain.intervals import Window, interval_at, intervals_on, next_opening, parse_clock
from compliance.domain.rules.time_window import TimeWindowRule, evaluate
from compliance.domain.terms import (
    add_months,
    becomes_elder,
    comes_of_age,
    end_of_month_term,
    start_of_day,
)
from tests.compliance.world import beijing, clean_facts, cn_bank, human

NY = "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def w(*pairs: str) -> tuple[Window, ...]:
    return tuple(Window(*(parse_clock(p) for p in pair.split("-"))) for pair in pairs)


@pytest.mark.parametrize(
    ("day", "zone", "windows", "expected"),
    [
        # an ordinary day
        ("2026-11-24", "Asia/Shanghai", "09:00-12:00", "2026-11-24T01:00Z 2026-11-24T04:00Z"),
        # spring forward in New York: 8:00 EDT is 12:00Z, the day before it was 13:00Z
        ("2027-03-14", NY, "08:00-21:00", "2027-03-14T12:00Z 2027-03-15T01:00Z"),
        ("2027-03-13", NY, "08:00-21:00", "2027-03-13T13:00Z 2027-03-14T02:00Z"),
        # an opening inside the gap (02:00-03:00): the first valid instant
        ("2027-03-14", NY, "02:30-04:00", "2027-03-14T07:00Z 2027-03-14T08:00Z"),
        # a closing inside the gap
        ("2027-03-14", NY, "01:00-02:30", "2027-03-14T06:00Z 2027-03-14T07:00Z"),
        # fall back (01:00-02:00 twice): an opening takes the later, a closing the earlier
        ("2027-11-07", NY, "01:30-03:00", "2027-11-07T06:30Z 2027-11-07T08:00Z"),
        ("2027-11-07", NY, "00:30-01:30", "2027-11-07T04:30Z 2027-11-07T05:30Z"),
        # both bounds in the fold: nothing is left
        ("2027-11-07", NY, "01:15-01:45", ""),
        # across midnight: it belongs to the date it opens on
        ("2026-11-24", "Asia/Shanghai", "22:00-02:00", "2026-11-24T14:00Z 2026-11-24T18:00Z"),
        ("2026-11-24", "Asia/Shanghai", "20:00-24:00", "2026-11-24T12:00Z 2026-11-24T16:00Z"),
        # a zone with half hours
        ("2026-11-24", "Asia/Kolkata", "09:00-10:00", "2026-11-24T03:30Z 2026-11-24T04:30Z"),
    ],
)
def test_a_window_becomes_utc(day: str, zone: str, windows: str, expected: str) -> None:
    found = intervals_on(date.fromisoformat(day), w(windows), zone)
    assert [tuple(i) for i in found] == (
        [tuple(utc(text) for text in expected.split())] if expected else []
    )


def test_the_tail_guard_includes_its_instant_and_nothing_after() -> None:
    def every_day(day: date) -> tuple[Window, ...]:
        return w("09:00-12:00")

    at = beijing("2026-11-24 11:59")
    assert interval_at(at, every_day, "Asia/Shanghai", 60)[0] is not None
    assert interval_at(at.replace(microsecond=1), every_day, "Asia/Shanghai", 60) == (None, True)
    assert interval_at(beijing("2026-11-24 12:00"), every_day, "Asia/Shanghai", 0) == (None, False)


def test_yesterdays_window_is_still_open_after_midnight() -> None:
    def on_tuesdays(day: date) -> tuple[Window, ...]:
        return w("22:00-02:00") if day.weekday() == 1 else ()

    at = beijing("2026-11-25 01:00")  # Wednesday
    assert interval_at(at, on_tuesdays, "Asia/Shanghai", 0)[0] is not None
    opening = next_opening(beijing("2026-11-25 02:00"), on_tuesdays, "Asia/Shanghai", 0, 30)
    assert opening == beijing("2026-12-01 22:00")


def two_zones(residence: str, number: str) -> Facts:
    years = tuple((year, "x") for year in (2026, 2027))
    return Facts(
        World(calendar=Calendar("US", years)),
        CustomerFacts(1, time_zone=residence),
        NumberFacts(1, time_zone=number),
    )


BOTH = TimeWindowRule.model_validate(
    {
        "id": "W",
        "kind": "time_window",
        "legal_ref": "-",
        "basis": "law",
        "zh": "-",
        "en": "-",
        "where": "both_intersect",
        "windows": {kind.value: [["08:00", "21:00"]] for kind in DayType},
    }
)
LA = "America/Los_Angeles"


@pytest.mark.parametrize(
    ("residence", "number", "now", "opens"),
    [
        # scenario 1: US DST start
        (NY, NY, "2027-03-14T11:59:59Z", "2027-03-14T12:00Z"),
        (NY, NY, "2027-03-13T12:30Z", "2027-03-13T13:00Z"),
        # scenario 2: US DST end
        (NY, NY, "2027-11-07T12:30Z", "2027-11-07T13:00Z"),
        (NY, NY, "2027-11-08T01:30Z", None),
        # scenario 4: a Los Angeles number, lives in Miami
        (NY, LA, "2026-12-01T15:30Z", "2026-12-01T16:00Z"),
        (NY, LA, "2026-12-01T16:00Z", None),
        # the day closes with the east
        (NY, LA, "2026-12-02T02:00Z", "2026-12-02T16:00Z"),
    ],
)
def test_both_zones_must_be_open(residence: str, number: str, now: str, opens: str | None) -> None:
    reasons = evaluate(BOTH, two_zones(residence, number), human(), utc(now))
    assert [reason.clears_at for reason in reasons] == ([utc(opens)] if opens else [])


def test_an_unknown_time_zone_blocks() -> None:
    reasons = evaluate(BOTH, two_zones("Mars/Olympus", NY), human(), utc("2026-12-01T17:00Z"))
    assert [(r.code, r.clears_at) for r in reasons] == [("DEP_TIME_ZONE", None)]


def test_one_customers_memo_does_not_answer_for_another() -> None:
    now = utc("2026-12-01T15:30Z")
    assert evaluate(BOTH, two_zones(NY, NY), human(), now) == []
    assert evaluate(BOTH, two_zones(NY, LA), human(), now) != []


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2025-08-31", 6, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-11-15", 2, "2027-01-15"),
    ],
)
def test_months_end_where_the_civil_code_says(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_a_term_of_months_runs_through_its_last_day() -> None:
    ends = end_of_month_term(beijing("2025-08-31 23:59"), 6, "Asia/Shanghai")
    assert ends == beijing("2026-03-01 00:00")


def test_ages_take_the_protective_side_of_29_february() -> None:
    assert comes_of_age(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert becomes_elder(date(1960, 2, 29), 65) == date(2025, 2, 28)
    assert comes_of_age(date(2008, 3, 1), 18) == date(2026, 3, 1)


def test_a_day_begins_where_midnight_is_skipped() -> None:
    # Beirut skips midnight on 29 March 2026
    assert start_of_day(date(2026, 3, 29), "Asia/Beirut") == utc("2026-03-28T22:00Z")


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        ("2026-01-02", False),  # New Year
        ("2026-01-04", True),  # a Sunday that is worked
        ("2026-02-14", True),  # a Saturday that is worked
        ("2026-02-15", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),
        ("2026-04-06", False),  # Qingming
        ("2026-05-05", False),  # Labour Day
        ("2026-05-09", True),
        ("2026-06-19", False),  # Dragon Boat
        ("2026-09-20", True),
        ("2026-09-25", False),  # Mid-Autumn
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),
        ("2025-01-26", True),
        ("2025-02-04", False),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2024-02-18", True),
        ("2024-10-07", False),
        ("2024-10-12", True),
    ],
)
def test_the_state_councils_days(day: str, allowed: bool) -> None:
    """At 09:30 a workday is open and every other kind of day is not."""
    now = beijing(f"{day} 09:30")
    decision = decide(clean_facts(now), human(), cn_bank(), now)
    if now.year == 2024 or day < "2026-01-10":  # the clean customer's assessment is of 2026
        assert ("HOLIDAY" not in decision.codes and "WINDOW" not in decision.codes) is allowed
    else:
        assert decision.allowed is allowed
