"""dialer.sweeping, reconciling, cancelling: `kill -9` anything, at any moment."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from campaigns.domain.lead_state import LeadState
from campaigns.steering import pause, stop
from clock.reading import now, real
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt
from compliance.suppressing import opt_out
from dialer import cancelling, health, reconciling, sweeping
from dialer.domain.call_state import CallState
from dialer.errands import Errands
from dialer.models import Call
from dialer.placing import TIME_LIMIT_S, place_call
from telephony.models import ReceivedWebhook
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World


@pytest.fixture
def errands() -> Errands:
    """Errands run at once, in this thread."""
    return Errands(threads=0)


def fresh(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def attempt_of(call: Call) -> Attempt:
    assert call.attempt is not None
    return Attempt.objects.get(pk=call.attempt.pk)


def planned(world: World) -> Call:
    return world.claim_only(world.cast.wang)


def placed(world: World) -> Call:
    call = planned(world)
    place_call(call.pk)
    return fresh(call)


def later(seconds: float) -> datetime:
    return real() + timedelta(seconds=seconds)


def doubtful(world: World, stub: StubCarrier) -> Call:
    """A call whose creation answered 500."""
    stub.mode = "down"
    call = placed(world)
    assert call.state == CallState.UNKNOWN
    stub.mode = "ok"
    return call


# --- plans and workers ---------------------------------------------------------------------------


def test_a_plan_whose_job_was_lost_is_brought_again(world: World, stub: StubCarrier) -> None:
    call = planned(world)
    assert sweeping.bring_stale_plans(health.read(), real_now=real()) == 0
    assert sweeping.bring_stale_plans(health.read(), real_now=later(60)) == 1
    call = fresh(call)
    assert call.reconciled == 1
    assert call.leased_until is not None and call.leased_until > later(60)
    place_call(call.pk)
    assert fresh(call).state == CallState.QUEUED


def test_while_the_carrier_is_down_one_plan_at_a_time_asks_whether_it_is_back(
    world: World,
) -> None:
    world.claim(2)
    health.carrier_failed("down")
    assert sweeping.bring_stale_plans(health.read(), real_now=real()) == 0
    assert sweeping.bring_stale_plans(health.read(), real_now=later(60)) == 1


def test_a_worker_killed_while_it_asked_leaves_an_unknown_call(
    world: World, stub: StubCarrier
) -> None:
    call = placed(world)
    Call.objects.filter(pk=call.pk).update(state=CallState.PLACING.value, sid=None)
    assert sweeping.doubt_stale_placing(real_now=real()) == 0
    assert sweeping.doubt_stale_placing(real_now=later(60)) == 1
    assert fresh(call).state == CallState.UNKNOWN
    place_call(call.pk)
    assert len(stub.created) == 1


# --- calls nobody knows of -----------------------------------------------------------------------


def test_an_unknown_call_is_found_in_the_carriers_list(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = doubtful(world, stub)
    assert call.caller_id is not None
    stub.add("+8613905710001", "+8610000000", at=now())  # from another number
    stub.add(call.to, call.caller_id.number, at=now() - timedelta(hours=2))  # an older one
    ours = stub.add(call.to, call.caller_id.number, status="ringing", at=now())
    assert reconciling.ask_about_unknown(errands, real_now=real()) == 1
    assert errands.collect() == 1
    call = fresh(call)
    assert (call.state, call.sid) == (CallState.RINGING, ours["sid"])
    assert attempt_of(call).sid == ours["sid"]


def test_a_call_that_was_bound_to_another_of_ours_is_not_taken_for_it(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = doubtful(world, stub)
    assert call.caller_id is not None
    other = stub.add(call.to, call.caller_id.number, at=now())
    Call.objects.create(
        kind="robot",
        state=CallState.COMPLETED.value,
        sid=other["sid"],
        to=call.to,
        planned_at=now(),
    )
    reconciling.ask_about_unknown(errands, real_now=real())
    errands.collect()
    call = fresh(call)
    assert (call.state, call.reconciled) == (CallState.UNKNOWN, 1)


def test_an_unknown_call_that_ended_meanwhile_is_settled(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = doubtful(world, stub)
    assert call.caller_id is not None
    stub.add(call.to, call.caller_id.number, status="no-answer", at=now())
    reconciling.ask_about_unknown(errands, real_now=real())
    errands.collect()
    assert fresh(call).state == CallState.NO_ANSWER
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.outcome, lead.attempts) == (LeadState.DUE, "NO_ANSWER", 1)


def test_it_is_lost_only_after_two_empty_answers_and_all_possible_time(
    world: World, stub: StubCarrier
) -> None:
    call = doubtful(world, stub)
    over = now() + timedelta(seconds=TIME_LIMIT_S + world.campaign.ring_timeout_s + 1)
    ask = reconciling.take_answer
    ask(call.pk, [], at=over, real_now=real())
    assert fresh(call).state == CallState.UNKNOWN  # one empty answer is none
    ask(call.pk, [], at=now(), real_now=real())
    assert fresh(call).state == CallState.UNKNOWN  # it could still be ringing
    ask(call.pk, [], at=over, real_now=real())
    assert fresh(call).state == CallState.LOST
    assert attempt_of(call).state == AttemptState.LOST
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.outcome, lead.attempts) == (LeadState.SETTLED, "LOST", 1)


def test_the_carrier_is_not_asked_again_within_half_a_minute(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    doubtful(world, stub)
    assert reconciling.ask_about_unknown(errands, real_now=real()) == 1
    errands.collect()
    assert reconciling.ask_about_unknown(errands, real_now=later(29)) == 0
    assert reconciling.ask_about_unknown(errands, real_now=later(33)) == 1


def test_a_carrier_that_cannot_be_asked_is_asked_again(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = doubtful(world, stub)
    stub.close()
    assert reconciling.ask_about_unknown(errands, real_now=real()) == 1
    assert errands.collect() == 0
    assert fresh(call).reconciled == 0
    assert reconciling.ask_about_unknown(errands, real_now=real()) == 1


# --- webhooks that were lost ---------------------------------------------------------------------


def test_a_call_that_fell_silent_is_asked_about_and_settled(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    assert sweeping.ask_about_silent(errands, real_now=real(), speed=1.0) == 0
    stub.calls[0]["status"] = "busy"
    assert sweeping.ask_about_silent(errands, real_now=later(60), speed=1.0) == 1
    errands.collect()
    assert fresh(call).state == CallState.BUSY


def test_a_call_that_was_heard_of_lately_is_not_asked_about(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    ReceivedWebhook.objects.create(
        key="k", kind="status", sid=call.sid or "", params={}, received_at=later(59)
    )
    assert sweeping.ask_about_silent(errands, real_now=later(60), speed=1.0) == 0


def test_a_call_the_carrier_does_not_know_any_more_is_lost(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    stub.calls.clear()
    sweeping.ask_about_silent(errands, real_now=later(60), speed=1.0)
    errands.collect()
    assert fresh(call).state == CallState.LOST


def test_a_lead_that_calls_without_a_call_is_put_back(world: World) -> None:
    call = planned(world)
    Call.objects.filter(pk=call.pk).update(state=CallState.COMPLETED.value)
    assert sweeping.put_back_stranded(at=now()) == 1
    assert world.lead(world.cast.wang).state == LeadState.DUE


# --- no longer wanted ----------------------------------------------------------------------------


def test_who_says_no_while_it_rings_is_hung_up_on_and_never_called_again(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    opt_out(customer_id=world.cast.wang.pk, number_id=None, source="app", evidence={}, at=now())
    assert cancelling.end_unwanted(errands) == 1
    errands.collect()
    assert stub.updated == [(call.sid, {"Status": "canceled"})]
    assert fresh(call).state == CallState.CANCELED
    again = world.claim_only(world.cast.wang)
    place_call(again.pk)
    assert fresh(again).state == CallState.REFUSED
    assert world.lead(world.cast.wang).state == LeadState.BLOCKED
    assert len(stub.created) == 1


def test_who_has_answered_meanwhile_is_hung_up_on(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    stub.calls[0]["status"] = "in-progress"
    opt_out(customer_id=world.cast.wang.pk, number_id=None, source="app", evidence={}, at=now())
    cancelling.end_unwanted(errands)
    errands.collect()
    assert [form["Status"] for _, form in stub.updated] == ["canceled", "completed"]
    assert fresh(call).state == CallState.COMPLETED


def test_a_paused_campaign_takes_back_what_was_not_dialled_yet(
    world: World, stub: StubCarrier
) -> None:
    call = placed(world)
    assert cancelling.unwanted() == []
    pause(world.campaign, None, "test")
    assert [each.call_id for each in cancelling.unwanted()] == [call.pk]
    Call.objects.filter(pk=call.pk).update(state=CallState.RINGING.value)
    assert cancelling.unwanted() == []  # who is being rung is not dropped for a pause
    stop(world.campaign, world.cast.marketer)
    assert [each.call_id for each in cancelling.unwanted()] == [call.pk]
    Call.objects.filter(pk=call.pk).update(state=CallState.ANSWERED.value)
    assert cancelling.unwanted() == []  # nor a conversation for anything


def test_a_campaign_that_stopped_cancels_and_its_lead_expires(
    world: World, stub: StubCarrier, errands: Errands
) -> None:
    call = placed(world)
    stop(world.campaign, world.cast.marketer)
    cancelling.end_unwanted(errands)
    errands.collect()
    assert fresh(call).state == CallState.CANCELED
    assert world.lead(world.cast.wang).state == LeadState.EXPIRED
