"""What a list counts, added up from its portions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from campaigns.domain.lead_state import LeadState
from campaigns.domain.sorting import Placed


class Tally:
    """Everybody listed, who may be called (now or later), and why others may not.

    `blocked` counts the primary reasons of those who are not called, `reasons` every reason.
    """

    __slots__ = ("blocked", "eligible", "listed", "reasons", "waiting")

    def __init__(self) -> None:
        self.listed = self.eligible = self.waiting = 0
        self.blocked: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def add(self, placed: Placed) -> None:
        """Count one customer."""
        self.listed += 1
        if placed.state is LeadState.LISTED:
            self.eligible += 1
            self.waiting += placed.clears_at is not None
        else:
            self.blocked[placed.codes[0] if placed.codes else "UNKNOWN"] += 1
        for code in placed.codes:
            self.reasons[code] += 1

    def document(self) -> dict[str, Any]:
        """As stored; the commonest reasons first."""
        return {
            "listed": self.listed,
            "eligible": self.eligible,
            "waiting": self.waiting,
            "blocked": dict(self.blocked.most_common()),
            "reasons": dict(self.reasons.most_common()),
        }

    @classmethod
    def total(cls, documents: Iterable[dict[str, Any]]) -> Self:
        """The tallies of several portions together."""
        total = cls()
        for document in documents:
            total.listed += document["listed"]
            total.eligible += document["eligible"]
            total.waiting += document["waiting"]
            total.blocked.update(document["blocked"])
            total.reasons.update(document["reasons"])
        return total
