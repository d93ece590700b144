"""The life of a what-if: asked, worked on, answered, or failed with its problem."""

from __future__ import annotations

from enum import StrEnum


class WhatIfState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


TRANSITIONS: dict[WhatIfState, frozenset[WhatIfState]] = {
    WhatIfState.QUEUED: frozenset({WhatIfState.RUNNING}),
    WhatIfState.RUNNING: frozenset({WhatIfState.DONE, WhatIfState.FAILED}),
    WhatIfState.DONE: frozenset(),
    WhatIfState.FAILED: frozenset(),
}
