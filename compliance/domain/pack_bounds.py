"""The most that a number in a rule may be. Beyond, it is a slip of the finger, not a rule.

Asked of documents while they are written, before their models see them: a signed version is never
measured again. Switching a limit off is another thing (null), and says so to whoever signs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_DAY_S = 86_400
#: By the parameter's name, wherever it stands in a rule.
_MOST: dict[str, int] = {
    "limit": 1_000,
    "rolling_hours": 400 * 24,
    "rolling_days": 400,
    "min_gap_s": 400 * _DAY_S,
    "tail_guard_s": 4 * 3_600,
    "tolerance_s": _DAY_S,
    "lease_s": _DAY_S,
    "ring_min_s": 120,
    "connect_within_s": 600,
    "min_age": 120,
    "from_age": 120,
}
#: By the unit at the end of the parameter's name.
_MOST_OF_UNIT: dict[str, int] = {
    "percent": 100,
    "months": 120,
    "days": 3_660,
    "hours": 366 * 24,
    "s": 400 * _DAY_S,
}
#: Sums of money, and what counts calls of a whole campaign.
_MOST_AT_ALL = 10**12


class Beyond(NamedTuple):
    """A number that is too large, or none at all (`most` is None: not finite)."""

    path: tuple[str | int, ...]
    most: int | None


def most(name: str) -> int:
    """The largest value of a parameter."""
    unit = name.rpartition("_")[2]
    return _MOST.get(name) or _MOST_OF_UNIT.get(unit) or _MOST_AT_ALL


def beyond(value: object, path: tuple[str | int, ...] = (), name: str = "") -> Iterator[Beyond]:
    """Every number of a raw rule that is too large for its name."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from beyond(entry, (*path, str(key)), str(key))
    elif isinstance(value, list | tuple):
        for place, entry in enumerate(value):
            yield from beyond(entry, (*path, place), name)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Beyond(path, None)
    elif isinstance(value, int | float) and abs(value) > most(name):
        yield Beyond(path, most(name))
