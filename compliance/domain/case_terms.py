"""By when a case must move: to a handler, to an answer, and how far an answer may be put off.

12321 (telecom complaints): handed on within 3 working days, answered within 15 days. 12378 (the
banking regulator; rules on handling consumer complaints): 15 days, in complicated cases 30, with
the consent of head office 60. The same terms serve every channel: the shortest is safe for all.
Days are counted as the civil code does (the day of receipt is not one, a term lasts through its
last day); a term that ends on a rest day is not lengthened.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from compliance.domain.calendar import Calendar, DayType
from compliance.domain.terms import local_date, start_of_day

#: Working days until somebody handles it.
FORWARD_WORKDAYS = 3
#: Days until the answer: as received, extended once, extended twice.
ANSWER_DAYS = (15, 30, 60)
MOST_EXTENSIONS = len(ANSWER_DAYS) - 1
#: A reminder this long before an answer is due, and before it must have been handed on.
DUE_SOON = timedelta(days=3)
FORWARD_SOON = timedelta(days=1)

_WORK = {DayType.WORKDAY, DayType.ADJUSTED_WORK}


class CaseChannel(StrEnum):
    """Where a complaint came in; calls name the speaker (robot, agent, ring_back) instead."""

    REGULATOR = "12378"
    TELECOM = "12321"
    CITY = "12345"
    BRANCH = "branch"
    HOTLINE = "hotline"
    LETTER = "letter"


def answer_by(received: datetime, extensions: int, zone: str) -> datetime:
    """The first instant at which the answer is late."""
    day = local_date(received, zone) + timedelta(days=ANSWER_DAYS[extensions] + 1)
    return start_of_day(day, zone)


def forward_by(received: datetime, calendar: Calendar, zone: str) -> datetime:
    """The first instant at which handing it on is late: after 3 working days of the calendar.

    A year that is not loaded counts as plain Monday to Friday: no term gets longer for it.
    """
    day, left = local_date(received, zone), FORWARD_WORKDAYS
    while left:
        day += timedelta(days=1)
        left -= _is_work(day, calendar)
    return start_of_day(day + timedelta(days=1), zone)


def _is_work(day: date, calendar: Calendar) -> bool:
    kind = calendar.type_of(day)
    return day.weekday() < 5 if kind is None else kind in _WORK


class Urgency(StrEnum):
    """How a term stands."""

    IN_TIME = "in_time"
    SOON = "soon"
    LATE = "late"


def urgency(due: datetime | None, now: datetime, soon: timedelta = DUE_SOON) -> Urgency:
    """Whether a term is over, ends soon, or neither (no term: in time)."""
    if due is None or now < due - soon:
        return Urgency.IN_TIME
    return Urgency.LATE if now >= due else Urgency.SOON
