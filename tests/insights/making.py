"""Calls and hand-overs, written down as the dialer writes them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from agents.models import Agent
from campaigns.models import Lead
from compliance.models import Contact
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Transfer
from tests.campaigns.making import TUESDAY


def make_call(lead: Lead, *, answered: bool = True, outcome: str = "", spoke: bool = False) -> Call:
    """A robot call that has ended."""
    call = Call.objects.create(
        kind="robot",
        state="completed" if answered else "no_answer",
        campaign=lead.campaign,
        lead=lead,
        customer=lead.customer,
        number=lead.number,
        to="x",
        outcome=outcome,
        planned_at=TUESDAY,
        placed_at=TUESDAY,
        answered_at=TUESDAY if answered else None,
        ended_at=TUESDAY + timedelta(minutes=1),
    )
    if spoke:
        Contact.objects.create(
            at=TUESDAY,
            kind="conversation",
            customer_id=lead.customer_id,
            number_id=lead.number_id,
            campaign_id=lead.campaign_id,
            branch_id=lead.target_list.branch_id,
            actor="robot",
            purpose="marketing",
            attempt_id=uuid.uuid4(),
        )
    return call


def make_transfer(
    call: Call, state: TransferState, *, connected: bool, agent: Agent | None = None, **fields: Any
) -> Transfer:
    """A hand-over to which the customer consented."""
    return Transfer.objects.create(
        call=call,
        campaign=call.campaign,
        agent=agent,
        state=state.value,
        reserved_at=TUESDAY,
        consented_at=TUESDAY,
        connected_at=TUESDAY if connected else None,
        **fields,
    )
