"""Terms in calendar months, ages, and local days: the civil code's arithmetic.

民法典 §201–202: the day a term starts on is not counted; a month without the day ends at its last
day; the term runs through the whole of its last day. §1259: "以上" includes the number itself.
Where a date is ambiguous (29 February) the protective side is taken: a minor until 1 March, an
elder from 28 February.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def add_months(day: date, months: int) -> date:
    """`day` plus calendar months; a missing day becomes the month's last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def comes_of_age(birth: date, years: int) -> date:
    """First date on which somebody counts as *at least* `years` old when being old enough frees.

    Born on 29 February, in a common year: 1 March.
    """
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def age_on(birth: date, day: date) -> int:
    """Full years; born on 29 February, in a common year: one more on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def becomes_elder(birth: date, years: int) -> date:
    """First date on which somebody counts as `years` old when being old protects.

    Born on 29 February, in a common year: 28 February.
    """
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 2, 28)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ZoneInfoNotFoundError (a KeyError) when unknown."""
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def local_date(moment: datetime, zone_name: str) -> date:
    """The calendar date of a UTC instant in a zone."""
    return moment.astimezone(zone(zone_name)).date()


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone_name: str) -> datetime:
    """The first instant of a local date, in UTC (also where midnight is skipped by DST)."""
    # fold=0 is the earlier of two midnights; where midnight is skipped it is the jump itself
    return datetime.combine(day, time(0), tzinfo=zone(zone_name)).astimezone(UTC)


def months_at_most(months: int) -> timedelta:
    """Longer than any term of so many calendar months, its whole last day included."""
    return timedelta(days=31 * months + 2)


def end_of_month_term(begun: datetime, months: int, zone_name: str) -> datetime:
    """When a term of calendar months that began at `begun` is over, in UTC.

    The term lasts through the whole of its last day, so this is the start of the day after.
    """
    last = add_months(local_date(begun, zone_name), months)
    return start_of_day(last + timedelta(days=1), zone_name)
