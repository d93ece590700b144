"""The life of a call: everything that may change a call's state is in this file.

PLANNED   a lead is claimed; nothing has been asked of anybody
PLACING   the gate allowed it and the attempt is written; the carrier is being asked
UNKNOWN   the carrier's answer was lost: the call may exist; reconciled, never repeated
QUEUED    the carrier has it (SID bound)
RINGING, ANSWERED   as the carrier says
ends: COMPLETED BUSY NO_ANSWER FAILED CANCELED (the carrier's), REFUSED (the gate's),
NOT_PLACED (provably never placed), LOST (never found again; counted, never repeated).
"""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    PLANNED = "planned"
    PLACING = "placing"
    UNKNOWN = "unknown"
    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    REFUSED = "refused"
    NOT_PLACED = "not_placed"
    LOST = "lost"


_CARRIER_ENDS = frozenset(
    {
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.NO_ANSWER,
        CallState.FAILED,
        CallState.CANCELED,
    }
)

# Callbacks arrive in any order, so each live state may jump ahead; none may go back.
TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    CallState.PLANNED: frozenset({CallState.PLACING, CallState.REFUSED, CallState.NOT_PLACED}),
    CallState.PLACING: frozenset(
        {
            CallState.QUEUED,
            CallState.UNKNOWN,
            CallState.NOT_PLACED,
            CallState.RINGING,
            CallState.ANSWERED,
        }
    )
    | _CARRIER_ENDS,
    CallState.UNKNOWN: frozenset(
        {CallState.QUEUED, CallState.RINGING, CallState.ANSWERED, CallState.LOST}
    )
    | _CARRIER_ENDS,
    CallState.QUEUED: frozenset({CallState.RINGING, CallState.ANSWERED, CallState.LOST})
    | _CARRIER_ENDS,
    CallState.RINGING: frozenset({CallState.ANSWERED, CallState.LOST}) | _CARRIER_ENDS,
    CallState.ANSWERED: frozenset({CallState.LOST}) | _CARRIER_ENDS,
    **{
        end: frozenset()
        for end in (
            *sorted(_CARRIER_ENDS),
            CallState.REFUSED,
            CallState.NOT_PLACED,
            CallState.LOST,
        )
    },
}

#: No more will happen to such a call.
ENDS = frozenset(state for state, following in TRANSITIONS.items() if not following)
#: Such a call holds a line (or may hold one): the leader counts these rows.
LIVE = frozenset(CallState) - ENDS


def may_become(old: CallState, new: CallState) -> bool:
    """Whether the table knows `old → new`."""
    return new in TRANSITIONS[old]
