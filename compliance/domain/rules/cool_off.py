"""Quiet times after what the customer said: by outcome, for days or for calendar months.

`days` are elapsed time (N × 24 h); `months` follow the civil code (the day it began is not
counted, a missing day is the month's last, it lasts through its whole last day); `permanent` never
ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from compliance.domain.decision import HORIZON, Reason
from compliance.domain.facts import Contact, ContactKind, Facts, World
from compliance.domain.intent import Intent
from compliance.domain.likeness import Turns, after, first_instant
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Whole
from compliance.domain.terms import end_of_month_term, local_date, months_at_most


class CoolOffRule(Rule):
    """`outcomes` are the ledger's (lower case); `scope` says what is quiet for how long."""

    kind: Literal["cool_off"]
    name: str = Field(pattern=r"^[a-z_]+$")
    name_zh: str
    name_en: str
    outcomes: frozenset[str]
    scope: Literal["all", "product", "product_family", "campaign", "number"]
    days: Whole | None = Field(default=None, gt=0)
    months: Whole | None = Field(default=None, gt=0)
    permanent: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.days, self.months, self.permanent)) != 1:
            raise ValueError("a cool-off has days, months or permanent")
        return self


def remembers(rule: CoolOffRule) -> tuple[Memory, ...]:
    """Its outcomes, until the quiet time after them is over."""
    span = None
    if rule.days is not None:
        span = timedelta(days=rule.days)
    elif rule.months is not None:
        span = months_at_most(rule.months)
    return (Memory(ContactKind.OUTCOME, span, rule.outcomes),)


def evaluate(rule: CoolOffRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """COOLOFF_<NAME>, with the latest end among the events that count."""
    if not facts.contacts:
        return []
    last: datetime | None = None
    until: datetime | None = None
    for contact in facts.contacts:
        if contact.kind is not ContactKind.OUTCOME or contact.outcome not in rule.outcomes:
            continue
        if not _applies(rule, contact, facts, intent):
            continue
        end = _end(rule, contact.at)
        if contact.at > now or (end is not None and end <= now):
            continue
        if last is None or contact.at > last:
            last, until = contact.at, end
    if last is None:
        return []
    return [
        objection(
            rule,
            f"COOLOFF_{rule.name.upper()}",
            observed=str(local_date(last, rule.zone)),
            limit=_length(rule)[0],
            clears_at=until,
            name_zh=rule.name_zh,
            name_en=rule.name_en,
            limit_en=_length(rule)[1],
        )
    ]


def turns(rule: CoolOffRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The contacts that are still to come, and the first one after which it is quiet still, now
    and at the horizon.
    """
    found = [after(now)]
    for edge in (now, now + HORIZON):
        if rule.days is not None:
            found.append(after(edge - timedelta(days=rule.days)))
        elif rule.months is not None:
            found.append(_first_quiet(rule.months, rule.zone, edge))
    return Turns(contacts=tuple(found))


def _first_quiet(months: int, zone: str, edge: datetime) -> datetime:
    """The first instant from which a term of months lasts longer than to the edge."""
    oldest = edge - months_at_most(months) - timedelta(days=2)
    return first_instant(lambda at: edge < end_of_month_term(at, months, zone), oldest, edge)


def _applies(rule: CoolOffRule, contact: Contact, facts: Facts, intent: Intent) -> bool:
    if rule.scope == "number":
        return contact.number_id is not None and contact.number_id == intent.number_id
    if contact.customer_id != intent.customer_id:
        return False
    product = facts.world.product
    if rule.scope == "product":
        return contact.product_id is not None and contact.product_id == intent.product_id
    if rule.scope == "product_family":
        return product is not None and contact.product_family == product.family
    if rule.scope == "campaign":
        return contact.campaign_id is not None and contact.campaign_id == intent.campaign_id
    return True


def _end(rule: CoolOffRule, begun: datetime) -> datetime | None:
    if rule.days is not None:
        return begun + timedelta(days=rule.days)
    if rule.months is not None:
        return end_of_month_term(begun, rule.months, rule.zone)
    return None


def _length(rule: CoolOffRule) -> tuple[str, str]:
    if rule.days is not None:
        return f"{rule.days}天", f"{rule.days} days"
    if rule.months is not None:
        return f"{rule.months}个月", f"{rule.months} months"
    return "永久", "for ever"
