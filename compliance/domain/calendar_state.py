"""The life of one version of a calendar year: it counts only once a second person has signed it."""

from __future__ import annotations

from enum import StrEnum


class CalendarState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


#: What was refused, or was in force once, may be submitted again: the same days are the same row.
TRANSITIONS: dict[CalendarState, frozenset[CalendarState]] = {
    CalendarState.WAITING: frozenset({CalendarState.APPROVED, CalendarState.REFUSED}),
    CalendarState.REFUSED: frozenset({CalendarState.WAITING}),
    CalendarState.APPROVED: frozenset(),
}
