"""A first estimate of what a list will cost, by arithmetic that a manager can check by hand.

calls      = customers × calls for each
hours      = calls × seconds a call ÷ 3600 ÷ lines          (while all lines dial)
hand-overs = customers × reached × interested
agents     = hand-overs × minutes a talk ÷ 60 ÷ hours, at least one when anybody is handed over

A forecast by simulation replaces it; these figures only say what order of size to expect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed, until a bank's own history says better. Shares are of 1."""

    calls_each: float = 1.6
    reached: float = 0.55
    interested: float = 0.12
    call_s: float = 45.0
    talk_min: float = 5.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Whole calls and people; hours of dialling."""

    calls: int
    hours: float
    transfers: int
    agents: int


def estimate(customers: int, lines: int, assumed: Assumptions) -> Estimate:
    """The estimate for a list. `lines` is how many may dial at once (at least one is reckoned)."""
    calls = round(customers * assumed.calls_each)
    hours = calls * assumed.call_s / 3600 / max(lines, 1)
    transfers = round(customers * assumed.reached * assumed.interested)
    agents = math.ceil(transfers * assumed.talk_min / 60 / hours) if transfers and hours else 0
    return Estimate(calls=calls, hours=round(hours, 1), transfers=transfers, agents=agents)
