"""What if another stack of rules held: one customer's answers now, and the hours they are open in.

Pure, over a snapshot of facts: nothing is predicted. Calls that the coming days would bring are not
in it, nor lists that would be renewed; it says what the rules alone would let through.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from compliance.domain.decide import decide_stacked
from compliance.domain.decision import Decision
from compliance.domain.facts import Facts
from compliance.domain.intent import Intent
from compliance.domain.pack import EffectivePack

HOUR = timedelta(hours=1)


def open_hours(
    facts: Facts, intent: Intent, stack: EffectivePack, begins: datetime, hours: int
) -> list[int]:
    """The hours from `begins` on (0, 1, …) in which the customer may be called at some instant.

    By the invariant of `earliest_next` nothing is missed between two questions: a refusal holds
    until then, so whole hours, days or all the rest are passed over at once.
    """
    found = []
    hour = 0
    while hour < hours:
        moment = begins + hour * HOUR
        decision = decide_stacked(facts, intent, stack, moment)
        opens = moment if decision.allowed else decision.earliest_next
        if opens is None:
            break
        hour = max(hour, int((opens - begins) / HOUR))
        if hour < hours:
            found.append(hour)
        hour += 1
    return found


@dataclass(slots=True)
class Side:
    """How many of the list one stack lets through, and why it does not the others."""

    allowed: int = 0
    later: int = 0
    primary: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, decision: Decision) -> None:
        if decision.allowed:
            self.allowed += 1
            return
        self.later += decision.earliest_next is not None
        self.primary[decision.codes[0]] += 1
        self.codes.update(set(decision.codes))

    def document(self) -> dict[str, Any]:
        return {
            "allowed": self.allowed,
            "later": self.later,
            "primary": dict(self.primary.most_common()),
            "codes": dict(self.codes.most_common()),
        }


@dataclass(slots=True)
class Comparison:
    """A list under two stacks: the rules in force, and those that are tried."""

    judged: int = 0
    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    #: let through now and not then, by the first reason then
    lost: Counter[str] = field(default_factory=Counter)
    #: let through then and not now, by the first reason now
    gained: Counter[str] = field(default_factory=Counter)

    def add(self, before: Decision, after: Decision) -> None:
        self.judged += 1
        self.before.add(before)
        self.after.add(after)
        if before.allowed and not after.allowed:
            self.lost[after.codes[0]] += 1
        if after.allowed and not before.allowed:
            self.gained[before.codes[0]] += 1

    def document(self) -> dict[str, Any]:
        return {
            "judged": self.judged,
            "before": self.before.document(),
            "after": self.after.document(),
            "lost": dict(self.lost.most_common()),
            "gained": dict(self.gained.most_common()),
        }


@dataclass(slots=True)
class Curve:
    """How many of a sample are open in each hour and on each day."""

    hours: int
    asked: int = 0
    by_hour: Counter[int] = field(default_factory=Counter)
    by_day: Counter[int] = field(default_factory=Counter)

    def add(self, open_in: list[int], day_of: list[int]) -> None:
        """`day_of` says on which day of the curve an hour lies."""
        self.asked += 1
        self.by_hour.update(open_in)
        self.by_day.update({day_of[hour] for hour in open_in})

    def scaled(self, total: int, days: int) -> dict[str, list[int]]:
        """The counts for a whole list of which the sample is a part."""
        factor = total / self.asked if self.asked else 0
        return {
            "hours": [round(self.by_hour[hour] * factor) for hour in range(self.hours)],
            "days": [round(self.by_day[day] * factor) for day in range(days)],
        }
