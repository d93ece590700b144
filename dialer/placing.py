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

from campaigns.domain.lead_state import LeadState
from campaigns.reading import DialPermission, dial_permission
from clock.reading import now, real
from compliance import gate
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.gate import GateResult
from compliance.models import Attempt
from dialer import health
from dialer.calls import change
from dialer.domain.call_state import CallState
from dialer.locks import Space, alone
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
            Call.objects.select_related("caller_id", "campaign", "lead").filter(pk=call_id).first()
        )
        if call is None or call.state != CallState.PLANNED:
            return
        if not health.read().may_try(real()):
            # it stays planned; the sweeper brings it back when the carrier answers again
            Call.objects.filter(pk=call_id, state=CallState.PLANNED.value).update(
                leased_until=real()
            )
            return
        _place(call)


def place_agent_leg(transfer: Transfer) -> Call:
    """Ring the agent of an accepted hand-over into its conference.

    The leg in a state of `ENDS` means that nobody will come: the caller settles the hand-over.
    """
    customer_call = transfer.call
    agent = transfer.agent
    leg = Call(
        kind="agent_leg",
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
        result = gate.reserve(lambda: _agent_intent(leg))
        if not result.decision.allowed:
            _refuse(leg, result)
        elif _begin(leg, result):
            from_ = customer_call.caller_id.number
            _post(leg, lambda: _participant(leg, transfer, from_))
    return leg


# --- past the gate -------------------------------------------------------------------------------


def _place(call: Call) -> None:
    reread = _Reread(call)
    result = gate.reserve(reread)
    if not result.decision.allowed:
        _refuse(call, result, permitted=reread.permitted)
    elif _begin(call, result):
        _post(call, lambda: _customer_call(call))


class _Reread:
    """The intent, as the rows say at the moment of asking; the gate asks inside its transaction."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.permission: DialPermission | None = None

    def __call__(self) -> Intent:
        call = self.call
        assert call.lead_id is not None
        found = self.permission = dial_permission(call.lead_id)
        return Intent(
            purpose=Purpose(found.purpose) if found else Purpose.MARKETING,
            actor=Actor.ROBOT,
            kind=DialKind.RETRY if call.lead is not None and call.lead.attempts else DialKind.ROBOT,
            customer_id=call.customer_id,
            number_id=call.number_id,
            product_id=found.product_id if found else None,
            campaign_id=call.campaign_id,
            lead_id=call.lead_id,
            caller_id_id=call.caller_id_id,
            carrier=settings.CARRIER,
            script_approved=found is not None and found.script_approved,
            campaign_running=found is not None and found.campaign_running and self._still_ours(),
            approval_in_force=found is not None and found.approval_in_force,
            idempotency_key=f"call:{call.public_id}",
            campaign_limits=found.campaign_limits if found else None,
        )

    def _still_ours(self) -> bool:
        return self.permission is not None and self.permission.lead_state is LeadState.CALLING

    @property
    def permitted(self) -> bool:
        """Whether campaign, script and signature held: else the refusal is not the customer's."""
        found = self.permission
        return (
            found is not None
            and found.campaign_running
            and found.script_approved
            and found.approval_in_force
        )


def _agent_intent(leg: Call) -> Intent:
    return Intent(
        purpose=Purpose.AGENT_LEG,
        actor=Actor.HUMAN,
        kind=DialKind.AGENT_LEG,
        campaign_id=leg.campaign_id,
        caller_id_id=leg.caller_id_id,
        carrier=settings.CARRIER,
        script_approved=True,
        campaign_running=True,
        approval_in_force=True,
        idempotency_key=f"call:{leg.public_id}",
    )


@transaction.atomic
def _refuse(call: Call, result: GateResult, *, permitted: bool = True) -> None:
    at = now()
    codes = ",".join(result.decision.codes)
    if not change(call, CallState.REFUSED, cause=f"gate:{codes}", at=at, ended_at=at, stage=""):
        return
    if permitted:
        settle_refused(call, result.decision, at=at)
    elif call.lead_id is not None:
        # paused, stopped or withdrawn meanwhile: no fault of this customer
        put_back(call, cause=f"gate:{codes}", at=at, after=NOT_NOW)


def _begin(call: Call, result: GateResult) -> bool:
    """Write down that the carrier is about to be asked; False if the call was taken over."""
    with transaction.atomic():
        at = now()
        begun = change(
            call,
            CallState.PLACING,
            cause="gate:allowed",
            at=at,
            attempt_id=result.attempt_id,
            placed_at=at,
            leased_until=real() + PLACING_LEASE,
        )
        if not begun and result.attempt_id is not None:
            gate.release(result.attempt_id, "taken_over")
    if not begun:
        return False
    if result.attempt_id is not None and not _still_valid(result.attempt_id):
        # too slow: the facts the gate decided on are old
        _not_placed(call, cause="permission_expired")
        return False
    return True


def _still_valid(attempt_id: UUID) -> bool:
    return Attempt.objects.filter(pk=attempt_id, valid_until__gt=now()).exists()


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
        lease = real() + PLACING_LEASE
        change(call, CallState.UNKNOWN, cause=f"carrier:{error}", at=now(), leased_until=lease)
    else:
        health.carrier_worked()
        bind(call, placed.sid, at=now())


def _customer_call(call: Call) -> Placed:
    assert call.caller_id is not None and call.campaign is not None
    return create_call(
        to=call.to,
        from_=call.caller_id.number,
        answer_url=hook_url("answer", public_id=str(call.public_id)),
        status_url=hook_url("status", public_id=str(call.public_id)),
        amd_url=hook_url("amd", public_id=str(call.public_id)),
        ring_timeout_s=call.campaign.ring_timeout_s,
        time_limit_s=TIME_LIMIT_S,
    )


def _participant(leg: Call, transfer: Transfer, from_: str) -> Placed:
    return create_participant(
        conference=f"x-{transfer.pk}",
        to=leg.to,
        from_=from_,
        label="agent",
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
def _not_placed(call: Call, *, cause: str, outcome: str = "") -> None:
    """Provably never placed: the attempt is released, the lead is due again or settled."""
    at = now()
    if change(
        call, CallState.NOT_PLACED, cause=cause, at=at, ended_at=at, stage="", outcome=outcome
    ):
        settle_call(call, at=at)
