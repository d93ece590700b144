"""The number must be valid, known to be this customer's, and not somebody else's by now.

`owner_max_age_days`: the reassigned-numbers register must have been asked about this number at most
so many days ago (47 CFR 64.1200(m)); "changed" blocks, "no data" asks a person. Null = not asked;
"changed" blocks all the same where nobody says since when (with a date the rules on consent know
whose consent counts).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from audiences.domain.ownership import Ownership
from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, NumberFacts
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Natural
from compliance.domain.terms import local_date


class NumberRule(Rule):
    kind: Literal["number"]
    owner_max_age_days: Natural | None = None


def evaluate(rule: NumberRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """NUMBER_INVALID, DEP_LINK, NUMBER_REASSIGNED, NUMBER_OWNER_UNKNOWN, REGISTER_STALE."""
    reasons = []
    number = facts.number
    if number is not None and not number.valid:
        reasons.append(objection(rule, "NUMBER_INVALID", observed=number.invalid_reason))
    if not facts.linked:
        reasons.append(objection(rule, "DEP_LINK"))
    if number is None:
        return reasons
    if rule.owner_max_age_days is not None:
        return reasons + _owner(rule, rule.owner_max_age_days, number, now)
    if number.ownership is Ownership.CHANGED and number.in_use_since is None:
        # no consent can be shown to be the present owner's
        reasons.append(objection(rule, "NUMBER_REASSIGNED", observed=_asked(rule, number)))
    return reasons


def _asked(rule: NumberRule, number: NumberFacts) -> str:
    asked = number.ownership_asked_at
    return "—" if asked is None else str(local_date(asked, rule.zone))


def _owner(rule: NumberRule, limit: int, number: NumberFacts, now: datetime) -> list[Reason]:
    asked = number.ownership_asked_at
    if asked is None or number.ownership is Ownership.NOT_ASKED or asked > now:
        return [objection(rule, "REGISTER_STALE", observed="—", limit=limit, register="RND")]
    day = local_date(asked, rule.zone)
    age = (local_date(now, rule.zone) - day).days
    if age > limit:
        return [objection(rule, "REGISTER_STALE", observed=age, limit=limit, register="RND")]
    if number.ownership is Ownership.CHANGED:
        return [objection(rule, "NUMBER_REASSIGNED", observed=str(day))]
    if number.ownership is Ownership.NO_DATA:
        return [objection(rule, "NUMBER_OWNER_UNKNOWN")]
    return []
