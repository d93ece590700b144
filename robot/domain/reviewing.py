"""A suspected opt-out between the sweep that found it and the person who decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ReviewState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


TRANSITIONS: Final[dict[ReviewState, frozenset[ReviewState]]] = {
    ReviewState.PENDING: frozenset({ReviewState.CONFIRMED, ReviewState.DISMISSED}),
    ReviewState.CONFIRMED: frozenset(),
    ReviewState.DISMISSED: frozenset(),
}
