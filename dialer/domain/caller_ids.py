"""Which of our numbers a call shows: spread evenly, never beyond a number's own caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """One caller ID: calls planned from it in the last hour and on this day, and its caps.

    A cap of None means unlimited.
    """

    caller_id: int
    last_hour: int
    today: int
    per_hour: int | None
    per_day: int | None

    @property
    def room(self) -> int | None:
        """Further calls it may make now; None = no limit."""
        rooms = [
            cap - used
            for cap, used in ((self.per_hour, self.last_hour), (self.per_day, self.today))
            if cap is not None
        ]
        return max(0, min(rooms)) if rooms else None


#: Stands for "no limit" where a number is needed: more than any tick can place.
UNLIMITED = 1_000_000


def room(usages: Sequence[Usage]) -> int:
    """How many calls all of them together may make now."""
    return sum(UNLIMITED if each.room is None else each.room for each in usages)


def assign(count: int, usages: Sequence[Usage]) -> list[int]:
    """Caller IDs for `count` calls (fewer when the caps end), least used of the hour first.

    Ties go to the lower id, so the same situation gives the same numbers.
    """
    used = {each.caller_id: each.last_hour for each in usages}
    left = {each.caller_id: UNLIMITED if each.room is None else each.room for each in usages}
    assigned: list[int] = []
    while len(assigned) < count:
        free = [caller_id for caller_id, rest in left.items() if rest > 0]
        if not free:
            break
        chosen = min(free, key=lambda caller_id: (used[caller_id], caller_id))
        assigned.append(chosen)
        used[chosen] += 1
        left[chosen] -= 1
    return assigned
