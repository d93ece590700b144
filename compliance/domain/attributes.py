"""The bank's own attributes of customers as rules read them: files hold text and nothing else."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

Plain = str | int | bool

_YES = frozenset({"是", "y", "yes", "true", "t", "1", "1.0", "√", "有"})
_NO = frozenset({"否", "n", "no", "false", "f", "0", "0.0", "×", "无", "非", "none", ""})
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d+)?")


class Capacity(StrEnum):
    """Legal capacity (民法典 §18–22). UNKNOWN: it is written down, and nobody can read it."""

    FULL = "full"
    LIMITED = "limited"
    NONE = "none"
    UNKNOWN = "unknown"


_CAPACITIES = {
    **dict.fromkeys(("", "full", "完全", "完全民事行为能力", "正常"), Capacity.FULL),
    **dict.fromkeys(("limited", "限制", "限制民事行为能力", "限制行为能力"), Capacity.LIMITED),
    **dict.fromkeys(("none", "无", "无民事行为能力", "无行为能力"), Capacity.NONE),
}


def number(value: Plain | None) -> int | None:
    """A whole number, cut off after the point; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    text = _folded(value).replace(",", "").removeprefix("¥").removesuffix("元")
    return int(text.split(".")[0]) if _NUMBER.fullmatch(text) else None


def truth(value: Plain | None) -> bool | None:
    """Yes or no; None for anything else."""
    if isinstance(value, bool):
        return value
    text = _folded(str(value)) if value is not None else "?"
    if text in _YES:
        return True
    return False if text in _NO else None


def says_so(value: Plain | None) -> bool:
    """Whether a circumstance is noted: whatever is no clear "no" is a note of it."""
    return value is not None and truth(value) is not False


def capacity(value: Plain | None) -> Capacity:
    """Legal capacity; nothing noted means full."""
    text = _folded(str(value)) if value is not None else ""
    return _CAPACITIES.get(text, Capacity.UNKNOWN)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()
