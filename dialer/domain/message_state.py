"""The life of a text message: everything that may change its state is in this file.

QUEUED     promised in a call; waits for its moment and for the gate
SENDING    the gate allowed it; the bank's gateway is being asked
ACCEPTED   the gateway has it under the message's own key
DELIVERED, UNDELIVERED   as the gateway's receipt says
REFUSED    the gate said no for good, or its time ran out
FAILED     the gateway would not take it; a person may have it tried again
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REFUSED = "refused"
    FAILED = "failed"


TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset(
        {MessageState.SENDING, MessageState.REFUSED, MessageState.FAILED}
    ),
    # the same key makes a repeat harmless, so what is uncertain may be asked again
    MessageState.SENDING: frozenset(
        {MessageState.ACCEPTED, MessageState.QUEUED, MessageState.FAILED}
    ),
    MessageState.ACCEPTED: frozenset({MessageState.DELIVERED, MessageState.UNDELIVERED}),
    MessageState.DELIVERED: frozenset(),
    MessageState.UNDELIVERED: frozenset({MessageState.QUEUED}),
    MessageState.REFUSED: frozenset(),
    MessageState.FAILED: frozenset({MessageState.QUEUED}),
}

#: How long after each failure the gateway is asked again (real time); then a person looks.
RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)


def sources(new: MessageState) -> list[str]:
    """The states from which the table lets a message become `new`."""
    return sorted(old.value for old, following in TRANSITIONS.items() if new in following)
