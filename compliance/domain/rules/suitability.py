"""No active promotion of a product above the customer's tolerance (金融监管总局令2025年第7号).

Applies to products that are risk-rated (wealth, funds, investment insurance). Deposits, cards and
loans say `risk_rated = no` and are not touched; a product of which nobody said either blocks. Of
two ratings (ours and the issuer's) the higher counts (孰高). `matrix` says which R each C may be
offered (a C that it does not name: none; without a matrix R ≤ C) and can only tighten that.
`max_rating` limits R by who speaks, `max_amount_percent` the least amount of the product against
the customer's assets ("money clearly mismatched"). Private products are never offered in a
campaign. No role and no signed statement of the customer re-opens an outbound call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from compliance.domain.decision import Reason
from compliance.domain.facts import CustomerFacts, Facts, ProductFacts
from compliance.domain.intent import Actor, Intent, Purpose
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import add_months, local_date


class SuitabilityRule(Rule):
    """`assessment_max_age_months`: younger than this; `max_rating_by_phone`: R limit by phone."""

    kind: Literal["suitability"]
    purposes: frozenset[Purpose] = frozenset({Purpose.MARKETING, Purpose.CALLBACK})
    assessment_max_age_months: int | None = None
    max_rating_by_phone: int | None = None
    matrix: dict[int, int] | None = None
    max_rating: dict[Actor, int] = {}
    max_amount_percent: int | None = Field(default=None, ge=0)


def evaluate(rule: SuitabilityRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """SUIT_R_GT_C, SUIT_EXPIRED, SUIT_CHANNEL_R4, SUIT_CHANNEL, and DEP_* for what is unknown."""
    product, customer = facts.world.product, facts.customer
    if product is None:
        return [objection(rule, "DEP_PRODUCT")]
    reasons = [] if product.by_phone else [objection(rule, "SUIT_CHANNEL")]
    if product.private:
        reasons.append(objection(rule, "SUIT_PRIVATE"))
    if product.risk_rated is None:
        return [*reasons, objection(rule, "DEP_RISK_RATED")]
    if not product.risk_rated:
        return reasons
    rating = effective_rating(product)
    if rating is None:
        reasons.append(objection(rule, "DEP_RISK_RATING"))
    else:
        limits = (rule.max_rating_by_phone, rule.max_rating.get(intent.actor))
        limit = min((limit for limit in limits if limit is not None), default=rating)
        if rating > limit:
            reasons.append(objection(rule, "SUIT_CHANNEL_R4", observed=rating, limit=limit))
    if customer is not None:
        reasons += _customer(rule, customer, rating, now)
        reasons += _amount(rule, customer, product)
    return reasons


def _amount(rule: SuitabilityRule, customer: CustomerFacts, product: ProductFacts) -> list[Reason]:
    limit, least = rule.max_amount_percent, product.min_amount
    if limit is None or least is None:
        return []
    if customer.assets is None:
        return [objection(rule, "DEP_AMOUNT")]
    if least * 100 <= limit * customer.assets:
        return []
    observed = -(-least * 100 // customer.assets) if customer.assets > 0 else "∞"
    return [objection(rule, "SUIT_AMOUNT", observed=observed, limit=limit)]


def effective_rating(product: ProductFacts) -> int | None:
    """The higher of the bank's and the issuer's rating; None when the bank has none."""
    if product.risk_rating is None:
        return None
    return max(product.risk_rating, product.issuer_risk_rating or 0)


def _customer(
    rule: SuitabilityRule, customer: CustomerFacts, rating: int | None, now: datetime
) -> list[Reason]:
    tolerance, assessed = customer.risk_tolerance, customer.risk_assessed_on
    if tolerance is None or assessed is None:
        return [objection(rule, "DEP_RISK_TOLERANCE")]
    reasons = []
    allowed = tolerance if rule.matrix is None else min(rule.matrix.get(tolerance, 0), tolerance)
    if rating is not None and rating > allowed:
        reasons.append(objection(rule, "SUIT_R_GT_C", observed=rating, limit=tolerance))
    months = rule.assessment_max_age_months
    today = local_date(now, rule.zone)
    if assessed > today or (months is not None and today >= add_months(assessed, months)):
        reasons.append(objection(rule, "SUIT_EXPIRED", observed=str(assessed), limit=months))
    return reasons
