"""Times in which nobody is called: system cut-over, mourning, disaster, exam days."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection


class BlackoutRule(Rule):
    kind: Literal["blackout"]


def evaluate(rule: BlackoutRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """BLACKOUT, for the customer's or the number's region and the product's family."""
    reasons = []
    for blackout in facts.world.blackouts:
        if not blackout.since <= now < blackout.until:
            continue
        regions = {
            facts.customer.region if facts.customer else "",
            facts.number.region if facts.number else "",
        }
        if blackout.region and blackout.region not in regions:
            continue
        product = facts.world.product
        if blackout.product_family and product and product.family != blackout.product_family:
            continue
        reasons.append(
            objection(rule, "BLACKOUT", observed=blackout.reason, clears_at=blackout.until)
        )
    return reasons
