"""dialer.placing: past the gate, once, and what becomes of the carrier's answer."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from approvals.reading import in_force
from audiences.models import Customer
from campaigns.domain.lead_state import LeadState
from campaigns.models import Audience, Lead, LeadEvent
from campaigns.reading import subject_of
from campaigns.steering import pause, resume
from clock.reading import now, real
from compliance import gate
from compliance.consenting import withdraw
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt, Contact
from compliance.suppressing import opt_out
from compliance.switching import throw
from dialer import health
from dialer.domain.call_state import CallState
from dialer.models import Call, CallEvent, Heartbeat
from dialer.placing import place_call
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World


def placed(call: Call) -> Call:
    """Place it; the row as it is afterwards."""
    place_call(call.pk)
    return Call.objects.get(pk=call.pk)


def attempt_of(call: Call) -> Attempt:
    assert call.attempt_id is not None
    return Attempt.objects.get(pk=call.attempt_id)


def test_an_allowed_call_is_written_down_placed_and_bound(world: World, stub: StubCarrier) -> None:
    call = placed(world.claim_only(world.cast.wang))
    assert call.state == CallState.QUEUED
    assert call.sid == stub.calls[0]["sid"]
    attempt = attempt_of(call)
    assert (attempt.state, attempt.sid) == (AttemptState.BOUND, call.sid)
    (form,) = stub.created
    assert form["To"] == "+8613905710001"
    for name in ("Url", "StatusCallback", "AsyncAmdStatusCallback"):
        assert str(call.public_id) in form[name]
        assert form[name].endswith("#rc=3&rp=ct,rt,5xx")
    assert form["AsyncAmd"] == "true"
    steps = CallEvent.objects.filter(call_id=call.pk).order_by("id").values_list("new", flat=True)
    assert list(steps) == ["planned", "placing", "queued"]


@pytest.mark.django_db(transaction=True)
def test_the_attempt_is_committed_before_the_carrier_is_asked(
    committed_world: World, stub: StubCarrier
) -> None:
    call = committed_world.claim_only(committed_world.cast.wang)
    seen: list[tuple[str, str]] = []

    def look(_form: dict[str, str]) -> None:
        # in the server's thread, on a connection of its own: only what is committed can be seen
        row = Call.objects.get(pk=call.pk)
        seen.append((row.state, attempt_of(row).state))
        connection.close()

    stub.on_create = look
    placed(call)
    assert seen == [(CallState.PLACING, AttemptState.RESERVED)]


def test_a_second_run_does_nothing(world: World, stub: StubCarrier) -> None:
    call = placed(world.claim_only(world.cast.wang))
    again = placed(call)
    assert (again.state, again.sid) == (call.state, call.sid)
    assert len(stub.created) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_call_place_it_once(
    committed_world: World, stub: StubCarrier
) -> None:
    call = committed_world.claim_only(committed_world.cast.wang)
    start = threading.Barrier(6)

    def work() -> None:
        try:
            start.wait(5)
            place_call(call.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(stub.created) == 1
    assert Call.objects.get(pk=call.pk).state == CallState.QUEUED
    assert Contact.objects.filter(customer_id=call.customer_id, kind="attempt").count() == 1


def test_back_pressure_puts_the_lead_back_and_counts_nothing(
    world: World, stub: StubCarrier
) -> None:
    stub.mode = "busy"
    call = placed(world.claim_only(world.cast.wang))
    assert call.state == CallState.NOT_PLACED
    assert attempt_of(call).state == AttemptState.RELEASED
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.attempts) == (LeadState.DUE, 0)
    assert lead.due_at is not None and lead.due_at - now() <= timedelta(minutes=1)


@pytest.mark.parametrize("mode", ["down", "created_then_500", "hang"])
def test_an_answer_that_was_lost_leaves_the_call_unknown_and_is_not_repeated(
    world: World, impatient: StubCarrier, mode: str
) -> None:
    impatient.mode = mode
    call = placed(world.claim_only(world.cast.wang))
    assert call.state == CallState.UNKNOWN
    assert attempt_of(call).state == AttemptState.RESERVED  # it counts
    assert world.lead(world.cast.wang).state == LeadState.CALLING
    placed(call)
    assert len(impatient.created) == 1


def test_a_plan_that_was_brought_again_is_asked_about_as_often_as_any(
    world: World, stub: StubCarrier
) -> None:
    call = world.claim_only(world.cast.wang)
    Call.objects.filter(pk=call.pk).update(reconciled=2)
    stub.mode = "down"
    call = placed(call)
    assert (call.state, call.reconciled) == (CallState.UNKNOWN, 0)


def test_a_carrier_that_is_down_leaves_calls_planned_and_says_so(
    world: World, stub: StubCarrier
) -> None:
    first, second = world.claim(2)
    stub.close()
    first = placed(first)
    assert first.state == CallState.NOT_PLACED
    assert attempt_of(first).state == AttemptState.RELEASED
    assert Lead.objects.get(calls=first).state == LeadState.DUE
    known = health.read()
    assert (known.carrier_ok, known.carrier_error) == (False, "down")
    # the next one does not even try: it stays planned, and the gate is not asked
    second = placed(second)
    assert second.state == CallState.PLANNED
    assert second.attempt_id is None


def test_a_carrier_that_works_again_is_noticed(world: World, stub: StubCarrier) -> None:
    health.carrier_failed("down")
    assert not health.read().may_try(real())
    Heartbeat.objects.update(failed_at=real() - health.RETRY_AFTER)
    assert placed(world.claim_only(world.cast.wang)).state == CallState.QUEUED
    assert health.read().carrier_ok


def test_a_number_that_is_none_settles_the_lead(world: World, stub: StubCarrier) -> None:
    stub.mode = "bad_number"
    call = placed(world.claim_only(world.cast.wang))
    assert call.state == CallState.NOT_PLACED
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.outcome) == (LeadState.SETTLED, "BAD_NUMBER")
    assert health.read().carrier_ok


def test_who_opted_out_between_plan_and_place_is_not_called(
    world: World, stub: StubCarrier
) -> None:
    call = world.claim_only(world.cast.wang)
    opt_out(customer_id=world.cast.wang.pk, number_id=None, source="app", evidence={}, at=now())
    call = placed(call)
    assert call.state == CallState.REFUSED
    assert stub.created == []
    lead = world.lead(world.cast.wang)
    assert lead.state == LeadState.BLOCKED
    assert lead.codes and call.cause == f"gate:{','.join(lead.codes)}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["opt_out", "withdraw", "family"])
def test_who_says_no_between_the_gate_and_the_carrier_is_not_called(
    committed_world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    world = committed_world
    call = world.claim_only(world.cast.wang)
    reserve = gate.reserve

    def meanwhile() -> None:
        person, family = world.cast.wang.pk, world.campaign.product.family
        if how == "withdraw":
            withdraw(customer_id=person, at=now(), evidence={})
        else:
            opt_out(
                customer_id=person, number_id=None, source="app", evidence={}, at=now(),
                product_family=family if how == "family" else "",
            )  # fmt: skip
        connection.close()

    def slow(intent_of: Any) -> gate.GateResult:
        result = reserve(intent_of)
        assert result.decision.allowed
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join(20)
        return result

    monkeypatch.setattr(gate, "reserve", slow)
    call = placed(call)
    assert stub.created == []
    assert (call.state, call.cause) == (CallState.NOT_PLACED, "unwanted")
    assert attempt_of(call).state == AttemptState.RELEASED
    monkeypatch.undo()
    # the next dial is refused by the gate, for good
    Lead.objects.filter(pk=world.lead(world.cast.wang).pk).update(due_at=now())
    (again,) = world.claim(1)
    assert placed(again).state == CallState.REFUSED
    assert world.lead(world.cast.wang).state == LeadState.BLOCKED


def test_a_consent_withdrawn_after_the_approval_takes_out_one_row_and_no_other(
    world: World, stub: StubCarrier
) -> None:
    """Scenario 18: the list was signed yesterday, consent is withdrawn this morning."""
    wang, sun = world.cast.wang, world.cast.sun
    call = world.claim_only(wang)
    withdraw(customer_id=wang.pk, at=now(), evidence={"app": 1})
    call = placed(call)
    assert (call.state, stub.created) == (CallState.REFUSED, [])
    lead = world.lead(wang)
    assert (lead.state, lead.codes) == (LeadState.BLOCKED, ["CONSENT_WITHDRAWN"])
    event = LeadEvent.objects.filter(lead=lead).latest("pk")
    assert event.cause == "excluded_after_approval:CONSENT_WITHDRAWN"
    # the signature stands for the others of the list
    lead.target_list.refresh_from_db()
    assert in_force(subject_of(lead.target_list_id), lead.target_list.content_hash, now())
    assert world.lead(sun).state == LeadState.DUE


def test_a_campaign_paused_between_plan_and_place_keeps_its_lead(
    world: World, stub: StubCarrier
) -> None:
    call = world.claim_only(world.cast.wang)
    pause(world.campaign, None, "test")
    call = placed(call)
    assert (call.state, stub.created) == (CallState.REFUSED, [])
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.attempts) == (LeadState.DUE, 0)
    resume(world.campaign, world.cast.marketer)
    Lead.objects.filter(pk=lead.pk).update(due_at=now())
    assert placed(world.claim_only(world.cast.wang)).state == CallState.QUEUED


def test_outside_the_hours_the_lead_waits_for_the_window(world: World, stub: StubCarrier) -> None:
    call = world.claim_only(world.cast.sun)  # Xinjiang: 12:00 by the sun, a rest at noon
    call = placed(call)
    lead = world.lead(world.cast.sun)
    assert (call.state, lead.state) == (CallState.REFUSED, LeadState.DUE)
    assert lead.due_at == lead.clears_at and lead.due_at is not None and lead.due_at > now()
    assert lead.attempts == 0
    assert stub.created == []


def test_two_calls_to_one_person_are_refused_by_the_gate(world: World, stub: StubCarrier) -> None:
    first = placed(world.claim_only(world.cast.zhao))
    assert first.state == CallState.QUEUED
    # planned behind the leader's back, for his wife on the same number
    lead = world.lead(world.cast.qian)
    Lead.objects.filter(pk=lead.pk).update(state=LeadState.CALLING.value)
    second = placed(
        Call.objects.create(
            kind="robot",
            campaign=world.campaign,
            lead=lead,
            customer=world.cast.qian,
            number_id=lead.number_id,
            caller_id_id=first.caller_id_id,
            to=first.to,
            planned_at=now(),
        )
    )
    assert second.state == CallState.REFUSED
    assert len(stub.created) == 1


def test_a_permission_that_ran_out_before_the_call_is_given_back(
    world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = world.claim_only(world.cast.wang)
    monkeypatch.setattr("compliance.gate.VALID_FOR_S", 0.0)
    call = placed(call)
    assert (call.state, call.cause) == (CallState.NOT_PLACED, "permission_expired")
    assert stub.created == []
    assert attempt_of(call).state == AttemptState.RELEASED


def test_a_worker_killed_between_gate_and_carrier_loses_nothing(
    world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = world.claim_only(world.cast.wang)

    def die(*_args: Any) -> bool:
        raise KeyboardInterrupt  # kill -9, as far as the rows can tell

    with monkeypatch.context() as patch:
        patch.setattr("dialer.placing._begin", die)
        with pytest.raises(KeyboardInterrupt):
            place_call(call.pk)
    assert Attempt.objects.get().state == AttemptState.RESERVED
    # the sweeper brings the job again, marked as a second try
    Call.objects.filter(pk=call.pk).update(reconciled=1)
    call = placed(call)
    assert (call.state, call.cause) == (CallState.NOT_PLACED, "earlier_run_died")
    assert Attempt.objects.get().state == AttemptState.RELEASED
    assert world.lead(world.cast.wang).state == LeadState.DUE
    assert stub.created == []


def test_what_a_guard_of_ours_stops_stays_due(world: World, stub: StubCarrier) -> None:
    throw(scope="all", reason="test", actor_id=None)
    call = placed(world.claim_only(world.cast.wang))
    assert (call.state, stub.created) == (CallState.REFUSED, [])
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.attempts) == (LeadState.DUE, 0)
    assert lead.due_at is not None and lead.due_at > now() + timedelta(minutes=5)


def test_an_objection_to_profiling_holds_until_the_dial(world: World, stub: StubCarrier) -> None:
    Audience.objects.filter(campaign=world.campaign).update(automated=True)
    Customer.objects.filter(pk=world.cast.wang.pk).update(no_profiling=True)
    call = placed(world.claim_only(world.cast.wang))
    # a list that was signed before the audience was marked is void as well
    assert call.cause.startswith("gate:PROFILING_OBJECTED,APPROVAL_NONE")
    assert stub.created == []
