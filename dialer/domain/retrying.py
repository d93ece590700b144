"""What becomes of a lead after a call: again, settled, or too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Minutes until the next try, for what was our own doing and no fault of plan or customer.
#: The gate still decides about each of them, and the caps still count what rang.
OWN_DOING: Mapping[str, int] = {"CANCELED": 5, "ABANDONED": 5}
#: More cancelled calls than this in a row is no accident; the lead is settled.
OWN_DOING_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Retry:
    """Call again at `at`; the gate decides then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """The outcome stands."""


@dataclass(frozen=True, slots=True)
class Expire:
    """A further try was due only after the campaign's end."""

    due: datetime


NextStep = Retry | Settle | Expire


def next_step(
    outcome: str,
    attempts: int,
    plan: Mapping[str, Sequence[int]],
    now: datetime,
    campaign_end: datetime,
) -> NextStep:
    """What follows an outcome.

    `plan` maps an outcome to minutes until the next try, in the order of attempts: with
    {"BUSY": [30, 120]} the first busy call (`attempts` = 1) is repeated after 30 minutes, the
    second after 120, the third settles the lead. An outcome that is not in the plan settles it. The
    campaign's end is half-open: a try due exactly then is too late.
    """
    minutes = _delay(outcome, attempts, plan)
    if minutes is None:
        return Settle()
    due = now + timedelta(minutes=minutes)
    return Retry(due) if due < campaign_end else Expire(due)


def _delay(outcome: str, attempts: int, plan: Mapping[str, Sequence[int]]) -> int | None:
    if outcome not in plan and outcome in OWN_DOING:
        return OWN_DOING[outcome] if attempts <= OWN_DOING_LIMIT else None
    delays = plan.get(outcome, ())
    index = max(attempts, 1) - 1
    return delays[index] if index < len(delays) else None
