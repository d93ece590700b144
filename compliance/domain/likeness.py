"""Who is alike: people about whom no rule can say different things.

Of most people of a list nothing is known but who they are, what they agreed to or refused, and when
we had to do with them: no wish, nothing promised. A rule sees texts, truths and dates of them.
Two whose texts and truths are the same and whose dates lie between the same turns get the same
answer from every rule, and what lifts before the horizon for one does for both; so it is worked out
for the first and holds for the others (judging.py, compliance/alike.py).

Every kind of rule says at which dates its answers turn (`turns` in the registry). One that cannot
say so makes each of a list judged alone. tests/compliance/test_likeness.py holds them to it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

TICK = timedelta(microseconds=1)


class Turns(NamedTuple):
    """The first dates (instants) with another answer, sorted: of births, assessments, consents and
    contacts with the customer. `attributes`: which of the bank's own are looked at.
    """

    births: tuple[date, ...] = ()
    assessed: tuple[date, ...] = ()
    granted: tuple[datetime, ...] = ()
    contacts: tuple[datetime, ...] = ()
    attributes: tuple[str, ...] = ()


class Likeness(NamedTuple):
    """What somebody has in common with others: who they are and what they agreed to, and what the
    ledger tells of them. Equal values are alike.
    """

    person: Hashable
    told: Hashable = ()


#: Of a rule that looks at no date and no attribute of a person.
STEADY = Turns()


def together(every: Iterable[Turns | None]) -> Turns | None:
    """The turns of several rules; None when one of them cannot say."""
    births: set[date] = set()
    assessed: set[date] = set()
    granted: set[datetime] = set()
    contacts: set[datetime] = set()
    attributes: set[str] = set()
    for turns in every:
        if turns is None:
            return None
        births.update(turns.births)
        assessed.update(turns.assessed)
        granted.update(turns.granted)
        contacts.update(turns.contacts)
        attributes.update(turns.attributes)
    return Turns(
        tuple(sorted(births)),
        tuple(sorted(assessed)),
        tuple(sorted(granted)),
        tuple(sorted(contacts)),
        tuple(sorted(attributes)),
    )


def after(moment: datetime) -> datetime:
    """The first instant that is later."""
    return moment + TICK


def first_day(holds: Callable[[date], bool], low: date, high: date) -> date:
    """The first day of [low, high] from which on it holds; it must hold on `high`."""
    below, found = low.toordinal() - 1, high.toordinal()
    while found - below > 1:
        middle = (below + found) // 2
        if holds(date.fromordinal(middle)):
            found = middle
        else:
            below = middle
    return date.fromordinal(found)


def first_instant(holds: Callable[[datetime], bool], low: datetime, high: datetime) -> datetime:
    """As `first_day`, to the microsecond."""
    below, found = -1, (high - low) // TICK
    while found - below > 1:
        middle = (below + found) // 2
        if holds(low + middle * TICK):
            found = middle
        else:
            below = middle
    return low + found * TICK
