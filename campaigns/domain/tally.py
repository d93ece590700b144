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

    def add(self, placed: Placed, customers: int = 1) -> None:
        """Count customers, all placed alike."""
        self.listed += customers
        if placed.state is LeadState.LISTED:
            self.eligible += customers
            self.waiting += customers if placed.clears_at is not None else 0
        else:
            self.blocked[placed.codes[0] if placed.codes else "UNKNOWN"] += customers
        for code in placed.codes:
            self.reasons[code] += customers

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
