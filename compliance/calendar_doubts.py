"""What looks wrong with a year's calendar before it comes in force.

A file may be read without a fault and still hold a part of its notice only; the gate would then
take holidays for workdays. What is doubtful is shown to the maker and to the second person, and
each must say that they compared it with the notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from compliance import calendars
from compliance.domain.calendar import DayType
from compliance.models.calendar import CalendarYear

#: Notices differ by a fifth from year to year; a year with less than this share is doubtful.
FEWEST_SHARE = 2 / 3


@dataclass(frozen=True, slots=True)
class Always:
    """A holiday that some day of [first, last] (month, day) is, every year."""

    code: str
    name: str
    first: tuple[int, int]
    last: tuple[int, int]


#: Wide enough for the moon and for days observed instead; one day off within is enough.
ALWAYS: dict[str, tuple[Always, ...]] = {
    "CN": (
        Always("new_year", gettext_noop("New Year"), (1, 1), (1, 3)),
        Always("spring_festival", gettext_noop("Spring Festival"), (1, 20), (2, 28)),
        Always("qingming", gettext_noop("Qingming"), (4, 2), (4, 8)),
        Always("labour_day", gettext_noop("Labour Day"), (4, 28), (5, 5)),
        Always("dragon_boat", gettext_noop("Dragon Boat Festival"), (5, 25), (6, 28)),
        Always("national_day", gettext_noop("National Day"), (10, 1), (10, 7)),
    ),
    "US": (
        Always("new_year", gettext_noop("New Year"), (1, 1), (1, 3)),
        Always("independence_day", gettext_noop("Independence Day"), (7, 3), (7, 5)),
        Always("thanksgiving", gettext_noop("Thanksgiving"), (11, 22), (11, 28)),
        Always("christmas", gettext_noop("Christmas"), (12, 24), (12, 26)),
    ),
    "GB": (
        Always("new_year", gettext_noop("New Year"), (1, 1), (1, 4)),
        Always("easter", gettext_noop("Easter"), (3, 20), (4, 27)),
        Always("christmas", gettext_noop("Christmas"), (12, 25), (12, 28)),
    ),
}


@dataclass(frozen=True, slots=True)
class CalendarDoubt:
    """`code` for the record, `sentence` for people."""

    code: str
    sentence: str


def doubts(country: str, year: int, days: Mapping[date, DayType]) -> list[CalendarDoubt]:
    """What somebody should compare with the notice once more; none for a year like its like."""
    found = [
        CalendarDoubt(
            f"without_{each.code}",
            _("No statutory holiday is named for %(holiday)s.") % {"holiday": _(each.name)},
        )
        for each in ALWAYS.get(country, ())
        if not _any_off(days, date(year, *each.first), date(year, *each.last))
    ]
    for like in _to_compare(country, year):
        before = len(calendars.days_of(like.sha256))
        if len(days) < before * FEWEST_SHARE:
            sentence = (
                _("It names %(days)d special days; the version in force names %(before)d.")
                if like.year == year
                else _("It names %(days)d special days; %(year)d had %(before)d.")
            )
            values = {"days": len(days), "before": before, "year": like.year}
            found.insert(0, CalendarDoubt(f"fewer_than_{like.year}", sentence % values))
    return found


def key_of(found: Sequence[CalendarDoubt]) -> str:
    """What comes back as the confirmation of exactly these doubts; "" when there are none."""
    return ",".join(each.code for each in found)


def _any_off(days: Mapping[date, DayType], first: date, last: date) -> bool:
    return any(kind is DayType.STATUTORY and first <= day <= last for day, kind in days.items())


def _to_compare(country: str, year: int) -> list[CalendarYear]:
    """The version in force of the year, else the year before's."""
    in_force = CalendarYear.objects.filter(country=country, in_force=True)
    return list(in_force.filter(year__in=(year - 1, year)).order_by("-year")[:1])
