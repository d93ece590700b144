"""Opt-outs, complaints, registers, carriers' refusals: who may not be called at all.

A suppression holds for the customer or for the number, whichever it names, from its start to its
expiry (none = for ever), for all families of products or for one. A register in use that is older
than its limit blocks everybody: we cannot know who has been added since.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, Suppression, SuppressionSource
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import local_date

_CODES = {
    SuppressionSource.OPT_OUT: "OPT_OUT",
    SuppressionSource.COMPLAINT: "COMPLAINT",
    SuppressionSource.WRONG_NUMBER: "WRONG_NUMBER",
    SuppressionSource.CARRIER: "DNC_CARRIER",
}


class SuppressionRule(Rule):
    """`register_max_age_days` bounds every register in use (its own limit may be shorter).

    The age is counted in local dates and includes the limit: 31 ≤ 31 is fresh.
    """

    kind: Literal["suppression"]
    sources: frozenset[SuppressionSource]
    channels: frozenset[str] = frozenset({"voice", ""})
    register_max_age_days: int | None = None


def evaluate(rule: SuppressionRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """OPT_OUT, COMPLAINT, WRONG_NUMBER, DNC_<register>, REGISTER_STALE."""
    reasons = [
        objection(
            rule,
            _CODES.get(entry.source) or f"DNC_{(entry.register or 'REGISTER').upper()}",
            observed=entry.register or entry.source.value,
            clears_at=entry.expires_at,
        )
        for entry in facts.suppressions
        if entry.source in rule.sources and _applies(rule, entry, facts, intent, now)
    ]
    if rule.register_max_age_days is not None and facts.world.registers:
        reasons += _stale_registers(rule, facts, now)
    return reasons


def _applies(
    rule: SuppressionRule, entry: Suppression, facts: Facts, intent: Intent, now: datetime
) -> bool:
    if entry.customer_id is not None and entry.customer_id != intent.customer_id:
        return False
    if entry.number_id is not None and entry.number_id != intent.number_id:
        return False
    if entry.channel not in rule.channels or entry.since > now:
        return False
    if entry.expires_at is not None and entry.expires_at <= now:
        return False
    if not entry.product_family:
        return True
    # without a product we cannot show that the narrower wish is not meant
    product = facts.world.product
    return product is None or product.family == entry.product_family


def _stale_registers(rule: SuppressionRule, facts: Facts, now: datetime) -> list[Reason]:
    reasons = []
    today = local_date(now, rule.zone)
    for register in facts.world.registers:
        limit = min(register.max_age_days, rule.register_max_age_days or register.max_age_days)
        if register.imported_at is None:
            age = 9999
        else:
            age = (today - local_date(register.imported_at, rule.zone)).days
        if age > limit:
            reasons.append(
                objection(rule, "REGISTER_STALE", observed=age, limit=limit, register=register.name)
            )
    return reasons
