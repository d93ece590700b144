"""When may we call in the days to come, if nothing else happens? Spans found by asking `decide`.

Between two answers `step` apart that both allow, the time between is taken as open: no rule closes
and opens again within half an hour but a blackout shorter than that, and the dial itself asks anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.domain.decision import Decision

STEP = timedelta(minutes=30)
PRECISION = timedelta(seconds=1)

Ask = Callable[[datetime], Decision]


@dataclass(frozen=True, slots=True)
class Opening:
    """Allowed at `start` and at `end`; a second after `end` it is not (unless `end` is the limit).

    With unchanged facts: a call made meanwhile is no longer one of them.
    """

    start: datetime
    end: datetime


def openings(ask: Ask, since: datetime, until: datetime, step: timedelta = STEP) -> list[Opening]:
    """The spans in [since, until] in which the call would be allowed, in order."""
    found = []
    moment = since
    while moment <= until:
        decision = ask(moment)
        if not decision.allowed:
            following = decision.earliest_next
            if following is None or following <= moment or following > until:
                break
            moment = following
        end = _end(ask, moment, until, step)
        found.append(Opening(moment, end))
        moment = end + PRECISION
    return found


def _end(ask: Ask, start: datetime, until: datetime, step: timedelta) -> datetime:
    """The last instant, to the second, of the open span that `start` lies in."""
    open_at = start
    while open_at < until:
        closed_at = min(open_at + step, until)
        if not ask(closed_at).allowed:
            break
        open_at = closed_at
    else:
        return until
    while closed_at - open_at > PRECISION:
        middle = open_at + (closed_at - open_at) / 2
        if ask(middle).allowed:
            open_at = middle
        else:
            closed_at = middle
    # rules speak of whole seconds
    whole = open_at.replace(microsecond=0) + PRECISION
    return whole if ask(whole).allowed else open_at
