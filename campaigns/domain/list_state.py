"""The life of a branch's target list: one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class ListState(StrEnum):
    """Frozen and hashed when submitted; a returned list is screened anew as a new version."""

    SCREENED = "screened"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    SUPERSEDED = "superseded"


TRANSITIONS: dict[ListState, frozenset[ListState]] = {
    ListState.SCREENED: frozenset({ListState.SUBMITTED, ListState.SUPERSEDED}),
    ListState.SUBMITTED: frozenset({ListState.APPROVED, ListState.RETURNED, ListState.SUPERSEDED}),
    ListState.APPROVED: frozenset({ListState.SUPERSEDED}),
    ListState.RETURNED: frozenset({ListState.SUPERSEDED}),
    ListState.SUPERSEDED: frozenset(),
}
