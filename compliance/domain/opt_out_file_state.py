"""The life of a file of refusals: one enum, one table of transitions.

OFFERED    looked at on the page; waits for the click that carries it out
UPLOADED   to be carried out
RUNNING    being carried out
DONE       every row that could be read is in force
FAILED     the file cannot be read on; what was carried out before holds
DROPPED    thrown away, or nobody confirmed it in time; nothing of it was carried out
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

#: How long a file that was looked at waits for its confirmation (business time).
OFFERED_FOR = timedelta(days=7)


class OptOutFileState(StrEnum):
    OFFERED = "offered"
    UPLOADED = "uploaded"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


TRANSITIONS: dict[OptOutFileState, frozenset[OptOutFileState]] = {
    OptOutFileState.OFFERED: frozenset({OptOutFileState.UPLOADED, OptOutFileState.DROPPED}),
    OptOutFileState.UPLOADED: frozenset({OptOutFileState.RUNNING, OptOutFileState.FAILED}),
    # a worker that died leaves RUNNING behind; the run is idempotent and may begin again
    OptOutFileState.RUNNING: frozenset(
        {OptOutFileState.RUNNING, OptOutFileState.DONE, OptOutFileState.FAILED}
    ),
    OptOutFileState.DONE: frozenset(),
    OptOutFileState.FAILED: frozenset({OptOutFileState.RUNNING}),
    # the same file is brought in again
    OptOutFileState.DROPPED: frozenset({OptOutFileState.OFFERED, OptOutFileState.UPLOADED}),
}


def sources(new: OptOutFileState) -> list[str]:
    """The states from which the table lets a file become `new`."""
    return sorted(old.value for old, following in TRANSITIONS.items() if new in following)
