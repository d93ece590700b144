"""The life of a lead (a customer in a list): one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class LeadState(StrEnum):
    """BLOCKED, EXCLUDED, SETTLED and EXPIRED are ends; a DUE lead waits for its `due_at`."""

    LISTED = "listed"
    BLOCKED = "blocked"
    EXCLUDED = "excluded"
    DUE = "due"
    CALLING = "calling"
    SETTLED = "settled"
    EXPIRED = "expired"


TRANSITIONS: dict[LeadState, frozenset[LeadState]] = {
    LeadState.LISTED: frozenset({LeadState.DUE, LeadState.EXCLUDED, LeadState.EXPIRED}),
    LeadState.BLOCKED: frozenset(),
    LeadState.EXCLUDED: frozenset({LeadState.LISTED}),
    LeadState.DUE: frozenset({LeadState.CALLING, LeadState.BLOCKED, LeadState.EXPIRED}),
    LeadState.CALLING: frozenset(
        {LeadState.DUE, LeadState.SETTLED, LeadState.BLOCKED, LeadState.EXPIRED}
    ),
    LeadState.SETTLED: frozenset(),
    LeadState.EXPIRED: frozenset(),
}

#: States in which nothing more will happen to a lead.
ENDS = frozenset({LeadState.BLOCKED, LeadState.EXCLUDED, LeadState.SETTLED, LeadState.EXPIRED})
