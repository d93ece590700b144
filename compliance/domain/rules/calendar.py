"""The calendar must know the day: a year that is not loaded blocks (missing_year = block)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, in_world, objection
from compliance.domain.terms import local_date


class CalendarRule(Rule):
    """`country` names the calendar; `missing_year` has one value, so that it is said aloud."""

    kind: Literal["calendar"]
    country: str
    missing_year: Literal["block"] = "block"


def evaluate(rule: CalendarRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """CAL_MISSING when the local date's year is not loaded for this country."""
    return _missing(rule, facts.world, now)


def idle(rule: CalendarRule, world: World, intent: Intent, now: datetime) -> bool:
    """The year is loaded."""
    return not _missing(rule, world, now)


@in_world
def _missing(rule: CalendarRule, world: World, now: datetime) -> list[Reason]:
    calendar = world.calendar
    today = local_date(now, rule.zone)
    if calendar.country == rule.country and calendar.knows(today):
        return []
    return [objection(rule, "CAL_MISSING", observed=str(today.year))]
