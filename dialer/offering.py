"""Offers: one agent after the other is asked to take a customer, at most two."""

from __future__ import annotations

from datetime import datetime

from agents import reserving
from clock.reading import real
from dialer import handovers, licensing
from dialer.domain.transfer_state import TransferState
from dialer.models import Transfer

#: An offer's life (business time) …
OFFER_S = 12
#: … and its least life in real time: networks do not run faster in a sandbox that does.
OFFER_REAL_S = 1.5
MAX_OFFERS = 2


def has_live_offer(transfer: Transfer) -> bool:
    """Whether an agent is being asked at this moment."""
    return transfer.state == TransferState.OFFERED and transfer.agent_id is not None


def offer_next(transfer: Transfer, *, at: datetime, dropped: bool = False) -> bool:
    """Offer the customer to another agent, if one offer is left and somebody is free.

    `dropped`: an agent was cut off from the customer; the same one may be asked again.
    """
    if transfer.offers >= MAX_OFFERS or transfer.campaign is None:
        return False
    reservation = reserving.reserve(
        team_id=transfer.campaign.team_id,
        call_ref=transfer.call.public_id,
        now=at,
        excluding=[] if dropped else list(transfer.tried),
        licences=licensing.needed(transfer.campaign, at),
    )
    if reservation is None:
        return False
    return handovers.move(
        transfer,
        TransferState.OFFERED,
        cause="agent_dropped" if dropped else "next_offer",
        at=at,
        agent_id=reservation.agent_id,
        reservation_id=reservation.pk,
        tried=[*transfer.tried, reservation.agent_id],
        offers=transfer.offers + 1,
        offered_at=at,
        offered_real=real(),
        accepted_early=False,
        parks=0 if dropped else transfer.parks,
        agent_leg=None,
        agent_in=False,
        customer_in=False,
    )


def reserve_other(transfer: Transfer, *, at: datetime) -> bool:
    """The reserved agent declined while the robot still asks: promise somebody else."""
    if transfer.offers >= MAX_OFFERS or transfer.campaign is None:
        return False
    reservation = reserving.reserve(
        team_id=transfer.campaign.team_id,
        call_ref=transfer.call.public_id,
        now=at,
        excluding=list(transfer.tried),
        licences=licensing.needed(transfer.campaign, at),
    )
    if reservation is None:
        return False
    transfer.agent_id = reservation.agent_id
    transfer.reservation_id = reservation.pk
    transfer.tried = [*transfer.tried, reservation.agent_id]
    transfer.offers += 1
    transfer.accepted_early = False
    transfer.save(update_fields=["agent", "reservation_id", "tried", "offers", "accepted_early"])
    handovers.tell(transfer)
    return True
