"""Registers: lists that others keep, whose entries we must not call (or whose numbers changed
hands), and the life of one import.

UPLOADED    the file is here
READING     its rows are being taken in; a worker that died is simply followed by another
READY       read and counted: a person looks at it
SUBMITTED   the maker asks for a second signature on its content
IN_FORCE    signed: the gate reads it from that commit on
SUPERSEDED  a later whole list took its place, or the register went out of use
RETURNED    the checker did not sign; WITHDRAWN: the maker took it back; FAILED: it cannot be read
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compliance.domain.pack import content_hash


class RegisterKind(StrEnum):
    """NO_CALL: who is on it is not called. OWNERSHIP: since when a number has its present owner."""

    NO_CALL = "no_call"
    OWNERSHIP = "ownership"


class ImportMode(StrEnum):
    """REPLACE: the whole list as it now is. ADD: further entries; the list's age stays. RETIRE:
    the register goes out of use (no file).
    """

    REPLACE = "replace"
    ADD = "add"
    RETIRE = "retire"


class RegisterImportState(StrEnum):
    UPLOADED = "uploaded"
    READING = "reading"
    FAILED = "failed"
    READY = "ready"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"


_S = RegisterImportState

TRANSITIONS: dict[RegisterImportState, frozenset[RegisterImportState]] = {
    _S.UPLOADED: frozenset({_S.READING, _S.WITHDRAWN}),
    _S.READING: frozenset({_S.READING, _S.READY, _S.FAILED, _S.WITHDRAWN}),
    _S.FAILED: frozenset({_S.READING, _S.WITHDRAWN}),
    _S.READY: frozenset({_S.SUBMITTED, _S.WITHDRAWN}),
    _S.SUBMITTED: frozenset({_S.IN_FORCE, _S.RETURNED, _S.WITHDRAWN}),
    _S.IN_FORCE: frozenset({_S.SUPERSEDED}),
    _S.RETURNED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.SUPERSEDED: frozenset(),
}

#: At most one of these a register: its counts compare with what is in force.
OPEN = frozenset({_S.UPLOADED, _S.READING, _S.FAILED, _S.READY, _S.SUBMITTED})


def sources(new: RegisterImportState) -> list[str]:
    """The states from which the table lets an import become `new`."""
    return sorted(old.value for old, following in TRANSITIONS.items() if new in following)


class RegisterTerms(BaseModel):
    """What being on the list means. Empty purpose or family = every one; no days = for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_age_days: int = Field(default=31, ge=0, le=366)
    channel: Literal["voice"] = "voice"
    purpose: Literal["", "marketing", "care", "callback"] = ""
    product_family: str = Field(default="", max_length=40)
    entries_last_days: int | None = Field(default=None, ge=1, le=3660)


def signed_hash(
    *,
    import_id: int,
    register: str,
    mode: ImportMode,
    sha256: str,
    drawn_at: datetime,
    terms: RegisterTerms,
    counts: dict[str, int],
) -> str:
    """What the checker signs: the file by its fingerprint, how it was read, and what it means."""
    return content_hash(
        {
            "import": import_id,
            "register": register,
            "mode": mode.value,
            "sha256": sha256,
            "drawn_at": drawn_at.isoformat(),
            "terms": terms.model_dump(mode="json"),
            "counts": counts,
        }
    )


#: A whole list that lost more than this share of its entries is shown as doubtful.
DOUBTFUL_LOSS = 0.1


def lost_too_many(before: int, gone: int) -> bool:
    """Whether a new whole list is so much shorter that somebody should ask why."""
    return before > 0 and gone / before > DOUBTFUL_LOSS
