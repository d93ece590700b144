"""Calling hours by type of day, in the right time zone, with a tail guard.

- `windows`: day type → list of ["HH:MM", "HH:MM"]; an empty list = never on such a day; a day type
  that is not named = this rule says nothing on such a day (adjusted workdays count as workdays
  unless named). A weekday's name ("saturday") goes before workday or rest; a holiday on such a
  weekday is open when both are.
- `where`: whose clock: `fixed` (the pack's zone), `residence`, `number`, or `both_intersect`: open
  where the person lives *and* where the number is from, each by its own clock and hours.
- `regions`: windows that go before the general ones in a region ("US-FL"): of the residence (of the
  number where the residence is unknown); with `number` and `both_intersect` of the number too. Of a
  day that a region does not name the general windows hold there. What a region says of workdays or
  rest days goes before what is said in general of a weekday or of adjusted workdays.
- `residence_unknown`: with `anywhere` it must be open wherever in the number's country a person may
  live, by each clock there. Of a region whose clock is not known, every clock kept in it counts.
- `tail_guard_s`: the last dial starts this long before the window ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator

from audiences.domain.regions import zones_of
from compliance.domain.calendar import Calendar, DayType
from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Intent
from compliance.domain.intervals import (
    DAY,
    TICK,
    CalendarUnknown,
    Window,
    WindowsOn,
    interval_at,
    next_opening,
    parse_clock,
)
from compliance.domain.rules.base import Rule, lives_in, may_lie_in, objection
from compliance.domain.rules.values import Natural
from compliance.domain.terms import local_date, start_of_day, zone

HORIZON_DAYS = 401
_ALL_DAY = (Window(0, 1440),)
_MEMO_LIMIT = 20_000


def _window(value: Any) -> Any:
    """["HH:MM", "HH:MM"] as a window. Raises ValueError."""
    if isinstance(value, Window):
        return value
    pair = value if isinstance(value, list | tuple) else ()
    if len(pair) != 2 or not all(isinstance(each, str) for each in pair):
        # YAML reads 10:00 without quotes as the number 600
        raise ValueError('hours are ["HH:MM", "HH:MM"]: two times of day, each in quotes')
    start, end = parse_clock(pair[0]), parse_clock(pair[1])
    if start == 1440 or end == 0 or start == end:
        raise ValueError(f"from {pair[0]} to {pair[1]} is no time: midnight ends a day as 24:00")
    return Window(start, end)


class Weekday(StrEnum):
    """A weekday of its own: it goes before `workday` and `rest`, never before a holiday."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKDAYS = tuple(Weekday)

DayWindows = dict[DayType | Weekday, tuple[Annotated[Window, BeforeValidator(_window)], ...]]

#: By type of day: the hours on each weekday, from Monday on.
_Table = dict[DayType, tuple[tuple[Window, ...], ...]]


class _Place(NamedTuple):
    """A clock and the region whose hours hold there (empty = the general ones)."""

    zone: str
    region: str


class _Finding(NamedTuple):
    """`steady_until`: of what is open, the last instant until which all of this stays so."""

    code: str = ""
    clears_at: datetime | None = None
    observed: str = ""
    limit: str = ""
    open_until: datetime | None = None
    steady_until: datetime | None = None


class _Open(NamedTuple):
    """Found open at `since`, and so until `finding.steady_until`, by this calendar."""

    since: datetime
    finding: _Finding
    calendar: Calendar


class TimeWindowRule(Rule):
    kind: Literal["time_window"]
    windows: DayWindows
    regions: dict[str, DayWindows] = {}
    where: Literal["fixed", "residence", "number", "both_intersect"] = "fixed"
    tail_guard_s: Natural = 0

    @cached_property
    def everywhere(self) -> tuple[_Place, ...] | None:
        """The one place there is, when neither residence nor number matters."""
        alone = self.where == "fixed" and not self.regions
        return (_Place(self.zone, ""),) if alone else None

    @cached_property
    def hours_of(self) -> dict[str, tuple[str, ...]]:
        """By region, as far as it was asked for: whose hours must be kept there."""
        return {}

    @cached_property
    def general(self) -> _Table:
        """The hours of each type of day on each weekday, where no region has its own."""
        return _table(self.windows, {})

    @cached_property
    def tables(self) -> dict[str, _Table]:
        """The same by region, for those that have hours of their own."""
        return {region: _table(own, self.windows) for region, own in self.regions.items()}

    def hours(self, region: str) -> _Table:
        """The hours that hold in a place ("" = where no region has its own)."""
        return self.tables.get(region, self.general)

    @cached_property
    def opened(self) -> dict[tuple[object, date], _Open]:
        """By places and date (UTC): hours that were found open, for the instants that follow."""
        return {}

    @cached_property
    def memo(self) -> dict[datetime, tuple[Calendar, dict[object, _Finding]]]:
        """Answers by instant (and its calendar) and places: a list asks the same all the time."""
        return {}


def evaluate(rule: TimeWindowRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """WINDOW, TAIL_GUARD, HOLIDAY, CAL_MISSING or DEP_TIME_ZONE."""
    found = _find(rule, facts, now)
    if not found.code:
        return []
    limit = str(rule.tail_guard_s) if found.code == "TAIL_GUARD" else found.limit
    return [
        objection(rule, found.code, observed=found.observed, limit=limit, clears_at=found.clears_at)
    ]


def idle(rule: TimeWindowRule, world: World, intent: Intent, now: datetime) -> bool:
    """It is open everywhere, whoever is called."""
    return rule.everywhere is not None and not _find(rule, Facts(world), now).code


def open_until(rule: TimeWindowRule, facts: Facts, now: datetime) -> datetime | None:
    """The end of the window that `now` lies in (tail guard not taken off); None = no bound."""
    return _find(rule, facts, now).open_until


def _find(rule: TimeWindowRule, facts: Facts, now: datetime) -> _Finding:
    calendar = facts.world.calendar
    key: object = None
    if rule.everywhere is None:
        key = _at_home(rule, facts) if rule.where == "fixed" else _places(rule, facts)
    opened = rule.opened.get((key, now.date()))
    if opened is not None and _holds(opened, calendar, now):
        return opened.finding
    held = rule.memo.get(now)
    if held is None or not _same(held[0], calendar):
        if len(rule.memo) > _MEMO_LIMIT:
            rule.memo.clear()
        held = rule.memo[now] = (calendar, {})
    found = held[1].get(key)
    if found is None:
        places = rule.everywhere or _places(rule, facts)
        found = held[1][key] = _search(rule, places, calendar, now)
        if found.steady_until is not None:
            if len(rule.opened) > _MEMO_LIMIT:
                rule.opened.clear()
            rule.opened[key, now.date()] = _Open(now, found, calendar)
    return found


def _holds(opened: _Open, calendar: Calendar, now: datetime) -> bool:
    last = opened.finding.steady_until
    within = last is not None and opened.since <= now <= last
    return within and _same(opened.calendar, calendar)


def _same(one: Calendar, other: Calendar) -> bool:
    return one is other or one.versions == other.versions


def _at_home(rule: TimeWindowRule, facts: Facts) -> tuple[str, ...]:
    if facts.customer is None and facts.number is None:
        return ("",)  # one of our own telephones
    return _regions(rule, lives_in(rule, facts))


def _places(rule: TimeWindowRule, facts: Facts) -> tuple[_Place, ...]:
    """Where it must be open. A region without hours of its own is no region here."""
    customer, number = facts.customer, facts.number
    if rule.where == "fixed":
        return tuple(_Place(rule.zone, region) for region in _at_home(rule, facts))
    if customer is None and number is None:
        return (_Place(rule.zone, ""),)  # one of our own telephones
    lives, called = lives_in(rule, facts), number.region if number else ""
    called_zone = number.time_zone if number else ""
    lives_zone = customer.time_zone if customer else ""
    if not lives_zone and lives == called and not (customer and customer.region):
        lives_zone = called_zone  # the number stands in for a residence that is not known
    residence = _clocks(rule, lives, lives_zone)
    if rule.where == "residence":
        return residence
    if called:
        telephone = _clocks(rule, called, called_zone)
    else:
        telephone = tuple(_Place(called_zone, hours) for hours in _regions(rule, lives))
    if rule.where == "number":
        return telephone
    return tuple(dict.fromkeys((*residence, *telephone)))


def _clocks(rule: TimeWindowRule, region: str, time_zone: str) -> tuple[_Place, ...]:
    """A region's hours, by the clock that is known or by every one that is kept there."""
    found = []
    for hours in _regions(rule, region):
        zones = (time_zone,) if time_zone else zones_of(max(hours, region, key=len)) or ("",)
        found += [_Place(zone_name, hours) for zone_name in zones]
    return tuple(found)


def _regions(rule: TimeWindowRule, region: str) -> tuple[str, ...]:
    """Whose hours hold in a region: its own, or the general ones ("").

    Of a region that is not known, or only coarsely ("US"), all that it may be: it must be open
    wherever somebody might be.
    """
    found = rule.hours_of.get(region)
    if found is None:
        own = [name for name in rule.regions if region == name or region.startswith(f"{name}-")]
        maybe = [name for name in rule.regions if may_lie_in(region, name)]
        found = rule.hours_of[region] = tuple(own) if own else ("", *maybe)
    return found


def _windows_on(rule: TimeWindowRule, region: str, calendar: Calendar) -> WindowsOn:
    table = rule.hours(region)

    def windows_on(day: date) -> Sequence[Window] | None:
        kind = calendar.type_of(day)
        return None if kind is None else table[kind][day.weekday()]

    return windows_on


def _search(
    rule: TimeWindowRule, places: tuple[_Place, ...], calendar: Calendar, now: datetime
) -> _Finding:
    worst = _Finding()
    until: datetime | None = None
    steady: datetime | None = datetime.max.replace(tzinfo=UTC)
    for place in places:
        try:
            zone(place.zone)
        except (KeyError, ValueError):
            return _Finding("DEP_TIME_ZONE", None, place.zone)
        found = _in_place(rule, place, calendar, now)
        if found.code:
            worst = worst if worst.code else found
        elif found.open_until is not None:
            until = found.open_until if until is None else min(until, found.open_until)
        if steady is not None and found.steady_until is not None:
            steady = min(steady, found.steady_until)
        else:
            steady = None
    if not worst.code:
        return _Finding(open_until=until, steady_until=steady)
    openings = [(place.zone, _windows_on(rule, place.region, calendar)) for place in places]
    return worst._replace(clears_at=_opens_everywhere(rule, openings, now))


def _in_place(rule: TimeWindowRule, place: _Place, calendar: Calendar, now: datetime) -> _Finding:
    today = local_date(now, place.zone)
    kind = calendar.type_of(today)
    if kind is None:
        return _Finding("CAL_MISSING", None, str(today.year))
    mine = rule.hours(place.region)[kind][today.weekday()]
    if mine is _ALL_DAY:
        return _Finding(steady_until=start_of_day(today + DAY, place.zone) - TICK)
    windows_on = _windows_on(rule, place.region, calendar)
    interval, in_tail = interval_at(now, windows_on, place.zone, rule.tail_guard_s)
    if interval is not None:
        # tomorrow may be another kind of day, or one that the calendar does not know
        last = interval.closes - max(timedelta(seconds=rule.tail_guard_s), TICK)
        within = local_date(interval.closes - TICK, place.zone) == today
        return _Finding(open_until=interval.closes, steady_until=last if within else None)
    observed = f"{now.astimezone(zone(place.zone)):%H:%M}"
    limit = ", ".join(str(window) for window in mine)
    if in_tail:
        return _Finding("TAIL_GUARD", None, observed, limit)
    if kind is DayType.STATUTORY and not mine:
        return _Finding("HOLIDAY", None, str(today))
    return _Finding("WINDOW", None, observed, limit or "—")


def _table(own: DayWindows, general: DayWindows) -> _Table:
    """Every type of day and weekday with its hours; `own` goes before `general`."""
    return {
        kind: tuple(_of_day(own, general, kind, weekday) for weekday in _WEEKDAYS)
        for kind in DayType
    }


def _of_day(
    own: DayWindows, general: DayWindows, kind: DayType, weekday: Weekday
) -> tuple[Window, ...]:
    if kind is DayType.STATUTORY:
        special = own.get(weekday, general.get(weekday))
        found = own.get(kind, general.get(kind))
        # a holiday on a Sunday is both: open when both are
        both = [windows for windows in (special, found) if windows is not None]
        return _common(*both) if len(both) == 2 else both[0] if both else _ALL_DAY
    for windows in (own, general):
        # an adjusted workday is a workday, whatever its weekday
        names = (kind, DayType.WORKDAY) if kind is DayType.ADJUSTED_WORK else (weekday, kind)
        for name in names:
            if name in windows:
                return windows[name]
    return _ALL_DAY


def _common(one: tuple[Window, ...], other: tuple[Window, ...]) -> tuple[Window, ...]:
    """The time that lies in both. Minutes beyond 1440 are of the next day."""
    found = []
    for a, b in product(one, other):
        start, end = max(a.start, b.start), min(_end(a), _end(b))
        if start < end:
            found.append(Window(start, end if end <= 1440 else end - 1440))
    return tuple(found)


def _end(window: Window) -> int:
    return window.end if window.end > window.start else window.end + 1440


def days_named(windows: DayWindows) -> set[DayType]:
    """The types of day of which these windows say something, whatever weekday they fall on."""
    named = {day for day in windows if isinstance(day, DayType)}
    if {Weekday.SATURDAY, Weekday.SUNDAY} <= set(windows):
        named.add(DayType.REST)
    if set(_WEEKDAYS[:5]) <= set(windows):
        named.add(DayType.WORKDAY)
    if DayType.WORKDAY in windows:
        named.add(DayType.ADJUSTED_WORK)
    return named


def _opens_everywhere(
    rule: TimeWindowRule, openings: list[tuple[str, WindowsOn]], now: datetime
) -> datetime | None:
    """First instant ≥ now that is open in every place: a fixpoint of "the latest next opening"."""
    moment = now
    limit = now + timedelta(days=HORIZON_DAYS)
    while moment <= limit:
        latest = moment
        for name, windows_on in openings:
            try:
                opening = next_opening(moment, windows_on, name, rule.tail_guard_s, HORIZON_DAYS)
            except CalendarUnknown:
                return None
            if opening is None:
                return None
            latest = max(latest, opening)
        if latest == moment:
            return moment
        moment = latest
    return None
