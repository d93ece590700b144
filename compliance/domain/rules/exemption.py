"""A callback that the customer asked for: single use, around the promised minute.

This kind objects to nothing; it says how far around the promise the rules marked
`relaxed_by_callback` step back: windows, min gap, conversation caps, the not-now cool-off. Never
suppression, consent, suitability, vulnerable or attempt caps: no other rule may carry the mark.
As every rule it speaks about its own purposes and actors: one for people relaxes no robot's call.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from compliance.domain.decision import Reason
from compliance.domain.facts import Exemption, ExemptionKind, Facts
from compliance.domain.intent import Intent, Purpose
from compliance.domain.rules.base import Rule
from compliance.domain.rules.values import Whole


class ExemptionRule(Rule):
    kind: Literal["exemption"]
    tolerance_s: Whole = Field(default=1800, ge=0)


def evaluate(rule: ExemptionRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """Nothing: an exemption never blocks."""
    return []


def in_force(rule: ExemptionRule, facts: Facts, intent: Intent, now: datetime) -> Exemption | None:
    """The exemption that covers a callback now: at most the tolerance from the promise."""
    tolerance = timedelta(seconds=rule.tolerance_s)
    for exemption in _candidates(facts, intent):
        promised = exemption.at
        if promised and exemption.stands(now) and abs(now - promised) <= tolerance:
            return exemption
    return None


def next_start(rule: ExemptionRule, facts: Facts, intent: Intent, now: datetime) -> datetime | None:
    """When the next exemption begins, if it lies ahead."""
    tolerance = timedelta(seconds=rule.tolerance_s)
    starts = [
        each.at - tolerance
        for each in _candidates(facts, intent)
        if each.at is not None and each.stands(each.at - tolerance)
    ]
    return min((start for start in starts if start > now), default=None)


def _candidates(facts: Facts, intent: Intent) -> list[Exemption]:
    if intent.purpose is not Purpose.CALLBACK:
        return []
    return [
        exemption
        for exemption in facts.exemptions
        if exemption.kind is ExemptionKind.CALLBACK
        and exemption.number_id in (None, intent.number_id)
        and exemption.campaign_id in (None, intent.campaign_id)
    ]
