"""Whether a number still is the same person's, as a reassigned-numbers register says."""

from __future__ import annotations

from enum import StrEnum


class Ownership(StrEnum):
    """NO_DATA: the register was asked and knows nothing."""

    NOT_ASKED = ""
    SAME = "same"
    CHANGED = "changed"
    NO_DATA = "no_data"
