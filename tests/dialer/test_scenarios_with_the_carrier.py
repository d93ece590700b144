"""The race scenarios of the compliance reference (§6: 12, 13, 14, 28, 32), each with the real gate,
dialer and carrier process: what counts is what the carrier was asked to dial.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from agents.domain.agent_state import AgentState
from agents.models import Agent
from audiences.models import CustomerNumber
from audit.models import Entry
from campaigns.domain.lead_state import LeadState
from campaigns.models import Lead
from clock.reading import now
from clock.setting import set_sandbox_clock
from compliance import suppressing
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt, CallerId, Contact, Decision, Suppression
from dialer import callbacks, calling_back, deskwork, transferring
from dialer.domain.call_state import CallState
from dialer.domain.callback_state import CallbackState
from dialer.domain.transfer_state import TransferState
from dialer.leading import Leader
from dialer.management.commands.rundialer import run
from dialer.models import Call, Callback, Transfer
from dialer.placing import place_call
from telephony import client
from telephony.sandbox_carrier import set_both_clocks
from tests.cast import number
from tests.dialer.conftest import Carrier
from tests.dialer.world import TUESDAY, World

log = logging.getLogger(__name__)

#: Real seconds within which a call is hung up after its customer said no.
WITHIN_S = 1.0


def dialled(carrier: Carrier, number: str) -> list[dict[str, Any]]:
    """Every call the carrier ever made to a number."""
    calls: list[dict[str, Any]] = carrier.control("calls?all=1")["calls"]
    return [call for call in calls if call["to"] == number]


def until(true: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait for it; how many seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


def hung_up_after(carrier: Carrier, number: str, committed: float) -> float:
    """Real seconds from the commit of a "no" to the carrier's end of the call to a number."""
    until(lambda: dialled(carrier, number)[0]["status"] == "canceled")
    sid = dialled(carrier, number)[0]["sid"]
    (end,) = (
        each for each in carrier.events() if (each["sid"], each["event"]) == (sid, "canceled")
    )
    took = datetime.fromisoformat(end["real"]).timestamp() - committed
    log.info("hung up %.3f s after the commit", took)
    return took


def in_state(call: Call, *states: CallState) -> Callable[[], bool]:
    wanted = [state.value for state in states]
    return lambda: Call.objects.filter(pk=call.pk, state__in=wanted).exists()


@contextmanager
def leading() -> Iterator[None]:
    """The leader as `rundialer` runs it, in a thread."""
    stop = threading.Event()

    def work() -> None:
        try:
            run(Leader(), stop)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def only(world: World, call: Call) -> None:
    """Keep the leader from planning anybody else."""
    Lead.objects.filter(state=LeadState.DUE.value).update(due_at=now() + timedelta(hours=3))
    Agent.objects.update(state=AgentState.BREAK.value)


def test_12_an_opt_out_between_the_plan_and_the_dial_is_terminal(
    committed_world: World, carrier: Carrier
) -> None:
    wang = committed_world.cast.wang
    call = committed_world.claim_only(wang)  # planned, a worker has it in hand
    suppressing.opt_out(customer_id=wang.pk, number_id=None, source="app", evidence={}, at=now())
    place_call(call.pk)
    decision = Decision.objects.get(customer_id=wang.pk)
    assert (decision.verdict, decision.codes) == ("block_terminal", ["OPT_OUT"])
    assert not Attempt.objects.filter(customer=wang).exists()
    assert Entry.objects.filter(kind="suppression.opt_out").count() == 1
    assert dialled(carrier, call.to) == []
    assert committed_world.lead(wang).state == LeadState.BLOCKED


def test_13_an_opt_out_while_it_rings_hangs_up_within_a_second(
    committed_world: World, carrier: Carrier
) -> None:
    wang = committed_world.cast.wang
    call = committed_world.claim_only(wang)
    carrier.control("personas/assign", {call.to: "no_answer"})
    only(committed_world, call)
    place_call(call.pk)
    with leading():
        until(in_state(call, CallState.RINGING))
        suppressing.opt_out(
            customer_id=wang.pk, number_id=None, source="app", evidence={}, at=now()
        )
        took = hung_up_after(carrier, call.to, time.time())
        until(in_state(call, CallState.CANCELED))
    assert took < WITHIN_S
    attempt = Attempt.objects.get(customer=wang)
    assert attempt.state == AttemptState.CLOSED  # it stands and counts
    assert Contact.objects.filter(attempt_id=attempt.pk, kind="attempt").count() == 1
    assert Entry.objects.filter(kind="gate.opt_out_inflight").count() == 1
    # no retry: the lead comes back once more and the gate refuses it for good
    Lead.objects.filter(customer=wang).update(due_at=now())
    for again in committed_world.claim(1):
        place_call(again.pk)
    assert committed_world.lead(wang).state == LeadState.BLOCKED
    assert len(dialled(carrier, call.to)) == 1


def test_13_a_nine_pressed_when_ringing_back_hangs_up_the_call_that_rings_elsewhere(
    committed_world: World, carrier: Carrier
) -> None:
    """We ring her office; she rings us from her mobile, hears who it is and presses nine."""
    wang = committed_world.cast.wang
    called = committed_world.claim_only(wang)
    mobile = called.to
    office = number("+8657187650011", kind="fixed")
    CustomerNumber.objects.create(customer=wang, number=office, priority=2)
    # an earlier call to the mobile is what she rings back; this one goes to the office
    attempt = Attempt.objects.create(
        purpose="marketing",
        actor="robot",
        kind="robot",
        customer=wang,
        number_id=called.number_id,
        idempotency_key="earlier",
        state=AttemptState.CLOSED.value,
        reserved_at=TUESDAY - timedelta(days=20),
        valid_until=TUESDAY - timedelta(days=20),
    )
    Call.objects.create(
        kind="robot",
        state=CallState.NO_ANSWER.value,
        campaign=committed_world.campaign,
        customer=wang,
        number_id=called.number_id,
        attempt=attempt,
        to=mobile,
        planned_at=TUESDAY - timedelta(days=20),
    )
    Call.objects.filter(pk=called.pk).update(number=office, to=office.e164)
    carrier.control("personas/assign", {office.e164: "no_answer"})
    only(committed_world, called)
    place_call(called.pk)
    with leading():
        until(in_state(called, CallState.RINGING))
        ours = CallerId.objects.order_by("pk")[0].number
        carrier.control("scripts", {mobile: [{"digits": "9", "after": [0.1, 0.2]}]})
        urls = f"{settings.PUBLIC_BASE_URL}/hooks/inbound"
        carrier.control(
            "inbound",
            {"from": mobile, "to": ours, "url": f"{urls}/", "status_callback": f"{urls}/status/"},
        )
        until(lambda: Suppression.objects.filter(customer=wang).exists())
        took = hung_up_after(carrier, office.e164, time.time())
    assert took < WITHIN_S
    assert Suppression.objects.filter(customer=wang).get().via == "ring_back"


def test_14_many_threads_and_campaigns_dial_one_number_and_it_rings_once(
    committed_world: World, carrier: Carrier
) -> None:
    cast = committed_world.cast
    lead = committed_world.lead(cast.zhao)
    wife = committed_world.lead(cast.qian)
    assert lead.number is not None
    Lead.objects.filter(pk__in=[lead.pk, wife.pk]).update(state=LeadState.CALLING.value)
    carrier.control("personas/assign", {lead.number.e164: "no_answer"})
    calls = [
        Call.objects.create(
            kind="robot",
            campaign=committed_world.campaign,
            lead=each,
            customer_id=each.customer_id,
            number_id=each.number_id,
            household=each.customer.household,
            caller_id=committed_world.campaign.caller_ids.first(),
            to=lead.number.e164,
            planned_at=now(),
        )
        for each in (lead, wife)
    ]

    def dial(call: Call) -> None:
        try:
            place_call(call.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(dial, calls * 8))
    assert len(dialled(carrier, lead.number.e164)) == 1
    verdicts = list(Decision.objects.values_list("verdict", flat=True))
    assert verdicts.count("allow") == 1
    refused = Decision.objects.exclude(verdict="allow").get()
    assert {"INFLIGHT", "MIN_GAP"} & set(refused.codes)
    assert refused.earliest_next is not None


def promise(world: World) -> Callback:
    """Wang talked with the robot and asked to be called back in the evening.

    Without the promise nobody may call her: one conversation in seven days.
    """
    wang = world.cast.wang
    lead = world.lead(wang)
    assert lead.number is not None
    Lead.objects.filter(campaign=world.campaign).update(state=LeadState.SETTLED.value)
    Agent.objects.filter(pk=world.agent.pk).update(state=AgentState.READY.value)
    call = Call.objects.create(
        kind="robot",
        state=CallState.COMPLETED.value,
        campaign=world.campaign,
        lead=lead,
        customer=wang,
        number=lead.number,
        to=lead.number.e164,
        planned_at=now(),
        outcome="CALLBACK",
    )
    Contact.objects.create(
        at=now(), kind="conversation", customer_id=wang.pk, actor="robot", purpose="marketing"
    )
    at = TUESDAY + timedelta(hours=4, minutes=30)
    callbacks.book_by_agent(call, promised_at=at, agent=world.agent, at=now())
    return Callback.objects.get()


def keep_promise(world: World, callback: Callback) -> Call:
    """The minute comes, the agent accepts and joins; the customer's planned call."""
    set_both_clocks(sim=callback.promised_at, speed=4.0)
    world.agent.refresh_from_db()
    assert calling_back.offer_due(now()) == 1
    transfer = Transfer.objects.get(agent_first=True)
    deskwork.accept(transfer.pk, world.agent)
    until(lambda: Transfer.objects.get(pk=transfer.pk).agent_in)
    return transfer.call


def test_28_a_promised_callback_rings_once_the_agent_is_there_and_both_meet(
    committed_world: World, carrier: Carrier
) -> None:
    callback = promise(committed_world)
    hers = callback.number.e164
    carrier.control("personas/assign", {hers: "interested"})
    call = keep_promise(committed_world, callback)
    assert dialled(carrier, hers) == []
    place_call(call.pk)
    until(lambda: Transfer.objects.filter(call=call, connected_at__isnull=False).exists(), 60)
    assert Callback.objects.get().state == CallbackState.DONE
    attempt = Attempt.objects.get(customer=committed_world.cast.wang, kind="callback")
    assert attempt.exemption_id is not None
    assert len(dialled(carrier, hers)) == 1
    set_both_clocks(speed=60.0)
    until(lambda: Transfer.objects.get(call=call).state == TransferState.WRAP_UP, 60)


def test_28_the_same_customer_opted_out_and_no_telephone_rings(
    committed_world: World, carrier: Carrier
) -> None:
    callback = promise(committed_world)
    suppressing.opt_out(
        customer_id=callback.customer_id, number_id=None, source="sms", evidence={}, at=now()
    )
    set_sandbox_clock(sim=callback.promised_at, speed=1.0)
    assert calling_back.offer_due(now()) == 0
    found = Callback.objects.get()
    assert (found.state, found.codes) == (CallbackState.CANCELLED, ["OPT_OUT"])
    assert dialled(carrier, callback.number.e164) == []


def test_28_an_opt_out_while_the_promised_call_rings_hangs_up_within_a_second(
    committed_world: World, carrier: Carrier
) -> None:
    callback = promise(committed_world)
    hers = callback.number.e164
    carrier.control("personas/assign", {hers: "no_answer"})
    call = keep_promise(committed_world, callback)
    set_both_clocks(speed=1.0)
    place_call(call.pk)
    with leading():
        until(in_state(call, CallState.RINGING))
        suppressing.opt_out(
            customer_id=callback.customer_id, number_id=None, source="app", evidence={}, at=now()
        )
        took = hung_up_after(carrier, hers, time.time())
        until(lambda: Callback.objects.get().state == CallbackState.CANCELLED)
        until(lambda: Agent.objects.get(pk=committed_world.agent.pk).state != "talking")
    assert took < WITHIN_S
    assert Transfer.objects.get(call=call).state in (
        TransferState.NOT_REACHED,
        TransferState.STOPPED,
    )


def test_32_a_worker_that_dies_after_its_permission_redials_nobody(
    committed_world: World, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.5)
    carrier.control("faults", {"create_reply_lost": 1000, "dropped": 1000})
    call = committed_world.claim_only(committed_world.cast.wang)
    carrier.control("personas/assign", {call.to: "no_answer"})
    place_call(call.pk)
    for _ in range(3):
        place_call(call.pk)  # RQ, or the sweeper, brings it again
    assert len(dialled(carrier, call.to)) == 1
    attempt = Attempt.objects.get(customer=committed_world.cast.wang)
    assert attempt.state in (AttemptState.RESERVED, AttemptState.BOUND)
    assert Contact.objects.filter(attempt_id=attempt.pk, kind="attempt").exists()


def test_32_refused_by_the_carrier_before_a_sid_it_is_given_back(
    committed_world: World, carrier: Carrier
) -> None:
    carrier.control("faults", {"create_429": 1000})
    call = committed_world.claim_only(committed_world.cast.wang)
    place_call(call.pk)
    call.refresh_from_db()
    assert call.state == CallState.NOT_PLACED
    assert Attempt.objects.get().state == AttemptState.RELEASED
    assert committed_world.lead(committed_world.cast.wang).attempts == 0
    assert transferring.sweep_transfers(now()) == 0
