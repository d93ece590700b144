"""Times in which nobody is called: system cut-over, mourning, disaster, exam days.

They come from people, by the hour (the blackouts of the facts), or stand in the pack (`entries`,
such as the days of an examination). One without areas holds everywhere, one without families and
product for everything. Where neither the residence nor the number's region is known, or no product
is given, we cannot show that it is not meant: it holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from compliance.domain.decision import Reason
from compliance.domain.facts import Blackout, Facts, World
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection, regions_of, within
from compliance.domain.rules.values import Moment


class Entry(BaseModel):
    """[since, until), with an offset. `owner`: who answers for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Moment
    until: Moment
    reason: str
    owner: str = ""
    areas: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until <= self.since:
            raise ValueError("a blackout ends after it begins")
        return self


class BlackoutRule(Rule):
    kind: Literal["blackout"]
    entries: tuple[Entry, ...] = ()


def evaluate(rule: BlackoutRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """BLACKOUT, for the area of the residence or the number, and the product or its family."""
    reasons = [
        objection(rule, "BLACKOUT", observed=entry.reason, clears_at=entry.until)
        for entry in rule.entries
        if entry.since <= now < entry.until
        and _in_area(rule, entry.areas, facts)
        and _of_family(entry.families, facts)
    ]
    for blackout in facts.world.blackouts:
        if blackout.since <= now < blackout.until and _applies(rule, blackout, facts):
            reasons.append(
                objection(rule, "BLACKOUT", observed=blackout.reason, clears_at=blackout.until)
            )
    return reasons


def idle(rule: BlackoutRule, world: World, intent: Intent, now: datetime) -> bool:
    """There is none anywhere."""
    own = any(entry.since <= now < entry.until for entry in rule.entries)
    return not own and not any(each.since <= now < each.until for each in world.blackouts)


def _applies(rule: BlackoutRule, blackout: Blackout, facts: Facts) -> bool:
    product = facts.world.product
    if blackout.product_id is not None and product and product.id != blackout.product_id:
        return False
    areas = frozenset({blackout.region} - {""})
    families = frozenset({blackout.product_family} - {""})
    return _in_area(rule, areas, facts) and _of_family(families, facts)


def _in_area(rule: BlackoutRule, areas: frozenset[str], facts: Facts) -> bool:
    regions = regions_of(rule, facts)
    return not areas or not regions or any(within(region, areas) for region in regions)


def _of_family(families: frozenset[str], facts: Facts) -> bool:
    product = facts.world.product
    return not families or product is None or product.family in families
