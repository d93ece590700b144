"""Whatever has a lease is found by time and settled: `kill -9` anything, at any moment.

    RESERVED, never used      the permission of a call that was called off: released
    PLANNED past its lease    the job was lost (Redis, worker): brought again
    PLACING past its lease    the worker died while it asked: UNKNOWN, never asked again
    UNKNOWN                   reconciled with the carrier's list (`reconciling.py`)
    silent while live         a webhook was lost: the carrier is asked how the call stands
    CALLING without a call    cannot be; put back and reported
Hand-overs and agents are swept by `transferring`, `agents.presence` and `agents.reserving`.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from campaigns.domain.lead_state import LeadState
from campaigns.models import Lead
from clock.reading import now
from compliance import gate
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt
from database.session_locks import alone
from dialer import placing, progress, transferring
from dialer.calls import change
from dialer.cancelling import settle_as
from dialer.domain.call_state import ENDS, CallState
from dialer.errands import Errands
from dialer.health import Health
from dialer.jobs import PLANNED_LEASE, enqueue_placing
from dialer.leads import change_lead
from dialer.locks import Space
from dialer.models import Call
from dialer.models.message import Message
from dialer.placing import PLACING_LEASE
from dialer.snapshot import LIVE_STATES, NEVER_RANG
from telephony import controlling
from telephony.controlling import CallFacts
from telephony.models import ReceivedWebhook

log = logging.getLogger(__name__)

#: Business time after which a permission without a call is looked at.
UNUSED_AFTER = timedelta(minutes=1)

_WITH_CARRIER = [CallState.QUEUED.value, CallState.RINGING.value, CallState.ANSWERED.value]


def bring_stale_plans(health: Health, *, real_now: datetime) -> int:
    """Send the jobs of planned calls again whose lease has passed; returns how many.

    While the carrier fails, one at a time: it is the question whether it works again.
    """
    stale = Call.objects.filter(state=CallState.PLANNED.value, leased_until__lt=real_now)
    legs = stale.filter(kind="agent_leg")
    for leg in legs:
        with alone(Space.PLACING, leg.pk) as mine:
            if mine:
                _give_up_leg(leg)
    if not health.may_try(real_now):
        return 0
    robots = (
        stale.exclude(kind="agent_leg").order_by("planned_at", "pk").values_list("pk", flat=True)
    )
    call_ids = list(robots[: None if health.carrier_ok else 1])
    with transaction.atomic():
        Call.objects.filter(pk__in=call_ids, state=CallState.PLANNED.value).update(
            leased_until=real_now + PLANNED_LEASE, reconciled=F("reconciled") + 1
        )
        enqueue_placing(call_ids)
    return len(call_ids)


def doubt_stale_placing(*, real_now: datetime) -> int:
    """PLACING past its lease, and nobody at it: the call may exist. Returns how many."""
    stale = Call.objects.filter(state=CallState.PLACING.value, leased_until__lt=real_now)
    doubted = 0
    for call in stale:
        with alone(Space.PLACING, call.pk) as mine:
            if mine:
                doubted += change(
                    call, CallState.UNKNOWN, cause="lease_passed", at=now(), reconciled=0
                )
    return doubted


def ask_about_silent(errands: Errands, *, real_now: datetime, speed: float) -> int:
    """Ask the carrier about live calls that have not been heard of for long (real time)."""
    quiet = real_now - _quiet_after(speed)
    asked_long_ago = Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=quiet)
    # a lease began when the call was placed; a ring-back has none
    placed_long_ago = Q(leased_until__isnull=True) | Q(leased_until__lt=quiet + PLACING_LEASE)
    live = {
        sid: pk
        for pk, sid in Call.objects.filter(
            asked_long_ago & placed_long_ago, state__in=_WITH_CARRIER, sid__isnull=False
        ).values_list("pk", "sid")
    }
    heard = (
        ReceivedWebhook.objects.filter(sid__in=list(live))
        .values("sid")
        .annotate(last=Max("received_at"))
    )
    recent = {row["sid"] for row in heard if row["last"] >= quiet}
    silent = {sid: pk for sid, pk in live.items() if sid not in recent}
    mine = _note_asked(list(silent.values()), real_now)
    return sum(
        errands.send(f"silent:{pk}", partial(controlling.fetch, sid or ""), partial(_fetched, pk))
        for sid, pk in silent.items()
        if pk in mine
    )


def put_back_stranded(*, at: datetime) -> int:
    """Leads that are CALLING without a live call: a bug elsewhere, but no customer is forgotten."""
    live = Call.objects.filter(lead=OuterRef("pk"), state__in=LIVE_STATES)
    stranded = Lead.objects.filter(state=LeadState.CALLING.value).exclude(Exists(live))
    count = 0
    for lead in stranded:
        log.error("lead %s was calling without a call", lead.pk)
        count += change_lead(lead, LeadState.DUE, cause="stranded", at=at, due_at=at)
    return count


def release_unused(*, at: datetime) -> int:
    """Permissions that nobody will use; returns how many.

    A worker that was killed between the gate and the carrier, while the call was called off, or
    between the gate and a text message, leaves such a one: it would keep the customer from every
    other call.
    """
    unused = Attempt.objects.filter(
        state=AttemptState.RESERVED.value, valid_until__lt=at - UNUSED_AFTER
    )
    released = 0
    for attempt in unused:
        if _is_unused(attempt):
            released += gate.release(attempt.pk, "never_used")
    return released


def _is_unused(attempt: Attempt) -> bool:
    kind, _, name = attempt.idempotency_key.partition(":")
    if kind == "message":
        # it is written into the message's row before the gateway is asked
        return not Message.objects.filter(attempt_id=attempt.pk).exists()
    never = Call.objects.filter(state__in=NEVER_RANG, attempt__isnull=True)
    return kind == "call" and never.filter(public_id=name).exists()


@transaction.atomic
def _note_asked(call_ids: list[int], real_now: datetime) -> set[int]:
    """Note when they are asked about, so that a long talk is asked about once in a while only.

    A call that somebody holds is not silent: its webhook is being worked on.
    """
    free = (
        Call.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk__in=call_ids)
        .values_list("pk", flat=True)
    )
    found = set(free)
    Call.objects.filter(pk__in=found).update(reconciled_at=real_now)
    return found


def _fetched(call_id: int, facts: CallFacts | None) -> None:
    at = now()
    if facts is None:
        settle_as(call_id, CallState.LOST, cause="carrier_forgot", at=at)
        return
    new = progress.STATES.get(facts.status)
    if new is not None and (new in ENDS or new is not CallState.QUEUED):
        seconds = "" if facts.duration_s is None else str(facts.duration_s)
        settle_as(call_id, new, cause="silent", at=at, seconds=seconds)


@transaction.atomic
def _give_up_leg(leg: Call) -> None:
    """The process that was to ring an agent died before it asked: the hand-over goes on."""
    placing.give_up(leg, cause="lease_passed")
    transferring.agent_leg_ended(leg, at=now())


def _quiet_after(speed: float) -> timedelta:
    """Two minutes of telephone time, but 5 to 30 s of real time: webhooks travel in real time."""
    return timedelta(seconds=max(5.0, min(30.0, 120.0 / speed)))
