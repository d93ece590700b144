"""The life of a pack version: what is stored, and what of it follows from the time.

A draft may be changed by its maker; from its submission on its content is frozen. Once signed it is
scheduled, in force, superseded or ended by time alone: nothing has to run for that.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class PackState(StrEnum):
    """A draft is signed by a second person; an approved version is never changed."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


#: What was in force is never withdrawn: it ends, with four eyes, and stays on record as it was.
TRANSITIONS: dict[PackState, frozenset[PackState]] = {
    PackState.DRAFT: frozenset({PackState.SUBMITTED, PackState.WITHDRAWN}),
    PackState.SUBMITTED: frozenset({PackState.APPROVED, PackState.DRAFT}),
    PackState.APPROVED: frozenset({PackState.WITHDRAWN}),
    PackState.WITHDRAWN: frozenset(),
}


class Phase(StrEnum):
    """Where a version stands at an instant."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


def phase(
    state: PackState,
    effective_from: datetime,
    effective_to: datetime | None,
    *,
    replaced: bool,
    now: datetime,
) -> Phase:
    """`replaced`: whether a later version of the same pack is in force by now."""
    if state is not PackState.APPROVED:
        return Phase(state.value)
    if effective_from > now:
        return Phase.SCHEDULED
    if effective_to is not None and effective_to <= now:
        return Phase.ENDED
    return Phase.SUPERSEDED if replaced else Phase.IN_FORCE
