"""The life of a hand-over: everything that may change a transfer's state is in this file.

RESERVED   a person is promised to the call while the robot still asks for consent
OFFERED    the customer consented and waits in our own loop; the agent is asked
ACCEPTED   the agent accepted and the customer was still there; both are being joined
CONNECTED  both joins were seen
WRAP_UP    the talk is over, the agent writes down what came of it
ends: DONE; NO_AGENT (nobody could take it: apology and callback); ABANDONED (the customer hung up
waiting); STOPPED (the customer said stop while waiting); NOT_WANTED (no consent);
BRIDGE_FAILED (accepted but never joined).

Where the agent comes first (a callback, a customer whom only a person may call), it begins with
OFFERED, the customer is rung once the agent is in the room, and one end is added: NOT_REACHED.
"""

from __future__ import annotations

from enum import StrEnum


class TransferState(StrEnum):
    RESERVED = "reserved"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    DONE = "done"
    NO_AGENT = "no_agent"
    ABANDONED = "abandoned"
    STOPPED = "stopped"
    NOT_WANTED = "not_wanted"
    BRIDGE_FAILED = "bridge_failed"
    NOT_REACHED = "not_reached"


TRANSITIONS: dict[TransferState, frozenset[TransferState]] = {
    TransferState.RESERVED: frozenset(
        {TransferState.OFFERED, TransferState.NOT_WANTED, TransferState.NO_AGENT}
    ),
    # a second offer stays OFFERED with another agent
    TransferState.OFFERED: frozenset(
        {
            TransferState.OFFERED,
            TransferState.ACCEPTED,
            TransferState.NO_AGENT,
            TransferState.ABANDONED,
            TransferState.STOPPED,
            TransferState.NOT_REACHED,
        }
    ),
    # an agent who drops before both are in: back to an offer, or an end
    TransferState.ACCEPTED: frozenset(
        {
            TransferState.CONNECTED,
            TransferState.OFFERED,
            TransferState.NO_AGENT,
            TransferState.ABANDONED,
            TransferState.BRIDGE_FAILED,
            TransferState.STOPPED,
            TransferState.NOT_REACHED,
        }
    ),
    # an agent who drops within 30 s: the customer is parked and offered once more
    TransferState.CONNECTED: frozenset({TransferState.WRAP_UP, TransferState.OFFERED}),
    TransferState.WRAP_UP: frozenset({TransferState.DONE}),
    **{
        end: frozenset()
        for end in (
            TransferState.DONE,
            TransferState.NO_AGENT,
            TransferState.ABANDONED,
            TransferState.STOPPED,
            TransferState.NOT_WANTED,
            TransferState.BRIDGE_FAILED,
            TransferState.NOT_REACHED,
        )
    },
}

ENDS = frozenset(state for state, following in TRANSITIONS.items() if not following)


def may_become(old: TransferState, new: TransferState) -> bool:
    """Whether the table knows `old → new`."""
    return new in TRANSITIONS[old]
