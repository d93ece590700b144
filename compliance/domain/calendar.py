"""What kind of day a date is: workday, rest day, statutory holiday, adjusted workday.

Source of the shipped years: the State Council's yearly notices
(国务院办公厅关于部分节假日安排的通知).
Libraries lag behind the notices, so the days are our own versioned data; a year that is not loaded
is unknown and blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class DayType(StrEnum):
    WORKDAY = "workday"
    REST = "rest"
    STATUTORY = "statutory"
    ADJUSTED_WORK = "adjusted_work"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The special days of a country.

    `versions` are (year, SHA-256 of that year's days): together they name the content, so a stored
    decision keeps these and not the days. `days` holds only days that differ from plain
    Monday-to-Friday.
    """

    country: str = ""
    versions: tuple[tuple[int, str], ...] = ()
    days: Mapping[date, DayType] = field(default_factory=dict, hash=False)

    def knows(self, day: date) -> bool:
        """Whether the year of `day` is loaded."""
        return any(year == day.year for year, _ in self.versions)

    def type_of(self, day: date) -> DayType | None:
        """The type of `day`; None when its year is not loaded."""
        special = self.days.get(day)
        if special is not None:
            return special
        if not self.knows(day):
            return None
        return DayType.REST if day.weekday() >= 5 else DayType.WORKDAY
