"""What a call wants from the gate, as the rows say at the moment of asking.

The gate asks twice: before its locks, when only the people matter (their keys are locked), and
again inside its transaction, when everything is read.
"""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.db import connection

from agents.models import Agent
from campaigns.domain.lead_state import LeadState
from campaigns.reading import DialPermission, dial_permission
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from dialer.domain.call_kind import CallKind
from dialer.domain.callback_state import CallbackState
from dialer.models import Call, Callback, TrialCall


class Reread:
    """The intent of one call to a customer, read anew each time it is asked for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.permission: DialPermission | None = None

    def __call__(self) -> Intent:
        people = self._people()
        lead_id = self._lead_id()
        if not connection.in_atomic_block or lead_id is None:
            return people
        found = self.permission = dial_permission(lead_id)
        if found is None:
            return people
        return replace(
            people,
            purpose=Purpose(found.purpose) if self.call.callback_id is None else Purpose.CALLBACK,
            product_id=found.product_id,
            script_approved=found.script_approved,
            campaign_running=found.campaign_running and self._is_wanted(found),
            approval_in_force=found.approval_in_force,
            campaign_limits=found.campaign_limits,
            profiled=found.profiled,
            ring_s=found.ring_timeout_s,
            licences=self._licences(),
        )

    @property
    def withdrawn(self) -> bool:
        """Whether campaign, script or signature did not hold: then the refusal says nothing about
        the customer.
        """
        found = self.permission
        return found is not None and not (
            found.campaign_running and found.script_approved and found.approval_in_force
        )

    def _people(self) -> Intent:
        call = self.call
        if call.kind == CallKind.TEST:
            return _test(call)
        kinds = {
            CallKind.CALLBACK: (Purpose.CALLBACK, Actor.HUMAN, DialKind.CALLBACK),
            CallKind.AGENT: (Purpose.MARKETING, Actor.HUMAN, DialKind.AGENT),
        }
        retried = call.lead is not None and call.lead.attempts > 0
        robot = (Purpose.MARKETING, Actor.ROBOT, DialKind.RETRY if retried else DialKind.ROBOT)
        purpose, actor, kind = kinds.get(CallKind(call.kind), robot)
        return Intent(
            purpose=purpose,
            actor=actor,
            kind=kind,
            customer_id=call.customer_id,
            number_id=call.number_id,
            campaign_id=call.campaign_id,
            lead_id=self._lead_id(),
            caller_id_id=call.caller_id_id,
            carrier=settings.CARRIER,
            idempotency_key=key_of(call),
        )

    def _lead_id(self) -> int | None:
        """The customer's place in the list that the branch signed; a promise has its lead's."""
        callback = self.call.callback
        return self.call.lead_id if callback is None else callback.lead_id

    def _is_wanted(self, found: DialPermission) -> bool:
        """Whether lead or promise still asks for this call: a withdrawn one does not."""
        if self.call.callback_id is None:
            return found.lead_state is LeadState.CALLING
        state = Callback.objects.values_list("state", flat=True).get(pk=self.call.callback_id)
        return state == CallbackState.CALLING

    def _licences(self) -> tuple[str, ...] | None:
        """What the person who will speak is licensed for; None for the robot."""
        if self.call.kind == CallKind.ROBOT:
            return None
        held = Agent.objects.filter(transfers__call=self.call).values_list("licences", flat=True)
        return tuple(held.first() or ())


def _test(call: Call) -> Intent:
    """Ringing one of our own telephones, to hear a script in whatever state it is."""
    return Intent(
        purpose=Purpose.TEST,
        actor=Actor.ROBOT,
        kind=DialKind.TEST,
        caller_id_id=call.caller_id_id,
        carrier=settings.CARRIER,
        idempotency_key=key_of(call),
        staff_number_id=TrialCall.objects.values_list("staff_number_id", flat=True).get(call=call),
    )


def agent_leg(leg: Call, agent_id: int) -> Intent:
    """The agent of a hand-over, with what they may talk about as it stands at this moment."""
    campaign = leg.campaign
    licences = Agent.objects.values_list("licences", flat=True).get(pk=agent_id)
    return Intent(
        purpose=Purpose.AGENT_LEG,
        actor=Actor.HUMAN,
        kind=DialKind.AGENT_LEG,
        product_id=campaign.product_id if campaign is not None else None,
        licences=tuple(licences),
        campaign_id=leg.campaign_id,
        caller_id_id=leg.caller_id_id,
        carrier=settings.CARRIER,
        script_approved=True,
        campaign_running=True,
        approval_in_force=True,
        idempotency_key=key_of(leg),
    )


def key_of(call: Call) -> str:
    """One permission a call: a second reservation under this key is refused."""
    return f"call:{call.public_id}"
