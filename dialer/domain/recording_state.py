"""The life of a call's recording: everything that may change its state is in this file.

ANNOUNCED  the carrier has made it; ours is still to be fetched
LOST       it could not be fetched, however often it was tried; a person may try again
KEPT       our own copy lies under its hash
ends: ABSENT (nothing was recorded: nobody spoke), ERASED (the person was erased), EXPIRED (its term
is over)
"""

from __future__ import annotations

from enum import StrEnum


class RecordingState(StrEnum):
    ANNOUNCED = "announced"
    LOST = "lost"
    KEPT = "kept"
    ABSENT = "absent"
    ERASED = "erased"
    EXPIRED = "expired"


TRANSITIONS: dict[RecordingState, frozenset[RecordingState]] = {
    RecordingState.ANNOUNCED: frozenset(
        {RecordingState.KEPT, RecordingState.LOST, RecordingState.ERASED}
    ),
    RecordingState.LOST: frozenset({RecordingState.KEPT, RecordingState.ERASED}),
    RecordingState.KEPT: frozenset({RecordingState.ERASED, RecordingState.EXPIRED}),
    RecordingState.ABSENT: frozenset(),
    RecordingState.ERASED: frozenset(),
    RecordingState.EXPIRED: frozenset(),
}


def sources(new: RecordingState) -> list[str]:
    """The states from which a recording may come to `new`."""
    return [old.value for old, following in TRANSITIONS.items() if new in following]
