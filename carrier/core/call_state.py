"""The states of a call, and the one table of what may follow what."""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    """Where a call is. ``INITIATED`` exists in callbacks only; REST shows it as queued."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


TERMINAL = frozenset(
    {
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.FAILED,
        CallState.NO_ANSWER,
        CallState.CANCELED,
    }
)

TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    CallState.QUEUED: frozenset({CallState.INITIATED, CallState.CANCELED, CallState.FAILED}),
    CallState.INITIATED: frozenset(
        {CallState.RINGING, CallState.FAILED, CallState.BUSY, CallState.CANCELED}
    ),
    CallState.RINGING: frozenset(
        {
            CallState.IN_PROGRESS,
            CallState.BUSY,
            CallState.NO_ANSWER,
            CallState.CANCELED,
            CallState.FAILED,
            CallState.COMPLETED,
        }
    ),
    CallState.IN_PROGRESS: frozenset({CallState.COMPLETED, CallState.FAILED}),
    **{state: frozenset() for state in TERMINAL},
}

# where a call begins: one that comes from outside rings with us already
FIRST_STATE = {"inbound": CallState.RINGING}

# the name under which a client subscribes to a state's callback
EVENT_OF: dict[CallState, str] = {
    CallState.INITIATED: "initiated",
    CallState.RINGING: "ringing",
    CallState.IN_PROGRESS: "answered",
    **dict.fromkeys(TERMINAL, "completed"),
}
EVENTS = ("initiated", "ringing", "answered", "completed")
REST_STATES = frozenset(CallState) - {CallState.INITIATED}


class IllegalTransition(Exception):
    """A state was asked for that cannot follow the present one."""


def check(old: CallState, new: CallState) -> None:
    """Raise IllegalTransition unless ``new`` may follow ``old``."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"{old} → {new}")


def rest_status(state: CallState) -> str:
    """The status that REST shows."""
    return CallState.QUEUED.value if state is CallState.INITIATED else state.value
