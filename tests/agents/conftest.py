"""A team and people in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import User
from agents.domain.agent_state import AgentState
from agents.models import Agent, Team
from clock.reading import now, real

MakeAgent = Callable[..., Agent]


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(code="loans", name="贷款组", name_en="Loans")


@pytest.fixture
def make_agent(team: Team) -> MakeAgent:
    """An agent at work, idle for `idle_s` business seconds; `seen_s` real seconds ago."""

    def make(
        username: str,
        *,
        state: AgentState = AgentState.READY,
        idle_s: float = 0,
        seen_s: float = 0,
    ) -> Agent:
        return Agent.objects.create(
            user=User.objects.create_user(username),
            team=team,
            state=state.value,
            state_since=now() - timedelta(seconds=idle_s),
            seen_at=real() - timedelta(seconds=seen_s),
        )

    return make
