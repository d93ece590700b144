"""The life of an agent at work: one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    OFFLINE = "offline"
    READY = "ready"
    RESERVED = "reserved"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    BREAK = "break"


_ANY_TIME = frozenset({AgentState.OFFLINE})

TRANSITIONS: dict[AgentState, frozenset[AgentState]] = {
    AgentState.OFFLINE: frozenset({AgentState.READY, AgentState.BREAK}),
    AgentState.READY: frozenset({AgentState.RESERVED, AgentState.BREAK}) | _ANY_TIME,
    AgentState.RESERVED: frozenset({AgentState.TALKING, AgentState.READY, AgentState.BREAK})
    | _ANY_TIME,
    AgentState.TALKING: frozenset({AgentState.WRAP_UP}) | _ANY_TIME,
    AgentState.WRAP_UP: frozenset({AgentState.READY, AgentState.BREAK}) | _ANY_TIME,
    AgentState.BREAK: frozenset({AgentState.READY}) | _ANY_TIME,
}


class ReservationState(StrEnum):
    """A promise of one agent to one call."""

    HELD = "held"
    TAKEN = "taken"
    RELEASED = "released"


RESERVATION_TRANSITIONS: dict[ReservationState, frozenset[ReservationState]] = {
    ReservationState.HELD: frozenset({ReservationState.TAKEN, ReservationState.RELEASED}),
    ReservationState.TAKEN: frozenset({ReservationState.RELEASED}),
    ReservationState.RELEASED: frozenset(),
}
