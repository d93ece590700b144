"""The one place that changes an agent's state.

Every change is a conditional update with its `PresenceChange` in the same transaction, and is
pushed to the agent's browser once committed. Whoever also touches a reservation locks the agent
first (`locked`), then the reservation: one order, no deadlock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from agents.domain.agent_state import AgentState, may_become
from agents.models import Agent, PresenceChange
from clock.reading import now
from live.publishing import publish


def locked(agent_id: int) -> Agent:
    """The agent's row, locked until the caller's transaction ends.

    NO KEY: rows that refer to the agent can be written meanwhile. A full lock would wait for the
    foreign-key checks of other transactions, which come as late as their commit: a deadlock.
    """
    return Agent.objects.select_for_update(no_key=True).get(pk=agent_id)


def move(
    agent: Agent,
    new: AgentState,
    *,
    cause: str,
    only_from: Collection[AgentState] | None = None,
    since: datetime | None = None,
) -> bool:
    """Bring a locked agent into `new`; False when the table, or `only_from`, does not allow it.

    `since` is the business time that counts as the beginning (default: now). The object passed in
    is brought up to date.
    """
    old = AgentState(agent.state)
    if not may_become(old, new) or (only_from is not None and old not in only_from):
        return False
    at = now()
    with transaction.atomic():
        changed = Agent.objects.filter(pk=agent.pk, state=old.value).update(
            state=new.value, state_since=since or at
        )
        if changed != 1:
            return False
        PresenceChange.objects.create(agent=agent, old=old.value, new=new.value, cause=cause, at=at)
    agent.state, agent.state_since = new.value, since or at
    publish(f"agent:{agent.pk}", "presence", {"agent": summary(agent)})
    return True


def summary(agent: Agent) -> dict[str, object]:
    """An agent as screens show it; `since` is business time as ISO text, or None."""
    return {
        "id": agent.pk,
        "name": agent.user.get_full_name(),
        "username": agent.user.get_username(),
        "state": agent.state,
        "since": agent.state_since.isoformat() if agent.state_since else None,
    }
