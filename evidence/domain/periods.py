"""The spans over which a regulator divides abandoned calls, by the guard of its pack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from compliance.domain.rules.pacing import Abandonment


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date


def days_of(guard: Abandonment) -> int:
    """How many days one figure covers.

    - of those who consented: each day (the bank's own definition);
    - of those who answered: the guard's own hours (24 h: Ofcom's; 30 days: the TSR's).
    """
    return 1 if guard.of == "consented" else max(1, round(guard.hours / 24))


def period_of(day: date, *, begun: date, days: int) -> Period:
    """The period that a day lies in: successive spans from the day on which the campaign began."""
    number = (day - begun).days // days
    first = begun + timedelta(days=number * days)
    return Period(first, first + timedelta(days=days - 1))
