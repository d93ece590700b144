"""The life of an agent at work: one enum, one table of transitions.

OFFLINE   no browser, or not at work
READY     waits for a customer
RESERVED  promised to a call while the robot still asks, or being offered it
TALKING   took the call: being joined to the customer, or talking
WRAP_UP   writes down what came of it
BREAK     at the desk but takes no calls
"""

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
    # back to ready: the customer was gone before the two met, so there is nothing to write down
    AgentState.TALKING: frozenset({AgentState.WRAP_UP, AgentState.READY}) | _ANY_TIME,
    AgentState.WRAP_UP: frozenset({AgentState.READY, AgentState.BREAK}) | _ANY_TIME,
    AgentState.BREAK: frozenset({AgentState.READY}) | _ANY_TIME,
}

#: What a person may ask for at the desk, and from where: a promise or a talk is ended otherwise.
BY_HAND: dict[AgentState, frozenset[AgentState]] = {
    AgentState.READY: frozenset({AgentState.OFFLINE, AgentState.BREAK, AgentState.WRAP_UP}),
    AgentState.BREAK: frozenset({AgentState.OFFLINE, AgentState.READY, AgentState.WRAP_UP}),
    AgentState.OFFLINE: frozenset(AgentState) - {AgentState.OFFLINE, AgentState.TALKING},
}

#: So many offers in a row left unanswered or declined, and the agent is sent on a break.
MISSED_OFFERS_BEFORE_BREAK = 2


def may_become(old: AgentState, new: AgentState) -> bool:
    """Whether the table knows `old → new`."""
    return new in TRANSITIONS[old]


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
