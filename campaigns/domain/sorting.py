"""Where a screened customer goes: into the list, or out of it with the reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.domain.lead_state import LeadState
from compliance.domain.decision import Decision, Outcome

#: campaigns' own code: the customer has no number that could be called
NUMBER_NONE = "NUMBER_NONE"


@dataclass(frozen=True, slots=True)
class Placed:
    """What screening stores on a lead. `codes` are the reasons, the primary one first."""

    state: LeadState
    codes: tuple[str, ...]
    clears_at: datetime | None
    by_hand: bool = False


#: What stands in a robot's way for good, and in no person's: age, need of care, a wish.
ROBOT_ONLY = frozenset({"ELDER_ROBOT", "VULNERABLE", "PREFERENCE_ROBOT"})


def wants_a_person(decision: Decision) -> bool:
    """Whether a robot's refusal is, as far as time does not lift it, about robots alone."""
    lasting = {reason.code for reason in decision.reasons if reason.clears_at is None}
    return bool(lasting) and lasting <= ROBOT_ONLY


WITHOUT_NUMBER = Placed(LeadState.BLOCKED, (NUMBER_NONE,), None)
_FREE = Placed(LeadState.LISTED, (), None)


def placed_by_hand(robot: Placed, by_person: Decision, ends_at: datetime) -> Placed:
    """Listed for a person if a person may call; else blocked as the robot was."""
    placed = place(by_person, ends_at)
    return replace(placed, by_hand=True) if placed.state is LeadState.LISTED else robot


def place(decision: Decision, ends_at: datetime) -> Placed:
    """Sort one screened customer; times are aware, `ends_at` is the campaign's (exclusive) end.

    - allowed: listed
    - blocked by time alone, and free again before the campaign ends: listed, waits until then
    - blocked for good, for review, without a known end, or until the campaign is over: blocked
    """
    if decision.verdict is Outcome.ALLOW:
        return _FREE
    codes = tuple(decision.codes)
    lifts = decision.earliest_next
    if decision.verdict is Outcome.BLOCK_RETRIABLE and lifts is not None and lifts < ends_at:
        return Placed(LeadState.LISTED, codes, lifts)
    return Placed(LeadState.BLOCKED, codes, lifts)
