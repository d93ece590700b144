"""A request to be forgotten, from its receipt to its end."""

from __future__ import annotations

from enum import StrEnum


class ErasureState(StrEnum):
    """REQUESTED until a second person decides; DONE cannot be taken back."""

    REQUESTED = "requested"
    DONE = "done"
    REFUSED = "refused"


TRANSITIONS: dict[ErasureState, frozenset[ErasureState]] = {
    ErasureState.REQUESTED: frozenset({ErasureState.DONE, ErasureState.REFUSED}),
    ErasureState.DONE: frozenset(),
    ErasureState.REFUSED: frozenset(),
}
