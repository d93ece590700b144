"""The life of an import: one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.UPLOADED: frozenset({ImportState.RUNNING, ImportState.FAILED}),
    # a worker that died leaves RUNNING behind; the run is idempotent and may begin again
    ImportState.RUNNING: frozenset({ImportState.RUNNING, ImportState.DONE, ImportState.FAILED}),
    ImportState.DONE: frozenset(),
    ImportState.FAILED: frozenset({ImportState.RUNNING}),
}
