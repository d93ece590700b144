"""Opening hours as instants: windows materialised per local date into half-open UTC intervals.

The check and `earliest_next` both read these intervals, so they cannot disagree. The rules
(reference: compliance §5.5):

- A window is [start, end) in local time; `end` ≤ `start` crosses midnight and belongs to the date
  on which it opens; "24:00" is the end of the day.
- DST gap: a bound that does not exist becomes the first valid instant after the gap. DST fold: an
  opening takes the *later* occurrence, a closing the *earlier* one.
- The last dial is at `end − tail_guard`, that instant included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from compliance.domain.terms import local_date, zone

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


class Window(NamedTuple):
    """Minutes after local midnight; `end` may be 1440, and ≤ `start` means the next day."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}–{_clock(self.end)}"


class Interval(NamedTuple):
    """[opens, closes) in UTC: any instant in it is inside the window (tail guard apart)."""

    opens: datetime
    closes: datetime


#: Which windows a local date has; None = unknown (the calendar has no such year).
WindowsOn = Callable[[date], Sequence[Window] | None]


class CalendarUnknown(Exception):
    """The search for an opening reached a date of which the calendar says nothing."""


_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")


def parse_clock(text: str) -> int:
    """ "09:30" → 570, "24:00" → 1440. Raises ValueError."""
    found = _CLOCK.fullmatch(text)
    hours, minutes = (int(part) for part in found.groups()) if found else (0, 60)
    value = hours * 60 + minutes
    if value > 1440 or minutes >= 60:
        raise ValueError(f"no time of day: {text}")
    return value


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _instant(day: date, minutes: int, zone_name: str, *, opening: bool) -> datetime:
    where = zone(zone_name)
    naive = datetime.combine(day, time(0)) + timedelta(minutes=minutes)
    # in a fold, fold=0 is the earlier occurrence and fold=1 the later
    first = naive.replace(tzinfo=where, fold=0).astimezone(UTC)
    second = naive.replace(tzinfo=where, fold=1).astimezone(UTC)
    if first == second:
        return first
    if first < second:
        return second if opening else first
    # a gap: fold=1 lies before the jump, fold=0 after it; find the jump itself
    low, high = second, first
    after = high.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds() // 2))
        if middle.astimezone(where).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


@lru_cache(maxsize=20_000)
def intervals_on(day: date, windows: tuple[Window, ...], zone_name: str) -> tuple[Interval, ...]:
    """The windows that open on a local date, as UTC intervals in order."""
    found = []
    for window in windows:
        ends_on = day if window.end > window.start else day + DAY
        opens = _instant(day, window.start, zone_name, opening=True)
        closes = _instant(ends_on, window.end, zone_name, opening=False)
        if opens < closes:
            found.append(Interval(opens, closes))
    return tuple(sorted(found))


def interval_at(
    moment: datetime, windows_on: WindowsOn, zone_name: str, tail_guard_s: int
) -> tuple[Interval | None, bool]:
    """The interval in which a dial at `moment` may begin, and whether only the tail guard forbids.

    Raises CalendarUnknown when the local date's type is not known.
    """
    guard = timedelta(seconds=tail_guard_s)
    today = local_date(moment, zone_name)
    in_tail = False
    for day in (today - DAY, today):
        windows = windows_on(day)
        if windows is None:
            if day == today:
                raise CalendarUnknown(day)
            continue
        for interval in intervals_on(day, tuple(windows), zone_name):
            if interval.opens <= moment < interval.closes:
                if moment <= interval.closes - guard:
                    return interval, False
                in_tail = True
    return None, in_tail


def next_opening(
    moment: datetime,
    windows_on: WindowsOn,
    zone_name: str,
    tail_guard_s: int,
    horizon_days: int,
) -> datetime | None:
    """The first instant ≥ `moment` at which a dial may begin; None when none within the horizon.

    Raises CalendarUnknown when the search passes a date whose type is not known.
    """
    guard = timedelta(seconds=tail_guard_s)
    today = local_date(moment, zone_name)
    for offset in range(-1, horizon_days + 1):
        day = today + timedelta(days=offset)
        windows = windows_on(day)
        if windows is None:
            if offset < 0:
                continue
            raise CalendarUnknown(day)
        for opens, closes in intervals_on(day, tuple(windows), zone_name):
            candidate = max(opens, moment)
            if candidate <= closes - guard and candidate < closes:
                return candidate
    return None
