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

from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field

from compliance.domain.decision import Reason
from compliance.domain.facts import CustomerFacts, Facts, ProductFacts, World
from compliance.domain.intent import Actor, Intent, Purpose
from compliance.domain.likeness import Turns, first_day
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Natural, Whole
from compliance.domain.terms import add_months, local_date, months_at_most

_MEMO_LIMIT = 50_000


class SuitabilityRule(Rule):
    """`assessment_max_age_months`: younger than this; `max_rating_by_phone`: R limit by phone."""

    kind: Literal["suitability"]
    purposes: frozenset[Purpose] = frozenset({Purpose.MARKETING, Purpose.CALLBACK})
    assessment_max_age_months: Natural | None = None
    max_rating_by_phone: Natural | None = None
    matrix: dict[int, Natural] | None = None
    max_rating: dict[Actor, Natural] = {}
    max_amount_percent: Whole | None = Field(default=None, ge=0)

    @cached_property
    def limits(self) -> dict[Actor, int | None]:
        """The highest R by who speaks; None = no limit."""
        return {
            actor: min(
                (
                    limit
                    for limit in (self.max_rating_by_phone, self.max_rating.get(actor))
                    if limit is not None
                ),
                default=None,
            )
            for actor in Actor
        }

    @cached_property
    def memo(self) -> dict[tuple[object, ...], list[Reason]]:
        """Objections by (tolerance, assessed on, rating, today), of which there are few."""
        return {}


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
        limit = rule.limits[intent.actor]
        if limit is not None and rating > limit:
            reasons.append(objection(rule, "SUIT_CHANNEL_R4", observed=rating, limit=limit))
    if customer is not None:
        reasons += _customer(rule, customer, rating, now)
        reasons += _amount(rule, customer, product)
    return reasons


def turns(rule: SuitabilityRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The assessments that are of tomorrow, and the first one that is not too old today."""
    today, months = local_date(now, rule.zone), rule.assessment_max_age_months
    tomorrow = today + timedelta(days=1)
    named = () if rule.max_amount_percent is None else ("assets",)
    if months is None:
        return Turns(assessed=(tomorrow,), attributes=named)
    oldest = max(today - months_at_most(months), date.min + timedelta(days=1))
    young = first_day(lambda day: today < add_months(day, months), oldest, tomorrow)
    return Turns(assessed=(young, tomorrow), attributes=named)


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
    today = local_date(now, rule.zone)
    key = (tolerance, assessed, rating, today)
    found = rule.memo.get(key)
    if found is None:
        if len(rule.memo) > _MEMO_LIMIT:
            rule.memo.clear()
        found = rule.memo[key] = _unsuitable(rule, tolerance, assessed, rating, today)
    return found


def _unsuitable(
    rule: SuitabilityRule, tolerance: int, assessed: date, rating: int | None, today: date
) -> list[Reason]:
    reasons = []
    allowed = tolerance if rule.matrix is None else min(rule.matrix.get(tolerance, 0), tolerance)
    if rating is not None and rating > allowed:
        reasons.append(objection(rule, "SUIT_R_GT_C", observed=rating, limit=tolerance))
    months = rule.assessment_max_age_months
    if assessed > today or (months is not None and today >= add_months(assessed, months)):
        reasons.append(objection(rule, "SUIT_EXPIRED", observed=str(assessed), limit=months))
    return reasons
