"""Who is at work: ready, on a break, gone. A browser that falls silent frees its agent.

Presence is real time (`seen_at`): a closed laptop is closed however fast the sandbox's clock runs.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import DateTimeField, F, Func, Q

from agents.domain.agent_state import (
    BY_HAND,
    MISSED_OFFERS_BEFORE_BREAK,
    AgentState,
    ReservationState,
)
from agents.models import Agent, Reservation
from agents.moving import locked, move
from clock.reading import real

#: A browser pings every 3 s; after this silence it is gone (design: freed within 10 s).
UNSEEN_AFTER = timedelta(seconds=8)


class RealNow(Func):
    """The database's wall clock inside a statement."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def ping(agent: Agent) -> None:
    """A sign of life from the agent's browser."""
    Agent.objects.filter(pk=agent.pk).update(seen_at=RealNow())


def go_ready(agent: Agent) -> bool:
    """The agent wants customers. Missed offers are forgiven.

    False, and nothing changed, while promised to a call: that is until the talk is written up.
    Somebody who is ready stays so (True).
    """
    return _by_hand(agent, AgentState.READY)


def go_break(agent: Agent) -> bool:
    """The agent wants no customers for now. False while promised to a call."""
    return _by_hand(agent, AgentState.BREAK)


@transaction.atomic
def sign_out(agent: Agent) -> bool:
    """The agent leaves: a promise is released; a talk must be ended first (False).

    Notes not written are lost to nobody: the desk shows them at the next sign-in.
    """
    row = locked(agent.pk)
    changed = move(
        row, AgentState.OFFLINE, cause="signed_out", only_from=BY_HAND[AgentState.OFFLINE]
    )
    if changed:
        _release_held(row, "signed_out")
    return changed or row.state == AgentState.OFFLINE.value


@transaction.atomic
def note_missed_offer(agent_id: int) -> bool:
    """The agent let an offer pass; the second time in a row they are sent on a break (True).

    Not from under a promise that stands: whoever was promised to another customer meanwhile goes
    when they let that one pass too.
    """
    row = locked(agent_id)
    Agent.objects.filter(pk=agent_id).update(missed_offers=F("missed_offers") + 1)
    if row.missed_offers + 1 < MISSED_OFFERS_BEFORE_BREAK:
        return False
    return move(row, AgentState.BREAK, cause="missed_offers", only_from={AgentState.READY})


def free_if_unseen() -> int:
    """Set every agent offline whose browser fell silent; returns how many.

    A held promise is released (cause `browser_gone`), so the customer is offered to somebody else;
    a talk goes on, because the voice does not hang on this browser's page: the dialer ends it.
    """
    limit = real() - UNSEEN_AFTER
    silent = Q(seen_at__lt=limit) | Q(seen_at=None)
    # sweeping: those at work are few, and the index begins with the team
    at_work = Agent.objects.exclude(state=AgentState.OFFLINE.value).filter(silent)
    freed = 0
    for agent_id in list(at_work.values_list("pk", flat=True)):
        freed += _free_one(agent_id)
    return freed


@transaction.atomic
def _free_one(agent_id: int) -> bool:
    """One agent, looked at again under the lock: a ping may have come meanwhile."""
    row = locked(agent_id)
    if row.seen_at is not None and row.seen_at >= real() - UNSEEN_AFTER:
        return False
    if not move(row, AgentState.OFFLINE, cause="unseen"):
        return False
    _release_held(row, "browser_gone")
    return True


def _release_held(agent: Agent, cause: str) -> None:
    Reservation.objects.filter(agent=agent, state=ReservationState.HELD.value).update(
        state=ReservationState.RELEASED.value, cause=cause
    )


@transaction.atomic
def _by_hand(agent: Agent, wanted: AgentState) -> bool:
    row = locked(agent.pk)
    if row.state == wanted.value:
        changed = True
    elif _is_promised(row):
        changed = False
    else:
        changed = move(row, wanted, cause="by_hand", only_from=BY_HAND[wanted])
    if changed:
        # whoever asks is there: a first ping could come too late for the next reservation
        Agent.objects.filter(pk=row.pk).update(seen_at=RealNow(), missed_offers=0)
    return changed


def _is_promised(agent: Agent) -> bool:
    live = Reservation.objects.filter(agent=agent).exclude(state=ReservationState.RELEASED.value)
    return live.exists()
