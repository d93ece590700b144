"""What a campaign as a whole, or one abandoned call, forbids for a while.

- `abandonment`: abandoned ÷ answered by a person, or ÷ consented to a transfer, within the last
  `hours`; over `stop_above_percent` (with `stop_at`: from it on) the campaign stops, once there are
  enough of both. The share is compared exactly: 3 of 100 is not over 3 %, 57 of 10,000 not over
  0.57 %.
- `abandoned_again_hours`: after an abandoned call nothing but a call by a person (72 h, Ofcom).
- `machine_again_hours`: a number taken for a machine is not dialled by the robot again (24 h).
- `complaints`: more than `allowed` complaints in `per` conversations stop the campaign.
- `ring_min_s`, `connect_within_s`: what the dialer owes; it reads them, nothing is judged here.

A stopped campaign does not clear by itself: somebody looks at it, and the counts fall with time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compliance.domain.decision import Reason
from compliance.domain.facts import (
    MACHINE,
    MACHINE_WRONG,
    CampaignCounts,
    Contact,
    ContactKind,
    Facts,
    World,
)
from compliance.domain.intent import Actor, Gate, Intent
from compliance.domain.likeness import Turns, after
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Number, Truth, Whole

#: A campaign's counts reach back so far at most (the longest by law is 30 days).
MOST_HOURS = 768


class Abandonment(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Literal["answered", "consented"]
    #: a person taken for a machine, who heard nothing, is an abandoned call too
    count_machine_wrong: Truth = False
    hours: Whole = Field(gt=0, le=MOST_HOURS)
    stop_above_percent: Number = Field(ge=0, allow_inf_nan=False)
    #: stop at the percentage itself too
    stop_at: Truth = False
    at_least: Whole = Field(default=0, ge=0)
    at_least_abandoned: Whole = Field(default=1, ge=1)

    @cached_property
    def most(self) -> Fraction:
        """The percentage exactly as it is written: 0.57 is no binary fraction."""
        return Fraction(str(self.stop_above_percent))

    def share(self, counts: CampaignCounts) -> tuple[int, int]:
        """Numerator and denominator: abandoned, of those that it is a share of."""
        of = counts.answered if self.of == "answered" else counts.consented
        return counts.abandoned + (counts.machine_wrong if self.count_machine_wrong else 0), of

    def is_enough(self, abandoned: int, of: int) -> bool:
        """Whether there are enough of both to judge."""
        return of >= self.at_least and abandoned >= self.at_least_abandoned

    def is_over(self, abandoned: int, of: int) -> bool:
        """Whether the share is over the limit, compared exactly."""
        share, most = abandoned * 100, self.most * of
        return share > most or (share == most and self.stop_at)


class Complaints(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: Whole = Field(ge=0)
    per: Whole = Field(gt=0)
    hours: Whole = Field(gt=0, le=MOST_HOURS)


class PacingRule(Rule):
    kind: Literal["pacing"]
    abandonment: Abandonment | None = None
    abandoned_again_hours: Whole | None = Field(default=None, gt=0)
    machine_again_hours: Whole | None = Field(default=None, gt=0)
    machine_outcomes: frozenset[str] = frozenset({MACHINE, MACHINE_WRONG})
    complaints: Complaints | None = None
    ring_min_s: Whole | None = Field(default=None, gt=0)
    connect_within_s: Whole | None = Field(default=None, gt=0)


def remembers(rule: PacingRule) -> tuple[Memory, ...]:
    """The abandoned calls and the machines of the last hours."""
    found = []
    if rule.abandoned_again_hours is not None:
        found.append(Memory(ContactKind.ABANDON, timedelta(hours=rule.abandoned_again_hours)))
    if rule.machine_again_hours is not None:
        span = timedelta(hours=rule.machine_again_hours)
        found.append(Memory(ContactKind.OUTCOME, span, rule.machine_outcomes))
    return tuple(found)


def evaluate(rule: PacingRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """ABANDON_RATE, COMPLAINT_RATE, RING_SHORT (of the campaign); ABANDON_72H, MACHINE_AGAIN."""
    reasons: list[Reason] = []
    ring, least = intent.ring_s, rule.ring_min_s
    if ring is not None and least is not None and ring < least:
        reasons.append(objection(rule, "RING_SHORT", observed=ring, limit=least))
    if intent.gate is Gate.DIAL and facts.world.campaign_counts:
        reasons += _rate(rule, facts) + _complaints(rule, facts)
    if intent.actor is not Actor.ROBOT or not facts.contacts:
        return reasons
    if rule.abandoned_again_hours is not None:
        found = [c for c in facts.contacts if c.kind is ContactKind.ABANDON]
        reasons += _again(rule, "ABANDON_72H", rule.abandoned_again_hours, found, intent, now)
    if rule.machine_again_hours is not None:
        found = [
            contact
            for contact in facts.contacts
            if contact.kind is ContactKind.OUTCOME and contact.outcome in rule.machine_outcomes
        ]
        reasons += _again(rule, "MACHINE_AGAIN", rule.machine_again_hours, found, intent, now)
    return reasons


def turns(rule: PacingRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The contacts that are still to come, and those so long ago that it lets them be."""
    hours = (rule.abandoned_again_hours, rule.machine_again_hours)
    spans = [timedelta(hours=each) for each in hours if each is not None]
    return Turns(contacts=(after(now), *(after(now - span) for span in spans)))


def _counts(hours: int, facts: Facts) -> CampaignCounts | None:
    return next((found for found in facts.world.campaign_counts if found.hours == hours), None)


def _rate(rule: PacingRule, facts: Facts) -> list[Reason]:
    guard = rule.abandonment
    counts = _counts(guard.hours, facts) if guard is not None else None
    if guard is None or counts is None:
        return []
    abandoned, of = guard.share(counts)
    if not guard.is_enough(abandoned, of) or not guard.is_over(abandoned, of):
        return []
    observed = f"{100 * abandoned / of:.1f}" if of else "100.0"
    limit = f"{guard.stop_above_percent:g}"
    return [objection(rule, "ABANDON_RATE", observed=observed, limit=limit)]


def _complaints(rule: PacingRule, facts: Facts) -> list[Reason]:
    guard = rule.complaints
    counts = _counts(guard.hours, facts) if guard is not None else None
    if guard is None or counts is None or counts.complaints <= guard.allowed:
        return []
    # more than one complaint, and more than one in every 2,000
    if counts.complaints * guard.per <= guard.allowed * counts.conversations:
        return []
    return [
        objection(
            rule,
            "COMPLAINT_RATE",
            observed=counts.complaints,
            limit=guard.allowed,
            conversations=str(counts.conversations),
            per=str(guard.per),
        )
    ]


def _again(
    rule: PacingRule,
    code: str,
    hours: int,
    contacts: list[Contact],
    intent: Intent,
    now: datetime,
) -> list[Reason]:
    """Said about the person or the number, whichever was called."""
    if not contacts:
        return []
    span = timedelta(hours=hours)
    last = max(
        (
            contact.at
            for contact in contacts
            if contact.at <= now < contact.at + span
            and (
                contact.customer_id == intent.customer_id
                or (contact.number_id is not None and contact.number_id == intent.number_id)
            )
        ),
        default=None,
    )
    if last is None:
        return []
    return [objection(rule, code, observed=last.isoformat(), limit=hours, clears_at=last + span)]
