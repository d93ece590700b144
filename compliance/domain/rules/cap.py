"""At most N contacts in a time, per customer, number, household, family, campaign, … and a gap.

- `limit` N: 0 = never, null = off. `counts`: attempts, connects, conversations (live contacts on
  any channel), robot (attempts made by the robot; such a rule binds robot calls only), abandons.
- `window`: rolling hours or days: an event at t counts iff now − t < D, in elapsed seconds;
  calendar day, ISO week or month in the pack's zone; or lifetime (as far as facts reach back:
  400 days).
- `per`: all of the named keys must agree between event and intent. One of them is customer, number
  or household, whose contacts are what is known (and locked): a cap on a whole campaign, branch or
  caller ID is refused here rather than counted wrongly. A caller ID's caps are values of its own.
- `min_gap_s`: no attempt sooner after the last one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from compliance.domain.decision import HORIZON, Reason
from compliance.domain.facts import (
    CUSTOMER_REACH,
    OTHERS_REACH,
    Contact,
    ContactKind,
    Facts,
    World,
)
from compliance.domain.intent import Actor, Intent
from compliance.domain.likeness import Turns, after
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Whole
from compliance.domain.terms import add_months, local_date, start_of_day

CapKey = Literal[
    "customer",
    "number",
    "household",
    "product_family",
    "campaign",
    "branch",
    "channel",
    "caller_id",
]
Counts = Literal["attempts", "connects", "conversations", "robot", "abandons"]

_KINDS: dict[str, ContactKind] = {
    "attempts": ContactKind.ATTEMPT,
    "robot": ContactKind.ATTEMPT,
    "connects": ContactKind.CONNECT,
    "conversations": ContactKind.CONVERSATION,
    "abandons": ContactKind.ABANDON,
}
#: of a local period, clocks that are put back included
_LONGEST = {
    "day": timedelta(days=2),
    "week": timedelta(days=8),
    "month": timedelta(days=32),
}
_PEOPLE = frozenset({"customer", "number", "household"})
_COUNTS_TEXT = {
    "attempts": ("拨打", "attempts"),
    "robot": ("机器人拨打", "robot attempts"),
    "connects": ("接通", "connects"),
    "conversations": ("通话", "conversations"),
    "abandons": ("放弃", "abandoned calls"),
}
_KEY_TEXT = {
    "customer": ("该客户", "customer"),
    "number": ("该号码", "number"),
    "household": ("该家庭", "household"),
    "product_family": ("同类产品", "product family"),
    "campaign": ("本活动", "campaign"),
    "branch": ("该机构", "branch"),
    "channel": ("该渠道", "channel"),
    "caller_id": ("该主叫号码", "caller ID"),
}


class Span(BaseModel):
    """Exactly one of the four ways to bound time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rolling_hours: Whole | None = Field(default=None, gt=0)
    rolling_days: Whole | None = Field(default=None, gt=0)
    calendar: Literal["day", "week", "month"] | None = None
    lifetime: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [self.rolling_hours, self.rolling_days, self.calendar, self.lifetime]
        if sum(value is not None for value in given) != 1:
            raise ValueError("a window is rolling_hours, rolling_days, calendar or lifetime")
        return self

    @cached_property
    def rolling(self) -> timedelta | None:
        if self.rolling_hours is not None:
            return timedelta(hours=self.rolling_hours)
        return timedelta(days=self.rolling_days) if self.rolling_days is not None else None

    def text(self) -> tuple[str, str]:
        """ "近7天" / "in the last 7 days", and the like."""
        if self.rolling_hours:
            return f"近{self.rolling_hours}小时", f"in the last {self.rolling_hours} hours"
        if self.rolling_days:
            return f"近{self.rolling_days}天", f"in the last {self.rolling_days} days"
        if self.calendar:
            zh = {"day": "今日", "week": "本周", "month": "本月"}[self.calendar]
            return zh, f"this {self.calendar}"
        return "累计", "ever"


class CapRule(Rule):
    kind: Literal["cap"]
    limit: Whole | None = Field(default=None, ge=0)
    counts: Counts = "attempts"
    per: tuple[CapKey, ...] = Field(min_length=1)
    window: Span | None = None
    channels: frozenset[str] = frozenset()
    min_gap_s: Whole | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.limit is not None and self.window is None:
            raise ValueError("a limit needs a window")
        if not _PEOPLE & set(self.per):
            raise ValueError(
                "a cap is per customer, number or household, and more: of these alone calls are"
                " counted exactly; a caller ID's calls an hour and a day are set at the caller ID,"
                " how much a campaign calls by its lines, its dates and its list"
            )
        own = "customer" in self.per
        known, reach = CUSTOMER_REACH if own else OTHERS_REACH, self.reach
        if (reach is None and not own) or (reach is not None and reach > known):
            raise ValueError(f"contacts are known for {known.days} days")
        return self

    @property
    def is_off(self) -> bool:
        return self.limit is None and self.min_gap_s is None

    @cached_property
    def reach(self) -> timedelta | None:
        """No event this old or older counts; None = an event may count whatever its age."""
        spans = [timedelta(seconds=self.min_gap_s)] if self.min_gap_s is not None else []
        if self.limit is not None and self.window is not None:
            span = self.window.rolling
            if span is None and self.window.calendar is not None:
                span = _LONGEST[self.window.calendar]
            if span is None:
                return None
            spans.append(span)
        return max(spans, default=timedelta(0))


def remembers(rule: CapRule) -> tuple[Memory, ...]:
    """What it counts, for as long as it counts it."""
    if rule.is_off:
        return ()
    return (Memory(_KINDS[rule.counts], rule.reach, own_campaign="campaign" in rule.per),)


def evaluate(rule: CapRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """CAP_<rule id> and MIN_GAP."""
    if not facts.contacts and rule.limit != 0:
        return []
    if rule.counts == "robot" and intent.actor is not Actor.ROBOT:
        return []
    events = _events(rule, facts, intent, now)
    if not events and rule.limit != 0:
        return []
    reasons = []
    if rule.limit is not None and rule.window is not None:
        counted = sorted(at for at in events if _in_window(rule, at, now))
        if len(counted) >= rule.limit:
            reasons.append(_full(rule, counted, now))
    if rule.min_gap_s is not None and events:
        clears = max(events) + timedelta(seconds=rule.min_gap_s)
        if now < clears:
            reasons.append(_too_soon(rule, max(events), clears))
    return reasons


def turns(rule: CapRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The contacts that have just come into its window, or its gap; or lift beyond the horizon."""
    spans = [timedelta(seconds=rule.min_gap_s)] if rule.min_gap_s is not None else []
    if rule.window is not None and rule.window.rolling is not None:
        spans.append(rule.window.rolling)
    found = [after(edge - span) for span in spans for edge in (now, now + HORIZON)]
    if rule.window is not None and rule.window.calendar is not None:
        found += [_period_start(rule, now), _period_end(rule, now)]
    return Turns(contacts=tuple(found))


def _events(rule: CapRule, facts: Facts, intent: Intent, now: datetime) -> list[datetime]:
    """When the events that may count took place."""
    kind, reach = _KINDS[rule.counts], rule.reach
    # most of a history is of another kind or left the window long ago: look at that first
    if reach is None:
        recent = [contact for contact in facts.contacts if contact.kind is kind]
    else:
        oldest = now - reach
        recent = [c for c in facts.contacts if c.kind is kind and c.at > oldest]
    keys = _keys(rule, facts, intent) if recent else None
    if keys is None:
        return []
    return [
        contact.at
        for contact in recent
        if _counts(rule, contact)
        and all(getattr(contact, attribute) == value for attribute, value in keys)
    ]


def _too_soon(rule: CapRule, last: datetime, clears: datetime) -> Reason:
    zh, en = _KEY_TEXT[rule.per[0]]
    return objection(
        rule,
        "MIN_GAP",
        observed=last.isoformat(),
        limit=(rule.min_gap_s or 0) // 60,
        clears_at=clears,
        key_zh=zh,
        key_en=en,
    )


def _full(rule: CapRule, counted: list[datetime], now: datetime) -> Reason:
    assert rule.limit is not None and rule.window is not None
    span_zh, span_en = rule.window.text()
    counts_zh, counts_en = _COUNTS_TEXT[rule.counts]
    key_zh, key_en = _KEY_TEXT[rule.per[0]]
    return objection(
        rule,
        f"CAP_{rule.id}",
        observed=len(counted),
        limit=rule.limit,
        clears_at=_clears(rule, counted, now),
        span_zh=span_zh,
        span_en=span_en,
        counts_zh=counts_zh,
        counts_en=counts_en,
        key_zh=key_zh,
        key_en=key_en,
    )


def _clears(rule: CapRule, counted: list[datetime], now: datetime) -> datetime | None:
    """When the count is first below the limit: enough of the oldest events have left the window."""
    assert rule.limit is not None and rule.window is not None
    if rule.limit == 0 or rule.window.lifetime:
        return None
    if rule.window.rolling is not None:
        return counted[len(counted) - rule.limit] + rule.window.rolling
    return _period_end(rule, now)


def _period_end(rule: CapRule, now: datetime) -> datetime:
    today = local_date(now, rule.zone)
    unit = rule.window.calendar if rule.window else None
    if unit == "week":
        following = today + timedelta(days=7 - today.weekday())
    elif unit == "month":
        following = add_months(today.replace(day=1), 1)
    else:
        following = today + timedelta(days=1)
    return start_of_day(following, rule.zone)


def _period_start(rule: CapRule, now: datetime) -> datetime:
    today = local_date(now, rule.zone)
    unit = rule.window.calendar if rule.window else None
    if unit == "week":
        today -= timedelta(days=today.weekday())
    elif unit == "month":
        today = today.replace(day=1)
    return start_of_day(today, rule.zone)


def _in_window(rule: CapRule, at: datetime, now: datetime) -> bool:
    window = rule.window
    if window is None or window.lifetime:
        return window is not None
    if window.rolling is not None:
        return now - at < window.rolling
    return _period(rule, at) == _period(rule, now)


def _period(rule: CapRule, at: datetime) -> tuple[int, ...]:
    day = local_date(at, rule.zone)
    unit = rule.window.calendar if rule.window else None
    if unit == "week":
        return tuple(day.isocalendar()[:2])
    if unit == "month":
        return (day.year, day.month)
    return (day.year, day.month, day.day)


def _counts(rule: CapRule, contact: Contact) -> bool:
    return (
        contact.purpose in rule.purposes
        and (not rule.channels or contact.channel in rule.channels)
        and (rule.counts != "robot" or contact.actor is Actor.ROBOT)
    )


def _keys(rule: CapRule, facts: Facts, intent: Intent) -> tuple[tuple[str, object], ...] | None:
    """What an event must agree in; None when the intent lacks one (nothing to count by)."""
    product, customer = facts.world.product, facts.customer
    found: list[tuple[str, object]] = []
    for key in rule.per:
        value: object
        if key == "customer":
            value = intent.customer_id
        elif key == "number":
            value = intent.number_id
        elif key == "household":
            value = customer.household if customer else None
        elif key == "product_family":
            if product is None:
                continue  # about nothing in particular: calls about anything count
            value = product.family
        elif key == "campaign":
            value = intent.campaign_id
        elif key == "branch":
            value = customer.branch_id if customer else None
        elif key == "caller_id":
            value = intent.caller_id_id
        else:
            value = "voice"
        if value in (None, ""):
            return None
        found.append((_ATTRIBUTES[key], value))
    return tuple(found)


_ATTRIBUTES: dict[str, str] = {
    "customer": "customer_id",
    "number": "number_id",
    "household": "household",
    "product_family": "product_family",
    "campaign": "campaign_id",
    "branch": "branch_id",
    "caller_id": "caller_id_id",
    "channel": "channel",
}
