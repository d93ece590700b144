"""The number must be valid and known to be this customer's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection


class NumberRule(Rule):
    kind: Literal["number"]


def evaluate(rule: NumberRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """NUMBER_INVALID, DEP_LINK."""
    reasons = []
    number = facts.number
    if number is not None and not number.valid:
        reasons.append(objection(rule, "NUMBER_INVALID", observed=number.invalid_reason))
    if not facts.linked:
        reasons.append(objection(rule, "DEP_LINK"))
    return reasons
