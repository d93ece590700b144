"""Test calls ring telephones of our own staff, verified by a code, a few times a day.

Windows, calendar and kill switch hold for them as for everybody; caps on marketing do not. A stack
without a rule of this kind lets no test call through.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Intent, Purpose
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Whole
from compliance.domain.terms import local_date, start_of_day


class StaffCallRule(Rule):
    """`limit` calls to one number in a calendar day of the pack's zone; `verified_max_age_days`
    (elapsed days): when the code must be asked for again.
    """

    kind: Literal["test_call"]
    purposes: frozenset[Purpose] = frozenset({Purpose.TEST})
    limit: Whole = Field(ge=0)
    verified_max_age_days: Whole | None = Field(default=None, gt=0)


def evaluate(rule: StaffCallRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """TEST_NUMBER_UNVERIFIED, CAP_<rule id>."""
    number = facts.staff_number
    if number is None or not _verified(rule, number.verified_at, now):
        return [objection(rule, "TEST_NUMBER_UNVERIFIED")]
    today = local_date(now, rule.zone)
    made = sum(local_date(at, rule.zone) == today for at in number.calls)
    if made < rule.limit:
        return []
    tomorrow = start_of_day(today + timedelta(days=1), rule.zone) if rule.limit else None
    return [
        objection(
            rule,
            f"CAP_{rule.id}",
            observed=made,
            limit=rule.limit,
            clears_at=tomorrow,
            span_zh="今日",
            span_en="today",
            counts_zh="测试拨打",
            counts_en="test calls",
            key_zh="该号码",
            key_en="number",
        )
    ]


def _verified(rule: StaffCallRule, at: datetime | None, now: datetime) -> bool:
    if at is None or at > now:
        return False
    days = rule.verified_max_age_days
    return days is None or now - at < timedelta(days=days)
