"""Handing a customer over: reserve a person before promising one.

While the robot asks for consent an agent is reserved and sees who is coming. On consent the
customer waits in our own Gather loop, where they are still heard; the agent accepts; a
compare-and-set checks that the customer is still there; both meet in a conference; CONNECTED only
when both joins were seen. At most two offers and about 25 s of the customer's own time, then an
apology and a callback.

Locks are always taken in the order call, transfer, agent. What the agent does at the desk is in
`deskwork.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from agents import presence, reserving
from clock.reading import now, real
from compliance import ledger
from dialer import agent_first, callbacks, handover_context, handovers, licensing, offering
from dialer.domain.call_state import ENDS as CALL_ENDS
from dialer.domain.call_state import CallState
from dialer.domain.stages import Stage
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Transfer, TransferEvent
from dialer.placing import place_agent_leg
from robot.domain.steps import Step
from telephony import controlling, twiml
from telephony.addresses import hook_url

log = logging.getLogger(__name__)

#: Silence in one waiting loop, and how many loops make the 25 s a customer waits at most.
PARK_WAIT_S = 5.0
MAX_PARKS = 3
#: An agent lost this early costs the customer nothing but another wait.
EARLY_DROP = timedelta(seconds=30)
#: Accepted and yet not joined: given up after this long (business and real time).
JOIN_S = 20
JOIN_REAL_S = 8.0
#: An agent is in the room and the customer neither came nor was given up: the carrier is silent.
REACH_S = 120
REACH_REAL_S = 15.0


# --- the customer's way --------------------------------------------------------------------------


def reserve_for(call: Call, *, at: datetime) -> bool:
    """Reserve an agent while the robot asks for consent. False: nobody is free, do not ask."""
    if call.campaign is None:
        return False
    transfer = handovers.lock_of(call)
    if transfer is not None:
        return transfer.state == TransferState.RESERVED
    reservation = reserving.reserve(
        team_id=call.campaign.team_id,
        call_ref=call.public_id,
        now=at,
        licences=licensing.needed(call.campaign, at),
    )
    if reservation is None:
        return False
    transfer = Transfer.objects.create(
        call=call,
        campaign=call.campaign,
        agent_id=reservation.agent_id,
        reservation_id=reservation.pk,
        tried=[reservation.agent_id],
        offers=1,
        reserved_at=at,
        context=handover_context.of(call),
    )
    TransferEvent.objects.create(
        transfer=transfer, old="", new=transfer.state, cause="consent_asked", at=at
    )
    handovers.tell(transfer)
    return True


def show_who_is_coming(call: Call) -> None:
    """Bring the promised agent's screen-pop up to the latest word."""
    transfer = handovers.lock_of(call)
    if transfer is not None and transfer.state == TransferState.RESERVED:
        transfer.context = handover_context.of(call)
        transfer.save(update_fields=["context"])
        handovers.tell(transfer)


def consented(call: Call, step: Step, *, at: datetime) -> str:
    """The customer said yes. The way into the conference, or "" = wait in the loop."""
    transfer = handovers.lock_of(call)
    if transfer is None:
        # asked without a reservation: a fault of the script; the loop will apologise
        transfer = Transfer.objects.create(call=call, campaign=call.campaign, reserved_at=at)
    call.stage = Stage.PARKED.value
    call.save(update_fields=["stage"])
    if call.attempt_id is not None:
        ledger.record_consented(call.attempt_id, at)
    moved = handovers.move(
        transfer,
        TransferState.OFFERED,
        cause="consented",
        at=at,
        consented_at=at,
        offered_at=at,
        offered_real=real(),
        context=handover_context.of(call),
    )
    if moved and transfer.accepted_early and _accept(transfer, at=at):
        call.stage = Stage.AGENT.value
        call.save(update_fields=["stage"])
        return handovers.bridge_document(transfer)
    return ""


def keep_waiting(transfer: Transfer, call: Call, *, loop: int, at: datetime) -> bool:
    """Whether the customer waits one loop more. False: apologise and offer a callback.

    The loops count the customer's own time, so that a sandbox that runs fast waits no less.
    """
    transfer.parks = loop + 1
    transfer.save(update_fields=["parks"])
    if loop + 1 >= MAX_PARKS or not (
        offering.has_live_offer(transfer) or offering.offer_next(transfer, at=at)
    ):
        _give_up(transfer, call, cause="waited_too_long", at=at)
        return False
    return True


def customer_stopped_waiting(transfer: Transfer, call: Call, *, ended: bool, at: datetime) -> None:
    """The customer said stop, or asked for a callback instead of waiting."""
    handovers.release(transfer, cause="customer_left")
    if ended:
        handovers.move(transfer, TransferState.STOPPED, cause="customer_said_stop", at=at)
    else:
        handovers.move(transfer, TransferState.NO_AGENT, cause="customer_prefers_callback", at=at)
    handovers.note_abandoned(call, at)
    call.stage = Stage.INTERESTED.value
    call.save(update_fields=["stage"])


def dialogue_ended(call: Call, *, outcome: str, at: datetime) -> None:
    """The robot said goodbye: an agent who was reserved meanwhile is free again."""
    transfer = handovers.lock_of(call)
    if transfer is not None and transfer.state == TransferState.RESERVED:
        handovers.release(transfer, cause="no_consent")
        handovers.move(transfer, TransferState.NOT_WANTED, cause=f"ended:{outcome}"[:60], at=at)


def customer_left(call: Call, *, at: datetime) -> None:
    """The customer's call is over, however that came about."""
    transfer = handovers.lock_of(call)
    if transfer is None:
        return
    state = TransferState(transfer.state)
    if transfer.agent_first and state is not TransferState.CONNECTED:
        return  # nobody waited for an agent: settling frees the one who waited
    if state is TransferState.RESERVED:
        handovers.release(transfer, cause="customer_hung_up")
        handovers.move(transfer, TransferState.NOT_WANTED, cause="customer_hung_up", at=at)
    elif state in (TransferState.OFFERED, TransferState.ACCEPTED):
        handovers.end_agent_leg(transfer)
        handovers.release(transfer, cause="customer_hung_up")
        handovers.move(transfer, TransferState.ABANDONED, cause="customer_hung_up", at=at)
        handovers.note_abandoned(call, at)
        callbacks.book(call, wanted=None, step=None, at=at)
    elif state is TransferState.CONNECTED:
        handovers.end_agent_leg(transfer)
        handovers.begin_wrap_up(transfer, cause="customer_hung_up", at=at)


def bridge(transfer_id: UUID) -> str:
    """The document that puts the customer into the conference."""
    found = handovers.lock_with_call(transfer_id)
    if found is None or not handovers.is_bridging(found[0]):
        return twiml.hang_up([])
    return handovers.bridge_document(found[0])


# --- accepting and joining -----------------------------------------------------------------------


def accept_offer(transfer: Transfer, call: Call, *, at: datetime) -> bool:
    """OFFERED → ACCEPTED, only while the customer is there; both locked. Joins after commit.

    Where the agent comes first, only while nobody has been rung yet.
    """
    if transfer.agent_first:
        return call.state == CallState.PLANNED and _accept(transfer, at=at)
    if call.state != CallState.ANSWERED or not _accept(transfer, at=at):
        return False
    call.stage = Stage.AGENT.value
    call.save(update_fields=["stage"])
    sid = call.sid
    assert sid is not None
    transaction.on_commit(lambda: _move_customer(sid, transfer))
    return True


def _accept(transfer: Transfer, *, at: datetime) -> bool:
    if not handovers.move(
        transfer,
        TransferState.ACCEPTED,
        cause="accepted",
        at=at,
        accepted_at=at,
        customer_in=False,
        agent_in=False,
    ):
        return False
    if transfer.reservation_id is not None:
        reserving.busy(transfer.reservation_id)
    transfer_id = transfer.pk
    transaction.on_commit(lambda: _fetch_agent(transfer_id))
    return True


def _move_customer(sid: str, transfer: Transfer) -> None:
    bridge_url = hook_url("bridge", transfer_id=transfer.pk, offer=transfer.offers)
    try:
        if not controlling.redirect(sid, bridge_url):
            log.info("transfer %s: the customer was gone before the bridge", transfer.pk)
    except controlling.ControlFailed:
        # the next waiting loop finds the transfer accepted and goes to the bridge by itself
        log.warning("transfer %s: the redirect failed", transfer.pk)


def _fetch_agent(transfer_id: UUID) -> None:
    leg = place_agent_leg(Transfer.objects.select_related("agent__user").get(pk=transfer_id))
    if CallState(leg.state) in CALL_ENDS:
        # refused or never placed: nobody will come, and no callback will say so
        with transaction.atomic():
            agent_leg_ended(leg, at=now())


def conference_event(transfer_id: UUID, params: Mapping[str, str], *, at: datetime) -> None:
    """Joins and leaves. CONNECTED when both joins are in; what follows a leave depends on whose."""
    found = handovers.lock_with_call(transfer_id)
    if found is None:
        return
    transfer, call = found
    event, label = params.get("StatusCallbackEvent", ""), params.get("ParticipantLabel", "")
    if event == "participant-join":
        _joined(transfer, call, label, params.get("ConferenceSid", ""), at)
    elif event == "participant-leave" and label == "agent":
        _agent_left(transfer, call, at)
    elif event == "participant-leave" and label == "customer":
        transfer.customer_in = False
        transfer.save(update_fields=["customer_in"])
        if transfer.state == TransferState.CONNECTED:
            handovers.end_agent_leg(transfer)
            handovers.begin_wrap_up(transfer, cause="customer_left", at=at)


def _joined(transfer: Transfer, call: Call, label: str, conference_sid: str, at: datetime) -> None:
    transfer.conference_sid = conference_sid
    transfer.customer_in = transfer.customer_in or label == "customer"
    transfer.agent_in = transfer.agent_in or label == "agent"
    transfer.save(update_fields=["conference_sid", "customer_in", "agent_in"])
    if transfer.customer_in and transfer.agent_in:
        met = handovers.move(
            transfer, TransferState.CONNECTED, cause="both_joined", at=at, connected_at=at
        )
        if met and transfer.agent_first:
            agent_first.met(call, at=at)
    elif transfer.agent_first and transfer.agent_in and transfer.state == TransferState.ACCEPTED:
        agent_first.agent_joined(transfer, call)


def agent_leg_ended(leg: Call, *, at: datetime) -> None:
    """The agent's own leg is over; without it a customer in the room hears silence."""
    transfer = Transfer.objects.filter(agent_leg=leg).first()
    found = handovers.lock_with_call(transfer.pk) if transfer is not None else None
    if found is not None and found[0].agent_leg_id == leg.pk:
        _agent_left(found[0], found[1], at)


def _agent_left(transfer: Transfer, call: Call, at: datetime) -> None:
    """Early or before the talk: the customer waits again. Later: the talk is over."""
    state = TransferState(transfer.state)
    if state not in (TransferState.ACCEPTED, TransferState.CONNECTED):
        return
    if transfer.agent_first:
        agent_first.agent_left(transfer, call, at=at)
        _send_customer_after(transfer, call)
        return
    talked = transfer.connected_at is not None and at - transfer.connected_at >= EARLY_DROP
    wanted = transfer.cause == "agent_hung_up"
    if state is TransferState.CONNECTED and (talked or wanted):
        handovers.begin_wrap_up(transfer, cause="agent_left", at=at)
        _send_customer_after(transfer, call)
        return
    handovers.release(transfer, cause="agent_dropped")
    if call.state == CallState.ANSWERED and offering.offer_next(transfer, at=at, dropped=True):
        _send_customer_after(transfer, call)
        return
    if state is TransferState.CONNECTED:
        handovers.begin_wrap_up(transfer, cause="agent_dropped", at=at)
    else:
        handovers.move(transfer, TransferState.BRIDGE_FAILED, cause="agent_dropped", at=at)
        handovers.note_abandoned(call, at)
        callbacks.book(call, wanted=None, step=None, at=at)
    _send_customer_after(transfer, call)


def _send_customer_after(transfer: Transfer, call: Call) -> None:
    """Out of the room: to the waiting loop or to the goodbye, as the transfer's state says."""
    sid = call.sid
    # the number of the offer that ended: a goodbye and a new wait have addresses of their own
    after_url = hook_url("after", transfer_id=transfer.pk, offer=transfer.offers)

    def redirect() -> None:
        try:
            controlling.redirect(sid or "", after_url)
        except controlling.ControlFailed:
            log.warning("transfer %s: the customer could not be moved", transfer.pk)

    if call.state == CallState.ANSWERED and sid is not None:
        transaction.on_commit(redirect)


# --- offers ---------------------------------------------------------------------------------------


def take_back(transfer: Transfer, *, cause: str, at: datetime) -> None:
    """The agent declined or let the offer pass: the next one, or nobody for now."""
    agent_id = transfer.agent_id
    if transfer.reservation_id is not None:
        reserving.release(transfer.reservation_id, cause)
        if cause == "missed" and agent_id is not None:
            presence.note_missed_offer(agent_id)
    if transfer.state == TransferState.OFFERED and not offering.offer_next(transfer, at=at):
        if transfer.agent_first:
            agent_first.nobody_took(transfer, transfer.call, cause=cause, at=at)
            return
        Transfer.objects.filter(pk=transfer.pk).update(agent=None, reservation_id=None)
        transfer.agent_id = transfer.reservation_id = None
    if transfer.state == TransferState.RESERVED and not offering.reserve_other(transfer, at=at):
        Transfer.objects.filter(pk=transfer.pk).update(agent=None, reservation_id=None)
        transfer.agent_id = transfer.reservation_id = None
    if agent_id is not None and agent_id != transfer.agent_id:
        handovers.tell_revoked(transfer, agent_id)


def _give_up(transfer: Transfer, call: Call, *, cause: str, at: datetime) -> None:
    handovers.release(transfer, cause=cause)
    handovers.move(transfer, TransferState.NO_AGENT, cause=cause, at=at)
    handovers.note_abandoned(call, at)
    call.stage = Stage.INTERESTED.value
    call.save(update_fields=["stage"])


# --- sweeping ------------------------------------------------------------------------------------


def sweep_transfers(at: datetime) -> int:
    """Settle what waits too long: offers nobody took, joins that never came. Returns how many."""
    now_real = real()
    stale = Transfer.objects.filter(
        state=TransferState.OFFERED.value,
        agent__isnull=False,
        offered_at__lt=at - timedelta(seconds=offering.OFFER_S),
        offered_real__lt=now_real - timedelta(seconds=offering.OFFER_REAL_S),
    ).values_list("pk", flat=True)
    long_ago = Q(
        accepted_at__lt=at - timedelta(seconds=JOIN_S),
        offered_real__lt=now_real - timedelta(seconds=JOIN_REAL_S),
    )
    # an agent who waits in the room while the customer's telephone rings waits longer
    ringing = Q(agent_first=True, agent_in=True)
    rung_long = ringing & Q(
        accepted_at__lt=at - timedelta(seconds=REACH_S),
        offered_real__lt=now_real - timedelta(seconds=REACH_REAL_S),
    )
    unjoined = Transfer.objects.filter(
        (long_ago & ~ringing) | rung_long, state=TransferState.ACCEPTED.value
    ).values_list("pk", flat=True)
    return sum(_sweep_one(pk, at) for pk in [*stale, *unjoined])


@transaction.atomic
def _sweep_one(transfer_id: UUID, at: datetime) -> bool:
    found = handovers.lock_with_call(transfer_id)
    if found is None:
        return False
    transfer, call = found
    if transfer.state == TransferState.OFFERED:
        take_back(transfer, cause="missed", at=at)
        return True
    if transfer.state == TransferState.ACCEPTED:
        handovers.end_agent_leg(transfer)
        _agent_left(transfer, call, at)
        return True
    return False
