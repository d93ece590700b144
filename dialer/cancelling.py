"""Ending calls that are no longer wanted: the customer said no, the campaign was paused or ended.

- an attempt with `cancel_wanted_at`: whatever its call is doing, within a second
- a campaign that is not running: calls that the carrier has not dialled yet
- a campaign that has ended: also those that ring
- an agent who waited for the customer is gone: a call that nobody has answered yet
- a kill switch is thrown: those that nobody has answered yet (`switches.py`)
Nobody in a conversation is cut off because a campaign pauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from campaigns.domain.campaign_state import CampaignState
from clock.reading import now
from dialer import progress, switches
from dialer.domain.call_kind import AGENT_FIRST
from dialer.domain.call_state import ENDS, CallState
from dialer.domain.transfer_state import ENDS as TRANSFER_ENDS
from dialer.errands import Errands
from dialer.models import Call
from telephony import controlling

_OVER = [state.value for state in TRANSFER_ENDS]
_UNANSWERED = [CallState.QUEUED.value, CallState.RINGING.value]
_OPEN = [*_UNANSWERED, CallState.ANSWERED.value]


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A call to end, and why."""

    call_id: int
    sid: str
    cause: str


def unwanted() -> list[Unwanted]:
    """The calls that are to be ended now."""
    said_no = Q(attempt__cancel_wanted_at__isnull=False)
    not_running = ~Q(campaign__state=CampaignState.RUNNING.value)
    paused = not_running & Q(kind="robot", state=CallState.QUEUED.value)
    ended = Q(
        campaign__state=CampaignState.ENDED.value, kind="robot", state=CallState.RINGING.value
    )
    alone = Q(transfer__agent_first=True, transfer__state__in=_OVER, state__in=_UNANSWERED)
    ends = said_no | paused | ended | alone
    stopped = switches.stopped_calls()
    if stopped is not None:
        ends |= stopped & Q(state__in=_UNANSWERED)
    rows = Call.objects.filter(ends, state__in=_OPEN, sid__isnull=False).values_list(
        "pk", "sid", "attempt__cancel_wanted_at", "kind"
    )
    return [
        Unwanted(pk, sid or "", "unwanted" if asked else _other_cause(kind))
        for pk, sid, asked, kind in rows
    ]


def _other_cause(kind: str) -> str:
    return "agent_gone" if kind in AGENT_FIRST else "campaign_stopped"


def end_unwanted(errands: Errands) -> int:
    """Send for each of them to be ended; returns how many were newly sent."""
    return sum(
        errands.send(
            f"end:{each.sid}",
            partial(_end, each.sid),
            partial(_ended, each.call_id, each.cause),
            urgent=True,
        )
        for each in unwanted()
    )


def _end(sid: str) -> str:
    """End a call in whatever state: cancelled if nobody answered, else hung up."""
    status = controlling.cancel(sid)
    if status and progress.STATES.get(status) not in ENDS:
        status = controlling.hang_up(sid)
    return status


def _ended(call_id: int, cause: str, status: str) -> None:
    """Settle from the carrier's answer: a call cancelled while queued sends no callback."""
    new = progress.STATES.get(status)
    if new in ENDS:
        settle_as(call_id, new, cause=cause, at=now())


@transaction.atomic
def settle_as(call_id: int, new: CallState, *, cause: str, at: datetime, seconds: str = "") -> None:
    """Take in a state of the carrier that came by asking instead of by callback."""
    call = lock(call_id)
    if call is not None:
        progress.reach(call, new, cause=f"asked:{cause}", at=at, seconds=seconds)


def lock(call_id: int) -> Call | None:
    """The call, locked for the rest of the transaction."""
    return (
        Call.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign", "lead")
        .filter(pk=call_id)
        .first()
    )
