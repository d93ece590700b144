"""Calling hours by type of day, in the right time zone, with a tail guard.

- `windows`: day type → list of ["HH:MM", "HH:MM"]; an empty list = never on such a day; a day type
  that is not named = this rule says nothing on such a day (adjusted workdays count as workdays
  unless named).
- `where`: whose clock: `fixed` (the pack's zone), `residence`, `number`, or `both_intersect`.
- `regions`: windows that replace the general ones for residents of a region (by the number's
  region when the residence is unknown).
- `tail_guard_s`: the last dial starts this long before the window ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator

from compliance.domain.calendar import Calendar, DayType
from compliance.domain.decision import Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Intent
from compliance.domain.intervals import (
    CalendarUnknown,
    Window,
    WindowsOn,
    interval_at,
    next_opening,
    parse_clock,
)
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import local_date, zone

HORIZON_DAYS = 401
_ALL_DAY = (Window(0, 1440),)
_MEMO_LIMIT = 20_000


def _window(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str):
        return Window(parse_clock(value[0]), parse_clock(value[1]))
    return value


DayWindows = dict[DayType, tuple[Annotated[Window, BeforeValidator(_window)], ...]]


class _Finding(NamedTuple):
    code: str = ""
    clears_at: datetime | None = None
    observed: str = ""
    limit: str = ""
    open_until: datetime | None = None


class TimeWindowRule(Rule):
    kind: Literal["time_window"]
    windows: DayWindows
    regions: dict[str, DayWindows] = {}
    where: Literal["fixed", "residence", "number", "both_intersect"] = "fixed"
    tail_guard_s: int = 0

    @cached_property
    def memo(self) -> dict[tuple[Any, ...], _Finding]:
        """Answers by (region, zones, calendar, instant): a list asks the same again and again."""
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


def open_until(rule: TimeWindowRule, facts: Facts, now: datetime) -> datetime | None:
    """The end of the window that `now` lies in (tail guard not taken off); None = no bound."""
    return _find(rule, facts, now).open_until


def _find(rule: TimeWindowRule, facts: Facts, now: datetime) -> _Finding:
    customer, number = facts.customer, facts.number
    zones = _zones(rule, facts)
    region = (customer.region if customer else "") or (number.region if number else "")
    windows = rule.regions.get(region, rule.windows) if rule.regions else rule.windows
    key = (region if rule.regions else "", zones, facts.world.calendar.versions, now)
    found = rule.memo.get(key)
    if found is None:
        found = _search(rule, windows, zones, facts.world.calendar, now)
        if len(rule.memo) > _MEMO_LIMIT:
            rule.memo.clear()
        rule.memo[key] = found
    return found


def _zones(rule: TimeWindowRule, facts: Facts) -> tuple[str, ...]:
    residence = facts.customer.time_zone if facts.customer else rule.zone
    number = facts.number.time_zone if facts.number else rule.zone
    if rule.where == "residence":
        return (residence,)
    if rule.where == "number":
        return (number,)
    if rule.where == "both_intersect":
        return (residence,) if residence == number else (residence, number)
    return (rule.zone,)


def _search(
    rule: TimeWindowRule,
    windows: DayWindows,
    zones: tuple[str, ...],
    calendar: Calendar,
    now: datetime,
) -> _Finding:
    def windows_on(day: date) -> Sequence[Window] | None:
        kind = calendar.type_of(day)
        return None if kind is None else _of_day(windows, kind)

    worst = _Finding()
    until: datetime | None = None
    for name in zones:
        try:
            zone(name)
        except (KeyError, ValueError):
            return _Finding("DEP_TIME_ZONE", None, name)
        found = _in_zone(rule, windows, name, calendar, windows_on, now)
        if found.code:
            worst = worst if worst.code else found
        elif found.open_until is not None:
            until = found.open_until if until is None else min(until, found.open_until)
    if not worst.code:
        return _Finding(open_until=until)
    return worst._replace(clears_at=_opens_everywhere(rule, zones, windows_on, now))


def _in_zone(
    rule: TimeWindowRule,
    windows: DayWindows,
    name: str,
    calendar: Calendar,
    windows_on: WindowsOn,
    now: datetime,
) -> _Finding:
    today = local_date(now, name)
    kind = calendar.type_of(today)
    if kind is None:
        return _Finding("CAL_MISSING", None, str(today.year))
    mine = _of_day(windows, kind)
    if mine is _ALL_DAY:
        return _Finding()
    interval, in_tail = interval_at(now, windows_on, name, rule.tail_guard_s)
    if interval is not None:
        return _Finding(open_until=interval.closes)
    observed = f"{now.astimezone(zone(name)):%H:%M}"
    limit = ", ".join(str(window) for window in mine)
    if in_tail:
        return _Finding("TAIL_GUARD", None, observed, limit)
    if kind is DayType.STATUTORY and not mine:
        return _Finding("HOLIDAY", None, str(today))
    return _Finding("WINDOW", None, observed, limit or "—")


def _of_day(windows: DayWindows, kind: DayType) -> tuple[Window, ...]:
    found = windows.get(kind)
    if found is None and kind is DayType.ADJUSTED_WORK:
        found = windows.get(DayType.WORKDAY)
    return _ALL_DAY if found is None else found


def _opens_everywhere(
    rule: TimeWindowRule, zones: tuple[str, ...], windows_on: WindowsOn, now: datetime
) -> datetime | None:
    """First instant ≥ now that is open in every zone: a fixpoint of "the latest next opening"."""
    moment = now
    limit = now + timedelta(days=HORIZON_DAYS)
    while moment <= limit:
        latest = moment
        for name in zones:
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
