"""Calls of which nobody knows whether they exist. Found, or after long enough given up; never
repeated.

A time-out or a 500 leaves a call UNKNOWN. Its first webhook may bind it. Else the carrier is asked
for its calls between the two numbers: one that was made since, and is not another call of ours, is
it. After two empty answers more than 30 s apart, and once ring time-out and time limit have passed,
the call is LOST: it counts, and the lead follows its retry plan.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from clock.reading import now, real
from dialer import progress
from dialer.cancelling import lock
from dialer.domain.call_state import CallState
from dialer.errands import Errands
from dialer.models import Call
from dialer.placing import TIME_LIMIT_S
from telephony import controlling
from telephony.controlling import CallFacts

log = logging.getLogger(__name__)

#: Real time between two questions about the same call.
ASK_EVERY = timedelta(seconds=31)
EMPTY_ANSWERS = 2
#: The carrier's clock and ours may differ by this much (business time).
SKEW = timedelta(minutes=5)


def ask_about_unknown(errands: Errands, *, real_now: datetime) -> int:
    """Ask for the calls whose fate is unknown; returns how many questions were sent."""
    due = Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=real_now - ASK_EVERY)
    calls = Call.objects.filter(
        due, state=CallState.UNKNOWN.value, caller_id__isnull=False
    ).select_related("caller_id")
    sent = 0
    for call in calls:
        assert call.caller_id is not None
        ask = partial(controlling.list_calls, to=call.to, from_=call.caller_id.number)
        sent += errands.send(f"unknown:{call.pk}", ask, partial(_answered, call.pk))
    return sent


def _answered(call_id: int, found: Sequence[CallFacts]) -> None:
    take_answer(call_id, found, at=now(), real_now=real())


@transaction.atomic
def take_answer(
    call_id: int, found: Sequence[CallFacts], *, at: datetime, real_now: datetime
) -> None:
    """Bind the call to what was found; or count one more empty answer, and give up in the end."""
    call = lock(call_id)
    if call is None or call.state != CallState.UNKNOWN:
        return
    matching = _ours(call, found)
    if len(matching) > 1:
        log.error("call %s: the carrier has %d calls for it", call.public_id, len(matching))
    if matching:
        facts = matching[0]
        if progress.bind(call, facts.sid):
            new = progress.STATES.get(facts.status, CallState.QUEUED)
            seconds = "" if facts.duration_s is None else str(facts.duration_s)
            progress.reach(call, new, cause="reconciled:found", at=at, seconds=seconds)
        return
    call.reconciled += 1
    call.reconciled_at = real_now
    call.save(update_fields=["reconciled", "reconciled_at"])
    if call.reconciled >= EMPTY_ANSWERS and at > _latest_end(call):
        progress.reach(call, CallState.LOST, cause="reconciled:not_found", at=at)


def _ours(call: Call, found: Sequence[CallFacts]) -> list[CallFacts]:
    """Calls made since ours was asked for that are no other call of ours; the oldest first."""
    bound = set(
        Call.objects.filter(sid__in=[facts.sid for facts in found]).values_list("sid", flat=True)
    )
    since = (call.placed_at or call.planned_at) - SKEW
    fresh = [
        facts
        for facts in found
        if facts.sid not in bound and facts.created_at is not None and facts.created_at >= since
    ]
    return sorted(fresh, key=lambda facts: facts.created_at or since)


def _latest_end(call: Call) -> datetime:
    """When the call, had it been made, would be over."""
    ring = call.campaign.ring_timeout_s if call.campaign is not None else 60
    return (call.placed_at or call.planned_at) + timedelta(seconds=ring + TIME_LIMIT_S)
