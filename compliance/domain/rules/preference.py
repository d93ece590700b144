"""What the customer asked for, short of "never": no robot, other hours, not this family, rarely.

It only tightens. "Once a month" is once in any 31 days, "once a year" once in any 365; the talks
of every purpose and channel count. Hours and weekdays are in the customer's own time zone (0 =
Monday).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from audiences.domain.regions import zones_of
from compliance.domain.decision import Reason
from compliance.domain.facts import ContactKind, Facts, Preference
from compliance.domain.intent import Actor, Intent
from compliance.domain.intervals import Window, interval_at, next_opening
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import zone


class _Span(NamedTuple):
    length: timedelta
    zh: str
    en: str


_MONTH = _Span(timedelta(days=31), "月", "month")
_YEAR = _Span(timedelta(days=365), "年", "year")
_HORIZON_DAYS = 401


class PreferenceRule(Rule):
    kind: Literal["preference"]


def remembers(rule: PreferenceRule) -> tuple[Memory, ...]:
    """The talks of a year, with whoever asked for few."""
    return (Memory(ContactKind.CONVERSATION, _YEAR.length, wished=True),)


def evaluate(rule: PreferenceRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """PREFERENCE_ROBOT, PREFERENCE_FAMILY, PREFERENCE_HOURS, PREFERENCE_CAP; DEP_TIME_ZONE."""
    reasons: list[Reason] = []
    for wish in facts.preferences:
        if wish.since <= now:
            reasons += _wish(rule, wish, facts, intent, now)
    return reasons


def _wish(
    rule: PreferenceRule, wish: Preference, facts: Facts, intent: Intent, now: datetime
) -> list[Reason]:
    reasons = []
    product = facts.world.product
    if wish.no_robot and intent.actor is Actor.ROBOT:
        reasons.append(objection(rule, "PREFERENCE_ROBOT"))
    if product is not None and product.family in wish.families_refused:
        reasons.append(objection(rule, "PREFERENCE_FAMILY", observed=product.family))
    if wish.hours or wish.weekdays:
        reasons += _hours(rule, wish, facts, now)
    for limit, span in (
        (wish.conversations_per_year, _YEAR),
        (wish.conversations_per_month, _MONTH),
    ):
        if limit is not None:
            reasons += _at_most(rule, limit, span, facts, intent, now)
    return reasons


def _hours(rule: PreferenceRule, wish: Preference, facts: Facts, now: datetime) -> list[Reason]:
    windows = tuple(Window(*hours) for hours in wish.hours) or (Window(0, 1440),)
    chosen = set(wish.weekdays) or set(range(7))

    def windows_on(day: date) -> tuple[Window, ...]:
        return windows if day.weekday() in chosen else ()

    reasons = []
    for name in _clocks(rule, facts):
        try:
            zone(name)
        except (KeyError, ValueError):
            return [objection(rule, "DEP_TIME_ZONE", observed=name)]
        interval, _ = interval_at(now, windows_on, name, 0)
        if interval is None:
            clears = next_opening(now, windows_on, name, 0, _HORIZON_DAYS)
            reasons.append(objection(rule, "PREFERENCE_HOURS", clears_at=clears))
    return reasons


def _clocks(rule: PreferenceRule, facts: Facts) -> tuple[str, ...]:
    """The customer's own clock, or every one that it may be."""
    customer, number = facts.customer, facts.number
    if customer is None:
        return (rule.zone,)
    if customer.time_zone:
        return (customer.time_zone,)
    own = zones_of(customer.region) if customer.region else ()
    return own or ((number.time_zone if number else ""),)


def _at_most(
    rule: PreferenceRule, limit: int, span: _Span, facts: Facts, intent: Intent, now: datetime
) -> list[Reason]:
    counted = sorted(
        contact.at
        for contact in facts.contacts
        if contact.kind is ContactKind.CONVERSATION
        and contact.customer_id == intent.customer_id
        and now - contact.at < span.length
    )
    if len(counted) < limit:
        return []
    clears = counted[len(counted) - limit] + span.length if limit else None
    return [
        objection(
            rule,
            "PREFERENCE_CAP",
            observed=len(counted),
            limit=limit,
            clears_at=clears,
            span_zh=span.zh,
            span_en=span.en,
        )
    ]
