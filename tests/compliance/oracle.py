"""An independent answer to "may we call?", by brute force.

Written from the reference (compliance §5.5, §5.9, cn-bank 1.0) and from nothing else: no rule
engine, no intervals, no fixpoint. Hours are looked up minute by minute in a table, caps and quiet
times by going through every event, and the next allowed instant by trying every candidate there is.
It knows the part of the pack that depends on time and on history; the worlds it is asked about are
clean in all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import yaml

from compliance.calendars import SHIPPED

BEIJING = timedelta(hours=8)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """`kind`: attempt, conversation, abandon, or the outcome's name."""

    at: datetime
    kind: str
    customer: int = 1
    number: int = 1
    household: str = ""
    family: str = "deposit"
    product: int = 1
    campaign: int = 10
    robot: bool = False


@dataclass(frozen=True)
class Case:
    """The customer is 1 on number 1, in campaign 10, offered product 1 of the family deposit."""

    events: tuple[Event, ...]
    robot: bool = False
    xinjiang: bool = False
    household: str = ""
    refusals: tuple[tuple[datetime, datetime | None], ...] = ()
    born: date = date(1985, 6, 1)
    consented: tuple[datetime, ...] = ()


# --- hours ----------------------------------------------------------------------------------------


@cache
def special_days() -> dict[date, str]:
    """Straight from the files of the State Council's notices."""
    found: dict[date, str] = {}
    for path in SHIPPED.glob("cn-*.yaml"):
        year = yaml.safe_load(path.read_text(encoding="utf-8"))
        for holiday in year["statutory"]:
            found |= dict.fromkeys(holiday["days"], "holiday")
        found |= dict.fromkeys(year["adjusted_work"], "work")
    return found


@cache
def open_minutes(day: date, robot: bool, xinjiang: bool) -> frozenset[int]:
    """The minutes of a Beijing day in which people may be called."""
    kind = special_days().get(day) or ("rest" if day.weekday() in (5, 6) else "work")
    if kind == "work" and xinjiang:
        hours = [(11, 13), (16, 21)]
    elif kind == "work":
        hours = [(9, 12), (14, 20)]
    elif kind == "rest" and not robot and xinjiang:
        hours = [(11, 12), (16, 18)]
    elif kind == "rest" and not robot:
        hours = [(10, 12), (14, 18)]
    else:
        hours = []
    return frozenset(minute for a, b in hours for minute in range(a * 60, b * 60))


def within_hours(now: datetime, case: Case) -> bool:
    """Open now, and either open in a minute's time or just a minute before the end."""
    local = now.astimezone(UTC).replace(tzinfo=None) + BEIJING
    minutes = open_minutes(local.date(), case.robot, case.xinjiang)
    minute = local.hour * 60 + local.minute
    if minute not in minutes:
        return False
    # 60 s before the end is the last instant, that one included
    last_minute = minute + 1 not in minutes
    return not last_minute or (local.second, local.microsecond) == (0, 0)


# --- terms ----------------------------------------------------------------------------------------


def local_date(moment: datetime) -> date:
    return (moment.astimezone(UTC).replace(tzinfo=None) + BEIJING).date()


def last_day_of_term(begun: date, months: int) -> date:
    """Count the months one by one on the calendar; a missing day is the month's last."""
    year, month = begun.year, begun.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    for day in (begun.day, 30, 29, 28):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if day <= begun.day:
            return found
    raise AssertionError


def adult(born: date, today: date) -> bool:
    """18 years old, counted birthday by birthday; without a 29 February the day is 1 March."""
    years, day = 0, born
    while day < today:
        day += DAY
        if (day.month, day.day) == (born.month, born.day) or (
            (born.month, born.day) == (2, 29)
            and (day.month, day.day) == (3, 1)
            and (day - DAY).day == 28
        ):
            years += 1
    return years >= 18


# --- the answer -----------------------------------------------------------------------------------


def objections(case: Case, now: datetime) -> set[str]:
    """The codes of everything in the way at this instant."""
    found = set()
    if not within_hours(now, case):
        found.add("TIME")
    if any(since <= now and (until is None or now < until) for since, until in case.refusals):
        found.add("OPT_OUT")
    if not any(yes <= now for yes in case.consented):
        found.add("CONSENT_NONE")
    elif not any(
        yes <= now and local_date(now) <= last_day_of_term(local_date(yes), 24)
        for yes in case.consented
    ):
        found.add("CONSENT_EXPIRED")
    if not _grown_up(case.born, local_date(now)):
        found.add("UNDERAGE")
    return found | _history(case, now)


@cache
def _grown_up(born: date, today: date) -> bool:
    return adult(born, today)


def _history(case: Case, now: datetime) -> set[str]:
    found = set()
    today = local_date(now)
    mine_today = tried = tried_number = robot_tried = campaign_tried = 0
    talked_week = talked_quarter = talked_family = talked_home = 0
    for event in case.events:
        ago = now - event.at
        mine = event.customer == 1
        if event.kind == "attempt":
            mine_today += mine and local_date(event.at) == today
            tried += mine and ago < 7 * DAY
            robot_tried += mine and event.robot and ago < 7 * DAY
            campaign_tried += mine and event.campaign == 10
            tried_number += event.number == 1 and ago < DAY
            if event.number == 1 and ago < timedelta(hours=2):
                found.add("MIN_GAP")
        elif event.kind == "conversation":
            talked_week += mine and ago < 7 * DAY
            talked_quarter += mine and ago < 90 * DAY
            talked_family += mine and event.family == "deposit" and ago < 30 * DAY
            home = case.household != "" and event.household == case.household
            talked_home += home and ago < 7 * DAY
        elif event.kind == "abandon":
            near = mine or event.number == 1
            if case.robot and near and ago < timedelta(hours=72):
                found.add("ABANDON_72H")
        elif mine:
            found |= _quiet(event, ago, today)
    for code, count, limit in (
        ("CAP_C1", mine_today, 2),
        ("CAP_C2", tried, 3),
        ("CAP_C3", talked_week, 1),
        ("CAP_C3Q", talked_quarter, 3),
        ("CAP_C4", tried_number, 2),
        ("CAP_C5", talked_family, 1),
        ("CAP_C6", campaign_tried, 3),
        ("CAP_C7", robot_tried if case.robot else 0, 1),
        ("CAP_C8", talked_home, 2),
    ):
        if count >= limit:
            found.add(code)
    return found


def _quiet(event: Event, ago: timedelta, today: date) -> set[str]:
    if event.kind == "refused":
        family = event.family == "deposit"
        quiet = family and today <= last_day_of_term(local_date(event.at), 6)
        return {"COOLOFF_REFUSED"} if quiet else set()
    if event.kind == "not_now" and (ago < 7 * DAY or (event.product == 1 and ago < 30 * DAY)):
        return {"COOLOFF_NOT_NOW"}
    if event.kind == "hung_up_early" and ago < 14 * DAY:
        return {"COOLOFF_HUNG_UP"}
    if event.kind == "sold" and event.product == 1 and ago < 90 * DAY:
        return {"COOLOFF_BOUGHT"}
    return set()


def first_allowed(case: Case, now: datetime, days: int) -> datetime | None:
    """The first allowed instant within so many days: every candidate is tried.

    A permission can begin only where something ends: with an hour's first minute, with a day, or
    when an event leaves a window.
    """
    if not objections(case, now):
        return now
    end = now + days * DAY
    for candidate in sorted(set(_candidates(case, now, end))):
        if not objections(case, candidate):
            return candidate
    return None


def _candidates(case: Case, now: datetime, end: datetime) -> Iterator[datetime]:
    midnight = datetime.combine(local_date(now), datetime.min.time(), UTC) - BEIJING
    spans = [timedelta(hours=h) for h in (2, 24, 72)] + [n * DAY for n in (7, 14, 30, 90)]
    ends = [event.at + span for event in case.events for span in spans]
    ends += [until for _, until in case.refusals if until is not None]
    yield from (moment for moment in ends if now < moment <= end)
    yield from (since for since in case.consented if now < since <= end)
    while midnight <= end:
        for hour in (0, 9, 10, 11, 14, 16):
            opening = midnight + timedelta(hours=hour)
            if now < opening <= end:
                yield opening
        midnight += DAY
