"""The answer: a verdict, four partial verdicts, every reason, and when it will lift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from compliance.domain.codes import Area, Weight, lookup
from compliance.domain.explaining import Sentence, explain
from compliance.domain.needs import is_ours, need_of

#: How far ahead `earliest_next` is looked for.
HORIZON = timedelta(days=400)


class Outcome(StrEnum):
    ALLOW = "allow"
    REVIEW = "review"
    BLOCK_RETRIABLE = "block_retriable"
    BLOCK_TERMINAL = "block_terminal"


_SEVERITY = {
    Outcome.ALLOW: 0,
    Outcome.REVIEW: 1,
    Outcome.BLOCK_RETRIABLE: 2,
    Outcome.BLOCK_TERMINAL: 3,
}


_NOTHING_OBJECTED = {area.value: Outcome.ALLOW for area in Area}


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's objection. `clears_at` is the first instant at which this rule no longer objects
    with unchanged facts; None = time alone does not lift it.
    """

    code: str
    rule_id: str
    pack: str = ""
    legal_ref: str = ""
    observed: str | int | None = None
    limit: str | int | None = None
    clears_at: datetime | None = None
    zone: str = "Asia/Shanghai"
    values: tuple[tuple[str, str], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How hard this reason is, alone."""
        weight = lookup(self.code).weight
        if weight is Weight.REVIEW:
            return Outcome.REVIEW
        if weight is Weight.BAR and self.clears_at is None:
            return Outcome.BLOCK_TERMINAL
        return Outcome.BLOCK_RETRIABLE

    @property
    def needs(self) -> str | None:
        """What must happen for it to go; None = time lifts it."""
        return None if self.clears_at is not None else need_of(self.code)

    @property
    def area(self) -> Area:
        return lookup(self.code).area

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return self.sentence.zh

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.sentence.en

    @property
    def sentence(self) -> Sentence:
        """The sentence in both."""
        values = {"observed": self.observed, "limit": self.limit, **dict(self.values)}
        return explain(self.code, values, self.clears_at, self.zone)

    def document(self) -> dict[str, Any]:
        """As stored and shown: plain JSON."""
        sentence = self.sentence
        return {
            "code": self.code,
            "rule": self.rule_id,
            "pack": self.pack,
            "legal_ref": self.legal_ref,
            "observed": self.observed,
            "limit": self.limit,
            "facts": dict(self.values),
            "clears_at": self.clears_at.isoformat() if self.clears_at else None,
            "needs": self.needs,
            "zh": sentence.zh,
            "en": sentence.en,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What `decide` found. `reasons` are ordered, the primary one first.

    `earliest_next`: allowed then and blocked one microsecond before, with unchanged facts; equals
    `at` for an ALLOW, None when time alone will not help within HORIZON.
    `open_until`: end of the calling window an ALLOW lies in (a dial later is outside hours).
    `exemption_id`: the single-use exemption this ALLOW spends.
    """

    verdict: Outcome
    at: datetime
    reasons: tuple[Reason, ...] = ()
    earliest_next: datetime | None = None
    packs: tuple[str, ...] = ()
    open_until: datetime | None = None
    exemption_id: int | None = None

    @property
    def allowed(self) -> bool:
        return self.verdict is Outcome.ALLOW

    @property
    def codes(self) -> list[str]:
        """The distinct codes, primary first."""
        return list(dict.fromkeys(reason.code for reason in self.reasons))

    @property
    def ours_to_mend(self) -> bool:
        """Whether all that time does not lift is for us to see to: the customer stays due."""
        lasting = {reason.code for reason in self.reasons if reason.clears_at is None}
        return bool(lasting) and all(map(is_ours, lasting))

    @property
    def verdicts(self) -> dict[str, str]:
        """Right product, customer, time, channel: each with its own outcome."""
        found = dict(_NOTHING_OBJECTED)
        for reason in self.reasons:
            area, outcome = reason.area.value, reason.outcome
            if _SEVERITY[outcome] > _SEVERITY[found[area]]:
                found[area] = outcome
        return {area: outcome.value for area, outcome in found.items()}

    @property
    def clears_at(self) -> datetime | None:
        """Another name of `earliest_next`, as leads store it."""
        return self.earliest_next

    def document(self) -> dict[str, Any]:
        """As stored and shown: plain JSON, the same bytes for the same decision."""
        return {
            "decision": self.verdict.value,
            "verdicts": self.verdicts,
            "reasons": [reason.document() for reason in self.reasons],
            "earliest_next": self.earliest_next.isoformat() if self.earliest_next else None,
            "packs": list(self.packs),
            "at": self.at.isoformat(),
        }


def ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons with the primary one first: by stage, then the hardest, then the rule's id."""
    found = tuple(reasons)
    if len(found) < 2:
        return found
    return tuple(
        sorted(
            found,
            key=lambda r: (lookup(r.code).stage, -_SEVERITY[r.outcome], r.rule_id, r.code),
        )
    )


def worst(reasons: Iterable[Reason]) -> Outcome:
    """Deny overrides: the hardest outcome among the reasons, ALLOW when there are none."""
    return max((r.outcome for r in reasons), key=_SEVERITY.__getitem__, default=Outcome.ALLOW)


def refusal(code: str, at: datetime, *, observed: str = "", retry_at: datetime | None) -> Decision:
    """A block for a reason outside the rules (a failure around them): DEP_* and the like."""
    reason = Reason(code, rule_id="gate", observed=observed, clears_at=None)
    return Decision(Outcome.BLOCK_RETRIABLE, at, (reason,), earliest_next=retry_at)
