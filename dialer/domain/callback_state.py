"""The life of a promised callback: everything that may change its state is in this file.

BOOKED     promised; due at its minute (or later: nobody answered, the gate said "not now")
CALLING    an agent is being asked, or in the room, or the customer's telephone rings
ends: DONE (customer and agent met), CANCELLED (the customer wants no calls, or a rule forbids it
for good), EXPIRED (not reached in time, or the campaign is over).
"""

from __future__ import annotations

from enum import StrEnum


class CallbackState(StrEnum):
    BOOKED = "booked"
    CALLING = "calling"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TRANSITIONS: dict[CallbackState, frozenset[CallbackState]] = {
    CallbackState.BOOKED: frozenset(
        {CallbackState.CALLING, CallbackState.CANCELLED, CallbackState.EXPIRED}
    ),
    CallbackState.CALLING: frozenset(
        {
            CallbackState.BOOKED,
            CallbackState.DONE,
            CallbackState.CANCELLED,
            CallbackState.EXPIRED,
        }
    ),
    CallbackState.DONE: frozenset(),
    CallbackState.CANCELLED: frozenset(),
    CallbackState.EXPIRED: frozenset(),
}

ENDS = frozenset(state for state, following in TRANSITIONS.items() if not following)
#: Something is still owed to the customer.
OPEN = frozenset(CallbackState) - ENDS
