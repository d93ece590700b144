"""Promising a person to a call, before the robot promises one to the customer.

A reservation is HELD while the robot asks and the agent is offered the customer, TAKEN from the
agent's accept until the talk is written up, RELEASED at the end. Every function locks the agent
first, then the reservation, and works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, When

from agents.domain.agent_state import AgentState, ReservationState
from agents.models import Agent, PresenceChange, Reservation
from agents.moving import locked, move
from agents.presence import UNSEEN_AFTER
from clock.reading import real, speed

#: Simulated seconds a promise may last without an accept: consent (turns of ≤ 15 s) and two offers.
HELD_FOR_S = 90.0
#: Real seconds it lasts at least, however fast the clock runs: machines need their time.
HELD_AT_LEAST_S = 15.0

_HELD = ReservationState.HELD.value
_TAKEN = ReservationState.TAKEN.value
_RELEASED = ReservationState.RELEASED.value
#: Why a promise ended through the agent: these go to the end of the queue.
OWN_DOING = ("missed", "declined")
#: The states of an agent who is promised to a call.
_PROMISED = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


@transaction.atomic
def reserve(
    *,
    team_id: int,
    call_ref: UUID,
    now: datetime,
    excluding: Collection[int] = (),
    licences: Collection[str] = (),
    only: int | None = None,
    preferred: int | None = None,
) -> Reservation | None:
    """The longest idle ready agent of a team, promised to the call; None when nobody is free.

    `only`: this agent or nobody. `preferred`: this agent, whoever waits longer, if they are free.

    - ready, and seen by its browser within the last seconds (real time)
    - without a live reservation (a talk can outlive the browser's page)
    - not in `excluding`: who was already offered this customer
    - licensed for what is offered: all of `licences`
    - nobody else is choosing the agent at this moment (SKIP LOCKED)
    """
    wall_clock = real()
    live = Reservation.objects.filter(agent=OuterRef("pk")).exclude(state=_RELEASED)
    named = Agent.objects.all() if only is None else Agent.objects.filter(pk=only)
    agent = (
        named.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(team_id=team_id, state=AgentState.READY.value)
        .filter(seen_at__gte=wall_clock - UNSEEN_AFTER)
        .filter(licences__contains=list(licences))
        .exclude(pk__in=excluding)
        .exclude(Exists(live))
        .order_by(_others_after(preferred), "state_since", "pk")
        .first()
    )
    if agent is None or not move(agent, AgentState.RESERVED, cause="reserved"):
        return None
    lasts = timedelta(seconds=max(HELD_AT_LEAST_S, HELD_FOR_S / speed()))
    return Reservation.objects.create(
        agent=agent, call_ref=call_ref, created_at=now, expires_at=wall_clock + lasts
    )


@transaction.atomic
def busy(reservation_id: UUID) -> bool:
    """The agent accepted: HELD → TAKEN, the agent talks. False when the promise is gone."""
    reservation, agent = _locked_pair(reservation_id)
    if agent.state != AgentState.RESERVED.value or not _settle(reservation, _HELD, _TAKEN, ""):
        return False
    Agent.objects.filter(pk=agent.pk).update(missed_offers=0)
    return move(agent, AgentState.TALKING, cause="accepted")


@transaction.atomic
def wrap_up(reservation_id: UUID) -> bool:
    """The talk is over, the agent writes it up; the promise stays until that is done (`release`).

    False when it was over before, or the agent is not at the desk any more.
    """
    reservation, agent = _locked_pair(reservation_id)
    if reservation.state != _TAKEN:
        return False
    return move(agent, AgentState.WRAP_UP, cause="talked", only_from={AgentState.TALKING})


@transaction.atomic
def release(reservation_id: UUID, cause: str) -> bool:
    """The call no longer needs this person. False when it was released before.

    The agent is ready again: at the end of the queue after a talk or an offer they did not take,
    in their old place when the promise was in vain (no consent, the customer hung up).
    """
    reservation, agent = _locked_pair(reservation_id)
    if not (
        _settle(reservation, _HELD, _RELEASED, cause)
        or _settle(reservation, _TAKEN, _RELEASED, cause)
    ):
        return False
    in_vain = agent.state != AgentState.WRAP_UP.value and cause not in OWN_DOING
    since = _idle_since(agent) if in_vain else None
    move(agent, AgentState.READY, cause=cause, only_from=_PROMISED, since=since)
    return True


def expire_overdue() -> int:
    """Release what was held past its end (real time); returns how many. A net, not the rule."""
    overdue = Reservation.objects.filter(state=_HELD, expires_at__lt=real())
    return sum(release(each, "expired") for each in list(overdue.values_list("pk", flat=True)))


def _others_after(preferred: int | None) -> Case:
    """Nought for the preferred agent, one for everybody else."""
    return Case(When(pk=preferred or 0, then=0), default=1)


def _locked_pair(reservation_id: UUID) -> tuple[Reservation, Agent]:
    """Both rows; the agent's is locked (a reservation never changes its agent)."""
    agent_id = Reservation.objects.values_list("agent_id", flat=True).get(pk=reservation_id)
    agent = locked(agent_id)
    return Reservation.objects.get(pk=reservation_id), agent


def _settle(reservation: Reservation, old: str, new: str, cause: str) -> bool:
    """`old → new` if it still is `old`."""
    changed = Reservation.objects.filter(pk=reservation.pk, state=old).update(
        state=new, cause=cause
    )
    return changed == 1


def _idle_since(agent: Agent) -> datetime | None:
    """When the agent's present wait began: a promise in vain does not cost the place in the queue.

    That is the last time the agent became ready other than by being released unused.
    """
    in_vain = Q(old__in=[AgentState.RESERVED.value, AgentState.TALKING.value]) & ~Q(
        cause__in=OWN_DOING
    )
    return (
        PresenceChange.objects.filter(agent=agent, new=AgentState.READY.value)
        .exclude(in_vain)
        .order_by("-at", "-pk")
        .values_list("at", flat=True)
        .first()
    )
