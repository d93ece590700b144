"""Who a product is for, as a closed and typed expression over the facts (no code).

The language is in `expressions.py`. False blocks; unknown blocks too, until somebody knows. Of all
fields only the age changes by itself, on birthdays: a rule that a birthday will satisfy says so.
Where an age is ambiguous (29 February) the condition must hold either way: the protective side.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.expressions import (
    ATTRIBUTE,
    Expression,
    Snapshot,
    comparisons,
    protected,
)
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Intent, Purpose
from compliance.domain.likeness import Turns
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import becomes_elder, comes_of_age, local_date, start_of_day

_HORIZON = timedelta(days=401)


class EligibilityRule(Rule):
    """`families`: only for these families (empty = all). `zh` and `en` say what `require` says."""

    kind: Literal["eligibility"]
    purposes: frozenset[Purpose] = frozenset({Purpose.MARKETING, Purpose.CALLBACK})
    families: frozenset[str] = frozenset()
    require: Expression


def evaluate(rule: EligibilityRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """NOT_ELIGIBLE, DEP_ELIGIBILITY."""
    product = facts.world.product
    if rule.families and product is not None and product.family not in rule.families:
        return []
    today = local_date(now, rule.zone)
    holds = protected(rule.require, facts, today)
    if holds:
        return []
    # a birthday may satisfy it although something else is not known
    birthday = _birthday(rule, facts, today)
    clears = start_of_day(birthday, rule.zone) if birthday is not None else None
    if holds is None:
        here = Snapshot(facts, today)
        unknown = {test.field for test in comparisons(rule.require) if test.read(here) is None}
        observed = ", ".join(sorted(unknown))
        return [objection(rule, "DEP_ELIGIBILITY", observed=observed, clears_at=clears)]
    return [
        objection(
            rule,
            "NOT_ELIGIBLE",
            observed=rule.sentence("en"),
            clears_at=clears,
            observed_zh=rule.sentence("zh"),
        )
    ]


#: What differs from one person to the next, or by itself with time.
_PERSONAL = frozenset({"customer.age", "customer.branch"})


def turns(rule: EligibilityRule, world: World, intent: Intent, now: datetime) -> Turns | None:
    """None where it asks for the age, which may change twice within the horizon, or the branch."""
    asked = {test.field for test in comparisons(rule.require)}
    if asked & _PERSONAL:
        return None
    named = [field.removeprefix(ATTRIBUTE) for field in asked if field.startswith(ATTRIBUTE)]
    return Turns(attributes=(*named, *(["assets"] if "customer.assets" in asked else [])))


def _birthday(rule: EligibilityRule, facts: Facts, today: date) -> date | None:
    """The next birthday on which the expression holds, within the horizon."""
    birth = facts.customer.birth_date if facts.customer else None
    if birth is None:
        return None
    for year in (today.year, today.year + 1, today.year + 2):
        for reached in (becomes_elder, comes_of_age):
            day = reached(birth, year - birth.year)
            if today < day <= today + _HORIZON and protected(rule.require, facts, day):
                return day
    return None
