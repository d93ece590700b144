"""People who need more care: minors, elders, the vulnerable, the dead; and the ages of products.

Ages follow the civil code ("以上" includes the number) and the protective side of 29 February. An
unknown birth date blocks, where a rule or a product speaks of ages at all.

`flags`: circumstances of life, by the customer's attribute that notes them (hardship, bereaved,
fraud_victim, …), and who may call such a customer; nobody named = no call. `capacity`: the highest
R that may be offered to people of none or limited legal capacity (attribute `capacity`); 0 = they
are not called, and people of none are not where the rule speaks of limited capacity alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict

from compliance.domain import attributes
from compliance.domain.attributes import Capacity
from compliance.domain.decision import HORIZON, Reason
from compliance.domain.facts import CustomerFacts, ExemptionKind, Facts, World
from compliance.domain.intent import Actor, Intent, Purpose
from compliance.domain.likeness import Turns, first_day
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.suitability import effective_rating
from compliance.domain.rules.values import Natural, Truth
from compliance.domain.terms import becomes_elder, comes_of_age, local_date, start_of_day

_MEMO_LIMIT = 50_000


class AgeBand(BaseModel):
    """From `from_age` on (included). `max_rating`: the highest R offered by phone.

    `review_risk_rated`: a second person must have looked at it (exemption `elder_review`);
    `whitelist`: only with an exemption `elder_whitelist`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_age: Natural
    actors: frozenset[Actor] = frozenset({Actor.HUMAN, Actor.ROBOT})
    max_rating: Natural | None = None
    review_risk_rated: Truth = False
    whitelist: Truth = False


class VulnerableRule(Rule):
    kind: Literal["vulnerable"]
    min_age: Natural | None = None
    bands: tuple[AgeBand, ...] = ()
    #: who may call a customer marked vulnerable
    flagged_actors: frozenset[Actor] = frozenset({Actor.HUMAN})
    flags: dict[str, frozenset[Actor]] = {}
    capacity: dict[Literal[Capacity.NONE, Capacity.LIMITED], Natural] = {}

    @cached_property
    def memo(self) -> dict[tuple[date, date], tuple[date | None, tuple[AgeBand, ...]]]:
        """Ages by (birth, today): a million people share some ten thousand birthdays."""
        return {}


def evaluate(rule: VulnerableRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """DECEASED, VULNERABLE, SPARED, CAPACITY, DEP_AGE, UNDERAGE, PRODUCT_AGE, ELDER_*, …"""
    customer = facts.customer
    if customer is None:
        return []
    reasons = []
    if customer.deceased:
        reasons.append(objection(rule, "DECEASED"))
    if customer.vulnerable and intent.actor not in rule.flagged_actors:
        reasons.append(objection(rule, "VULNERABLE"))
    reasons += _circumstances(rule, customer, facts, intent)
    birth = customer.birth_date
    today = local_date(now, rule.zone)
    if not (rule.min_age is not None or rule.bands or _has_ages(facts)):
        return reasons
    if birth is None or birth > today:
        return [*reasons, objection(rule, "DEP_AGE")]
    of_age, bands = _ages(rule, birth, today)
    if of_age is not None:
        clears = start_of_day(of_age, rule.zone)
        reasons.append(objection(rule, "UNDERAGE", limit=rule.min_age, clears_at=clears))
    reasons += _product_ages(rule, birth, today, facts)
    for band in bands:
        reasons += _band(rule, band, customer, facts, intent, now)
    return reasons


def turns(rule: VulnerableRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The birth dates of those who reach one of its ages today, or the product's; of those who are
    young until the horizon; the attributes that note circumstances and capacity.
    """
    today, product = local_date(now, rule.zone), world.product
    tomorrow = today + timedelta(days=1)
    young = [rule.min_age, product.min_age if product is not None else None]
    old = [band.from_age for band in rule.bands]
    if product is not None and product.max_age is not None:
        old.append(product.max_age + 1)
    births = [tomorrow]
    for reached, ages in ((comes_of_age, young), (becomes_elder, old)):
        for age in ages:
            if age is not None:
                births.append(_not_yet(reached, age, today, tomorrow))
    horizon = now + HORIZON
    for age in young:
        if age is not None:
            births.append(_young_beyond(rule, age, horizon))
    named = (*rule.flags, *(("capacity",) if rule.capacity else ()))
    return Turns(births=tuple(births), attributes=named)


def _not_yet(reached: Callable[[date, int], date], age: int, today: date, tomorrow: date) -> date:
    """The first birth date of those who are younger than that today."""
    oldest = date(max(today.year - age - 2, 1), 1, 1)
    return first_day(lambda birth: today < reached(birth, age), oldest, tomorrow)


def _young_beyond(rule: VulnerableRule, age: int, horizon: datetime) -> date:
    """The first birth date of those who are not so old before the horizon is past."""
    latest = local_date(horizon, rule.zone) + timedelta(days=1)
    return first_day(
        lambda birth: horizon < start_of_day(comes_of_age(birth, age), rule.zone),
        date(max(latest.year - age - 2, 1), 1, 1),
        latest,
    )


def _has_ages(facts: Facts) -> bool:
    product = facts.world.product
    return product is not None and (product.min_age is not None or product.max_age is not None)


def _circumstances(
    rule: VulnerableRule, customer: CustomerFacts, facts: Facts, intent: Intent
) -> list[Reason]:
    if not customer.attributes or not (rule.flags or rule.capacity):
        return []
    held = dict(customer.attributes)
    reasons = []
    for name, actors in rule.flags.items():
        if attributes.says_so(held.get(name)) and intent.actor not in actors:
            code = "VULNERABLE" if actors else "SPARED"
            reasons.append(objection(rule, code, observed=name))
    if rule.capacity:
        reasons += _capacity(rule, attributes.capacity(held.get("capacity")), facts, intent)
    return reasons


def _capacity(
    rule: VulnerableRule, capacity: Capacity, facts: Facts, intent: Intent
) -> list[Reason]:
    if capacity is Capacity.FULL:
        return []
    if capacity is Capacity.UNKNOWN:
        return [objection(rule, "DEP_CAPACITY")]
    limit = rule.capacity.get(capacity, 0 if capacity is Capacity.NONE else None)
    product = facts.world.product
    if limit is None or (limit > 0 and intent.purpose is Purpose.CARE):
        return []
    rating = effective_rating(product) if product is not None and product.risk_rated else 0
    if limit > 0 and rating is not None and rating <= limit:
        return []
    return [objection(rule, "CAPACITY", observed=capacity.value, limit=limit)]


def _ages(
    rule: VulnerableRule, birth: date, today: date
) -> tuple[date | None, tuple[AgeBand, ...]]:
    """When a minor comes of age (None = is of age), and the bands of the old."""
    found = rule.memo.get((birth, today))
    if found is None:
        of_age = None if rule.min_age is None else comes_of_age(birth, rule.min_age)
        found = (
            of_age if of_age is not None and today < of_age else None,
            tuple(b for b in rule.bands if today >= becomes_elder(birth, b.from_age)),
        )
        if len(rule.memo) > _MEMO_LIMIT:
            rule.memo.clear()
        rule.memo[birth, today] = found
    return found


def _product_ages(rule: VulnerableRule, birth: date, today: date, facts: Facts) -> list[Reason]:
    product = facts.world.product
    if product is None or not _has_ages(facts):
        return []
    limits = f"{product.min_age or 0}–{product.max_age or '∞'}"
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if product.min_age is not None:
        old_enough = comes_of_age(birth, product.min_age)
        if today < old_enough:
            clears = start_of_day(old_enough, rule.zone)
            return [objection(rule, "PRODUCT_AGE", observed=age, limit=limits, clears_at=clears)]
    # "up to 60" includes the whole year of being 60
    if product.max_age is not None and today >= becomes_elder(birth, product.max_age + 1):
        return [objection(rule, "PRODUCT_AGE", observed=age, limit=limits)]
    return []


def _band(
    rule: VulnerableRule,
    band: AgeBand,
    customer: CustomerFacts,
    facts: Facts,
    intent: Intent,
    now: datetime,
) -> list[Reason]:
    reasons = []
    if intent.actor not in band.actors:
        reasons.append(objection(rule, "ELDER_ROBOT", limit=band.from_age))
    if band.whitelist and not _exempt(ExemptionKind.ELDER_WHITELIST, facts, intent, now):
        reasons.append(objection(rule, "ELDER_WHITELIST", limit=band.from_age))
    product = facts.world.product
    if product is None or not product.risk_rated or intent.purpose is Purpose.CARE:
        return reasons
    rating = effective_rating(product)
    if band.max_rating is not None and rating is not None and rating > band.max_rating:
        reasons.append(
            objection(
                rule,
                "ELDER_RISK",
                observed=rating,
                limit=band.max_rating,
                age=str(band.from_age),
            )
        )
    if band.review_risk_rated and not _exempt(ExemptionKind.ELDER_REVIEW, facts, intent, now):
        reasons.append(objection(rule, "ELDER_REVIEW", limit=band.from_age))
    return reasons


def _exempt(kind: ExemptionKind, facts: Facts, intent: Intent, now: datetime) -> bool:
    return any(
        exemption.kind is kind
        and exemption.product_id in (None, intent.product_id)
        and exemption.campaign_id in (None, intent.campaign_id)
        and exemption.stands(now)
        for exemption in facts.exemptions
    )
