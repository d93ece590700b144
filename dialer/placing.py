"""Placing a call: the only module that may ask the carrier for one, and only past the gate.

    PLANNED ──gate── allowed ─▶ PLACING (committed) ─▶ POST ─▶ QUEUED, SID bound
       │                            │                    ├──▶ NOT_PLACED  provably never placed
       └── refused ─▶ REFUSED       │                    └──▶ UNKNOWN     reconciled, not repeated
                                    └ killed here: the lease passes, the sweeper says UNKNOWN

The attempt, with its caps, is reserved and committed before the POST; the call's id is in every
callback address, so that the first webhook binds the SID even if the reply to the POST is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from clock.reading import now, real
from compliance import gate
from compliance.domain.decision import Outcome
from compliance.gate import GateResult
from compliance.models import Attempt
from database.session_locks import alone
from dialer import handovers, health, intents
from dialer.calls import change
from dialer.domain.call_kind import AGENT_FIRST, CallKind
from dialer.domain.call_state import CallState
from dialer.locks import Space
from dialer.models import Call, Transfer
from dialer.settling import put_back, settle_call, settle_refused
from telephony.addresses import hook_url
from telephony.placing import (
    Fault,
    NeverPlaced,
    Placed,
    Unknown,
    create_call,
    create_participant,
)

log = logging.getLogger(__name__)

#: A customer's call may last this long (simulated), the agent's part included.
TIME_LIMIT_S = 1800
AGENT_TIME_LIMIT_S = 3600
AGENT_RING_S = 15
#: A test call has no campaign that says how long.
TEST_RING_S = 30
#: The POST takes ten seconds at most; after this a PLACING call belongs to the sweeper (real).
PLACING_LEASE = timedelta(seconds=30)
#: How soon a lead is looked at again whose campaign or signature does not hold at the moment.
NOT_NOW = timedelta(minutes=10)

#: Faults after which the carrier is left alone for a moment.
_TROUBLE = {Fault.DOWN, Fault.CONFIGURATION, Fault.BUSY}
#: Faults of the number: the lead is settled with this outcome.
_FINAL = {Fault.NUMBER: "BAD_NUMBER", Fault.FORBIDDEN: "FORBIDDEN"}


def place_call(call_id: int) -> None:
    """Place one planned call. A second run, at the same time or later, does nothing."""
    with alone(Space.PLACING, call_id) as mine:
        if not mine:
            return
        call = (
            Call.objects.select_related("caller_id", "campaign", "lead", "callback")
            .filter(pk=call_id)
            .first()
        )
        if call is None or call.state != CallState.PLANNED:
            return
        if call.kind in AGENT_FIRST and not handovers.is_waited_for(call):
            return  # the agent is gone: whoever saw it go settles the call
        if not health.read().may_try(real()):
            # it stays planned; the sweeper brings it back when the carrier answers again
            Call.objects.filter(pk=call_id, state=CallState.PLANNED.value).update(
                leased_until=real()
            )
            return
        if call.reconciled and give_up(call, cause="earlier_run_died", only_reserved=True):
            # an earlier run died between the gate and the carrier: its permission is given back
            return
        _place(call)


def give_up(call: Call, *, cause: str, only_reserved: bool = False) -> bool:
    """End a PLANNED call that was never asked for, and release what the gate had reserved for it.

    With `only_reserved` nothing is done (False) unless there is such a reservation. The caller
    holds the call's placing lock.
    """
    attempt_id = (
        Attempt.objects.filter(idempotency_key=intents.key_of(call))
        .values_list("pk", flat=True)
        .first()
    )
    if attempt_id is None and only_reserved:
        return False
    call.attempt_id = attempt_id
    _not_placed(call, cause=cause, attempt_id=attempt_id)
    return True


def place_agent_leg(transfer: Transfer) -> Call:
    """Ring the agent of an accepted hand-over into its conference.

    The leg in a state of `ENDS` means that nobody will come: the caller settles the hand-over.
    """
    customer_call = transfer.call
    agent = transfer.agent
    leg = Call(
        kind=CallKind.AGENT_LEG.value,
        campaign_id=customer_call.campaign_id,
        caller_id_id=customer_call.caller_id_id,
        to=f"client:{agent.user.get_username()}" if agent is not None else "",
        planned_at=now(),
        leased_until=real() + PLACING_LEASE,
    )
    with transaction.atomic():
        leg.save()
        Transfer.objects.filter(pk=transfer.pk).update(agent_leg=leg)
    transfer.agent_leg = leg
    if agent is None or customer_call.caller_id is None:
        _not_placed(leg, cause="nobody_to_ring")
        return leg
    with alone(Space.PLACING, leg.pk):
        result = gate.reserve(lambda: intents.agent_leg(leg, agent.pk))
        if not result.decision.allowed:
            _refuse(leg, result)
        elif _begin(leg, result):
            from_ = customer_call.caller_id.number
            _post(leg, lambda: _participant(leg, transfer, from_))
    return leg


# --- past the gate -------------------------------------------------------------------------------


def _place(call: Call) -> None:
    reread = intents.Reread(call)
    result = gate.reserve(reread)
    if not result.decision.allowed:
        _refuse(call, result, withdrawn=reread.withdrawn)
    elif _begin(call, result):
        _post(call, lambda: _customer_call(call))


@transaction.atomic
def _refuse(call: Call, result: GateResult, *, withdrawn: bool = False) -> None:
    at = now()
    codes = ",".join(result.decision.codes)
    if not change(call, CallState.REFUSED, cause=f"gate:{codes}", at=at, ended_at=at, stage=""):
        return
    of_customer = call.lead_id is not None or call.callback_id is not None
    ours = withdrawn or result.decision.ours_to_mend
    if ours and of_customer and not _is_final(result):
        # paused, stopped or withdrawn meanwhile, or a guard of ours: no fault of this customer
        put_back(call, cause=f"gate:{codes}", at=at, after=NOT_NOW)
    else:
        settle_refused(call, result.decision, at=at)


def _is_final(result: GateResult) -> bool:
    return result.decision.verdict is Outcome.BLOCK_TERMINAL


def _begin(call: Call, result: GateResult) -> bool:
    """Write down that the carrier is about to be asked; False if the call was taken over, or if
    the customer has said no since the gate's answer.
    """
    assert result.attempt_id is not None, "a permission"
    with transaction.atomic():
        at = now()
        if _unwanted_since(result.attempt_id):
            _not_placed(call, cause="unwanted", attempt_id=result.attempt_id)
            gate.release(result.attempt_id, "unwanted")
            return False
        begun = _may_begin(call) and change(
            call,
            CallState.PLACING,
            cause="gate:allowed",
            at=at,
            attempt_id=result.attempt_id,
            placed_at=at,
            leased_until=real() + PLACING_LEASE,
        )
        if not begun:
            gate.release(result.attempt_id, "taken_over")
            return False
    if result.valid_until is not None and now() >= result.valid_until:
        # too slow: the facts the gate decided on are old
        _not_placed(call, cause="permission_expired")
        return False
    return True


def _unwanted_since(attempt_id: UUID) -> bool:
    """Whether somebody asked to end this permission's call. Its row is locked: whoever says no
    from now on finds a call that is being placed.
    """
    attempt = Attempt.objects.select_for_update(no_key=True).filter(pk=attempt_id)
    return attempt.values_list("cancel_wanted_at", flat=True).first() is not None


def _may_begin(call: Call) -> bool:
    """Whether an agent still waits, where one must; under the lock of whoever sees agents go."""
    if call.kind not in AGENT_FIRST:
        return True
    Call.objects.select_for_update(no_key=True).get(pk=call.pk)
    return handovers.is_waited_for(call)


# --- asking the carrier --------------------------------------------------------------------------


def _post(call: Call, ask: Callable[[], Placed]) -> None:
    try:
        placed = ask()
    except NeverPlaced as error:
        if error.fault in _TROUBLE:
            health.carrier_failed(str(error))
        log.warning("call %s was not placed (%s)", call.public_id, error)
        _not_placed(call, cause=f"carrier:{error}", outcome=_FINAL.get(error.fault, ""))
    except Unknown as error:
        health.carrier_failed(f"unknown:{error}")
        log.warning("call %s: the carrier's answer was lost (%s)", call.public_id, error)
        # how often its plan was brought again says nothing of how often we have asked for it
        fresh = {"leased_until": real() + PLACING_LEASE, "reconciled": 0, "reconciled_at": None}
        change(call, CallState.UNKNOWN, cause=f"carrier:{error}", at=now(), **fresh)
    else:
        health.carrier_worked()
        bind(call, placed.sid, at=now())


def _customer_call(call: Call) -> Placed:
    assert call.caller_id is not None
    return create_call(
        to=call.to,
        from_=call.caller_id.number,
        answer_url=hook_url("answer", public_id=str(call.public_id)),
        status_url=hook_url("status", public_id=str(call.public_id)),
        # a person hears for themselves whether a machine has answered
        amd_url=None
        if call.kind in AGENT_FIRST
        else hook_url("amd", public_id=str(call.public_id)),
        ring_timeout_s=call.campaign.ring_timeout_s if call.campaign else TEST_RING_S,
        time_limit_s=TIME_LIMIT_S,
        recording_url=hook_url("recording", public_id=str(call.public_id))
        if settings.RECORD_CALLS
        else None,
    )


def _participant(leg: Call, transfer: Transfer, from_: str) -> Placed:
    return create_participant(
        conference=handovers.room(transfer.pk),
        to=leg.to,
        from_=from_,
        label="agent",
        # an agent who drops leaves the customer in the room; we fetch them back to the waiting loop
        end_on_exit=False,
        # the leg's own address: a second offer's leg must not hear of the first one's end
        status_url=hook_url("status", public_id=str(leg.public_id)),
        conference_url=hook_url("conference", transfer_id=str(transfer.pk)),
        ring_timeout_s=AGENT_RING_S,
        time_limit_s=AGENT_TIME_LIMIT_S,
    )


@transaction.atomic
def bind(call: Call, sid: str, *, at: datetime) -> None:
    """The carrier took the call under `sid`. A webhook may have been faster; it said the same."""
    if Call.objects.filter(pk=call.pk, sid__isnull=True).update(sid=sid):
        call.sid = sid
        if call.attempt_id is not None:
            gate.bind(call.attempt_id, sid)
    else:
        call.refresh_from_db(fields=["sid"])
        if call.sid != sid:
            log.error("call %s has two SIDs: %s and %s", call.public_id, call.sid, sid)
            return
    change(call, CallState.QUEUED, cause="carrier:accepted", at=at)


@transaction.atomic
def _not_placed(call: Call, *, cause: str, outcome: str = "", **fields: UUID | None) -> None:
    """Provably never placed: the attempt is released, the lead is due again or settled."""
    at = now()
    ended = {"ended_at": at, "stage": "", "outcome": outcome, **fields}
    if change(call, CallState.NOT_PLACED, cause=cause, at=at, **ended):
        settle_call(call, at=at)
