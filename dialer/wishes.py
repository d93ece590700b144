"""A customer's wish narrower than "never", said to the robot or noted by an agent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from compliance import preferring
from compliance.preferring import Wanted
from dialer.models import Call
from robot.domain.narrower_wishes import WEEKEND, narrower


class Wish(StrEnum):
    """What an agent may note at the end of a talk."""

    NO_ROBOT = "no_robot"
    WEEKEND = "weekend"
    EVENING = "evening"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    NOT_THIS = "not_this"  # nothing about the kind of product of this call


_EVENING = Wanted(hours=((18 * 60, 21 * 60),))
#: What an ending of a script may say.
SCRIPTED: dict[str, Wanted] = {
    "prefer.evening": _EVENING,
    "prefer.morning": Wanted(hours=((8 * 60, 12 * 60),)),
    "prefer.weekend": Wanted(weekdays=WEEKEND),
    "prefer.human": Wanted(no_robot=True),
    "prefer.less": Wanted(conversations_per_month=1),
}
_NOTED: dict[Wish, Wanted] = {
    Wish.NO_ROBOT: Wanted(no_robot=True),
    Wish.WEEKEND: Wanted(weekdays=WEEKEND),
    Wish.EVENING: _EVENING,
    Wish.MONTHLY: Wanted(conversations_per_month=1),
    Wish.YEARLY: Wanted(conversations_per_year=1),
}


def said(text: str) -> Wanted | None:
    """The wish in the customer's own sentence; None when it says more, less, or none."""
    wish = narrower(text)
    if wish is None:
        return None
    return Wanted(
        no_robot=wish.no_robot,
        weekdays=wish.weekdays,
        hours=wish.hours,
        families_refused=preferring.families_named(wish.not_about) if wish.not_about else (),
        conversations_per_year=wish.per_year,
        conversations_per_month=wish.per_month,
    )


def note(
    call: Call, wish: Wish, *, evidence: dict[str, Any], at: datetime, actor_id: int | None
) -> None:
    """Keep what an agent heard, for the customer of this call."""
    if call.customer_id is None:
        return
    if wish is Wish.NOT_THIS:
        assert call.campaign is not None
        wanted = Wanted(families_refused=(call.campaign.product.family,))
    else:
        wanted = _NOTED[wish]
    preferring.prefer(
        wanted,
        customer_id=call.customer_id,
        via="agent",
        evidence={"call": str(call.public_id), **evidence},
        at=at,
        actor_id=actor_id,
    )
