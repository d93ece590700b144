"""The life of a script version: written, published, retired. A published one never changes."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


TRANSITIONS: Final[dict[VersionState, frozenset[VersionState]]] = {
    VersionState.DRAFT: frozenset({VersionState.PUBLISHED, VersionState.RETIRED}),
    VersionState.PUBLISHED: frozenset({VersionState.RETIRED}),
    #: Rolling back is publishing again what had been retired.
    VersionState.RETIRED: frozenset({VersionState.PUBLISHED}),
}


class Phase(StrEnum):
    """What a turn belongs to: the talk, waiting for a person, or a transfer's result."""

    TALK = "talk"
    PARK = "park"
    TRANSFER = "transfer"
