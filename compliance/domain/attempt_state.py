"""The life of an attempt (a permission to place one call): everything that may change it is here.

RESERVED   the gate allowed it and it counts; nobody may have been called yet
BOUND      the carrier has the call, its SID is known
CLOSED     the call is over
RELEASED   the carrier provably never placed it: it does not count
LOST       we cannot establish what became of it: it counts and is never repeated
"""

from __future__ import annotations

from enum import StrEnum


class AttemptState(StrEnum):
    RESERVED = "reserved"
    BOUND = "bound"
    CLOSED = "closed"
    RELEASED = "released"
    LOST = "lost"


TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.RESERVED: frozenset(
        {AttemptState.BOUND, AttemptState.CLOSED, AttemptState.RELEASED, AttemptState.LOST}
    ),
    # a carrier may accept and then reject before dialling; only then is a bound attempt released
    AttemptState.BOUND: frozenset({AttemptState.CLOSED, AttemptState.RELEASED, AttemptState.LOST}),
    AttemptState.CLOSED: frozenset(),
    AttemptState.RELEASED: frozenset(),
    AttemptState.LOST: frozenset(),
}

#: There may be a call: at most one of these per customer and per number.
LIVE = frozenset({AttemptState.RESERVED, AttemptState.BOUND})


def sources(new: AttemptState) -> list[str]:
    """The states from which the table lets an attempt become `new`."""
    return sorted(old.value for old, following in TRANSITIONS.items() if new in following)
