"""The life of a trained intent model: being trained, a candidate, live, retired."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ModelState(StrEnum):
    TRAINING = "training"
    FAILED = "failed"
    CANDIDATE = "candidate"
    #: The one that calls use; at most one.
    LIVE = "live"
    RETIRED = "retired"


TRANSITIONS: Final[dict[ModelState, frozenset[ModelState]]] = {
    ModelState.TRAINING: frozenset({ModelState.CANDIDATE, ModelState.FAILED}),
    ModelState.FAILED: frozenset(),
    ModelState.CANDIDATE: frozenset({ModelState.LIVE}),
    ModelState.LIVE: frozenset({ModelState.RETIRED}),
    #: Rolling back is promoting again what had been retired.
    ModelState.RETIRED: frozenset({ModelState.LIVE}),
}
#: From here a model may come into force, once signed.
PROMOTABLE: Final = tuple(old for old, new in TRANSITIONS.items() if ModelState.LIVE in new)
