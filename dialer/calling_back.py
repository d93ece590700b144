"""Keeping promises: at the promised minute an agent is asked, then the customer is called.

The leader looks every second for what is due. Whether the customer may be called is asked first by
the same decision as when a list is screened, so that no agent waits for a call that the gate would
refuse; the gate decides again before the dial, and only its answer counts.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents.models import Agent
from campaigns.domain.campaign_state import CampaignState
from campaigns.reading import is_running
from compliance import switching
from compliance.domain.decision import Decision, Outcome
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.models import Suppression
from compliance.screening import screen
from dialer import agent_first, callbacks, handover_context, limits
from dialer.claiming import Engaged
from dialer.clearing import uncleared_calls
from dialer.domain.call_kind import CallKind
from dialer.domain.callback_state import OPEN, CallbackState
from dialer.domain.caller_ids import assign
from dialer.models import Call, Callback, Transfer
from dialer.snapshot import LIVE_STATES, start_of_day, usages_of
from robot.domain.versions import VersionState

#: Callbacks begun in one tick; a tick must stay short.
_A_TICK = 20
_OPEN = [state.value for state in OPEN]


def offer_due(at: datetime) -> int:
    """Ask agents for the callbacks that are due; returns how many were offered."""
    if any(switch.scope == "all" for switch in switching.thrown()):
        return 0  # they wait; nobody need be asked
    due = (
        Callback.objects.filter(
            state=CallbackState.BOOKED.value,
            due_at__lte=at,
            campaign__state=CampaignState.RUNNING.value,
        )
        .order_by("due_at", "pk")
        .values_list("pk", "campaign__team_id")[:_A_TICK]
    )
    engaged = Engaged.now()
    offered = 0
    nobody: set[int] = set()
    for callback_id, team_id in list(due):
        if team_id in nobody:
            continue
        with transaction.atomic():
            callback = _locked(callback_id)
            if callback is None or not _may_begin(callback, engaged, at):
                continue
            if _offer(callback, at=at) is None:
                nobody.add(team_id)
            else:
                offered += 1
    return offered


class Refused(Exception):
    """It cannot be called now. `decision` says why, or is None: the customer is on the line."""

    def __init__(self, decision: Decision | None = None) -> None:
        super().__init__()
        self.decision = decision


class NobodyReady(Exception):
    """The agent is not ready."""


@transaction.atomic
def call_now(callback: Callback, agent: Agent, *, at: datetime) -> Transfer:
    """An agent calls a customer back at once, before the minute or after it.

    Raises Refused, NobodyReady; the callback then stands where it stood.
    """
    locked = _locked(callback.pk)
    if locked is None or not is_running(locked.campaign, at):
        raise Refused
    if not Engaged.now().take(locked.customer_id, locked.number_id, locked.customer.household):
        raise Refused
    decision = may_call(locked, at)
    if not decision.allowed:
        raise Refused(decision)
    transfer = _offer(locked, at=at, only=agent.pk)
    if transfer is None:
        raise NobodyReady
    return transfer


def settle_overdue(at: datetime) -> int:
    """Promises of a day that is over, or of a campaign that is: they expire. Returns how many."""
    over = Q(due_at__lt=start_of_day(at)) | Q(campaign__state=CampaignState.ENDED.value)
    overdue = Callback.objects.filter(over, state=CallbackState.BOOKED.value)[:100]
    return callbacks.expire(list(overdue), cause="overdue", at=at)


def cancel_unwanted(at: datetime) -> int:
    """Open promises to customers who have said no since, by whichever way. Returns how many."""
    said_no = Suppression.objects.filter(lifted_at__isnull=True)
    people = Exists(said_no.filter(customer_id=OuterRef("customer_id")))
    numbers = Exists(said_no.filter(number_id=OuterRef("number_id")))
    cancelled = 0
    for callback in _open().filter(people | numbers)[:100]:
        decision = may_call(callback, at)
        if decision.verdict is Outcome.BLOCK_TERMINAL:
            callbacks.refused(callback, decision, at=at)
            cancelled += 1
    return cancelled + agent_first.call_off_unwanted(at=at)


def put_back_stranded(at: datetime) -> int:
    """CALLING without a live call: a bug elsewhere, but no promise is forgotten."""
    live = Call.objects.filter(state__in=LIVE_STATES, callback__isnull=False)
    stranded = Callback.objects.filter(state=CallbackState.CALLING.value).exclude(
        pk__in=live.values("callback_id")
    )
    return sum(
        callbacks.change(
            each,
            CallbackState.BOOKED,
            cause="stranded",
            at=at,
            due_at=at + callbacks.PUT_BACK,
        )
        for each in stranded
    )


def may_call(callback: Callback, at: datetime) -> Decision:
    """May a person call this customer back now? As a list is screened: nothing is reserved."""
    campaign = callback.campaign
    template = Intent(
        purpose=Purpose.CALLBACK,
        actor=Actor.HUMAN,
        kind=DialKind.CALLBACK,
        product_id=campaign.product_id,
        campaign_id=campaign.pk,
        carrier=settings.CARRIER,
        script_approved=campaign.script_version.state == VersionState.PUBLISHED,
        campaign_limits=campaign.limits or None,
    )
    pair = (callback.customer_id, callback.number_id)
    return screen([pair], template, at)[callback.customer_id]


def _open() -> QuerySet[Callback]:
    return Callback.objects.select_related(
        "customer", "number", "campaign__script_version", "campaign__product", "call"
    ).filter(state__in=_OPEN)


def _locked(callback_id: int) -> Callback | None:
    """A booked callback that nobody else is at."""
    return (
        _open()
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(pk=callback_id, state=CallbackState.BOOKED.value)
        .first()
    )


def _may_begin(callback: Callback, engaged: Engaged, at: datetime) -> bool:
    """Whether an agent is to be asked now; a refusal moves or ends the promise."""
    people = Q(customer_id=callback.customer_id) | Q(number_id=callback.number_id)
    if uncleared_calls().filter(people).exists():
        return False  # the last call is heard a second time first
    if not is_running(callback.campaign, at):
        return False
    if Call.objects.filter(state__in=LIVE_STATES).count() + 2 > limits.lines():
        return False
    decision = may_call(callback, at)
    if not decision.allowed:
        callbacks.refused(callback, decision, at=at)
        return False
    return engaged.take(callback.customer_id, callback.number_id, callback.customer.household)


def _offer(callback: Callback, *, at: datetime, only: int | None = None) -> Transfer | None:
    """Ask an agent; whoever promised the callback comes first."""
    campaign = callback.campaign
    caller_ids = assign(1, usages_of([campaign], at)[campaign.pk])
    if not caller_ids:
        return None  # every number has rung as often as it may
    wanted = agent_first.Wanted(
        kind=CallKind.CALLBACK,
        campaign=campaign,
        customer_id=callback.customer_id,
        number_id=callback.number_id,
        household=callback.customer.household,
        to=callback.number.e164,
        caller_id_id=caller_ids[0],
        callback=callback,
        context=handover_context.of_callback(callback, at),
    )
    promised_by = callback.evidence.get("agent")
    transfer = agent_first.offer(wanted, at=at, only=only, preferred=promised_by)
    if transfer is not None:
        callbacks.change(callback, CallbackState.CALLING, cause="agent_asked", at=at)
    return transfer
