"""One live call a customer and a number: a permission given and not settled blocks another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Gate, Intent
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Whole


class InFlightRule(Rule):
    """`lease_s`: no call lasts longer; it bounds `earliest_next` (a unique index guards beyond)."""

    kind: Literal["in_flight"]
    lease_s: Whole = Field(default=14_400, gt=0)


def evaluate(rule: InFlightRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """INFLIGHT, and ALREADY_RESERVED when this very dial was reserved before."""
    if intent.gate is Gate.LIST:
        return []
    reasons = [objection(rule, "ALREADY_RESERVED")] if facts.world.already_reserved else []
    if facts.open_attempts:
        clears = max(attempt.at for attempt in facts.open_attempts)
        clears += timedelta(seconds=rule.lease_s)
        if now < clears:
            reasons.append(objection(rule, "INFLIGHT", clears_at=clears))
    return reasons


def idle(rule: InFlightRule, world: World, intent: Intent, now: datetime) -> bool:
    """A list is not in flight."""
    return intent.gate is Gate.LIST
