"""No active promotion of a product above the customer's tolerance (金融监管总局令2025年第7号).

Applies to products that are risk-rated (wealth, funds, investment insurance). Deposits, cards and
loans say `risk_rated = no` and are not touched; a product of which nobody said either blocks. Of
two ratings (ours and the issuer's) the higher counts (孰高). No role and no signed statement of the
customer re-opens an outbound call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import CustomerFacts, Facts, ProductFacts
from compliance.domain.intent import Intent, Purpose
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import add_months, local_date


class SuitabilityRule(Rule):
    """`assessment_max_age_months`: younger than this; `max_rating_by_phone`: R limit by phone."""

    kind: Literal["suitability"]
    purposes: frozenset[Purpose] = frozenset({Purpose.MARKETING, Purpose.CALLBACK})
    assessment_max_age_months: int | None = None
    max_rating_by_phone: int | None = None


def evaluate(rule: SuitabilityRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """SUIT_R_GT_C, SUIT_EXPIRED, SUIT_CHANNEL_R4, SUIT_CHANNEL, and DEP_* for what is unknown."""
    product, customer = facts.world.product, facts.customer
    if product is None:
        return [objection(rule, "DEP_PRODUCT")]
    reasons = [] if product.by_phone else [objection(rule, "SUIT_CHANNEL")]
    if product.risk_rated is None:
        return [*reasons, objection(rule, "DEP_RISK_RATED")]
    if not product.risk_rated:
        return reasons
    rating = effective_rating(product)
    if rating is None:
        reasons.append(objection(rule, "DEP_RISK_RATING"))
    elif rule.max_rating_by_phone is not None and rating > rule.max_rating_by_phone:
        reasons.append(
            objection(rule, "SUIT_CHANNEL_R4", observed=rating, limit=rule.max_rating_by_phone)
        )
    if customer is not None:
        reasons += _customer(rule, customer, rating, now)
    return reasons


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
    if rating is not None and rating > tolerance:
        reasons.append(objection(rule, "SUIT_R_GT_C", observed=rating, limit=tolerance))
    months = rule.assessment_max_age_months
    today = local_date(now, rule.zone)
    if assessed > today or (months is not None and today >= add_months(assessed, months)):
        reasons.append(objection(rule, "SUIT_EXPIRED", observed=str(assessed), limit=months))
    return reasons
