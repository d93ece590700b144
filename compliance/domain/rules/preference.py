"""What the customer asked for, short of "never": no robot, other hours, not this family, rarely.

It only tightens. "Once a month" is once in any 31 days, "once a year" once in any 365; the talks
of every purpose and channel count. Hours and weekdays are in the customer's own time zone (0 =
Monday).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from compliance.domain.decision import Reason
from compliance.domain.facts import ContactKind, Facts, Preference
from compliance.domain.intent import Actor, Intent
from compliance.domain.intervals import Window, interval_at, next_opening
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, objection


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
    """The talks of a year."""
    return (Memory(ContactKind.CONVERSATION, _YEAR.length),)


def evaluate(rule: PreferenceRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """PREFERENCE_ROBOT, PREFERENCE_FAMILY, PREFERENCE_HOURS, PREFERENCE_CAP."""
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
    zone_name = facts.customer.time_zone if facts.customer else rule.zone
    chosen = set(wish.weekdays) or set(range(7))
    interval, _ = interval_at(
        now, lambda day: windows if day.weekday() in chosen else (), zone_name, 0
    )
    if interval is not None:
        return []
    clears = next_opening(
        now, lambda day: windows if day.weekday() in chosen else (), zone_name, 0, _HORIZON_DAYS
    )
    return [objection(rule, "PREFERENCE_HOURS", clears_at=clears)]


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
