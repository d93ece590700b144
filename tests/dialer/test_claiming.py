"""dialer.claiming: who is taken, and who never together."""

from __future__ import annotations

import threading
from datetime import timedelta

import django_rq
import pytest
from django.db import connection
from rq.job import Job

from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Lead, LeadEvent
from clock.reading import now, real
from compliance.models import CallerId
from dialer.claiming import claim
from dialer.domain.call_state import CallState
from dialer.jobs import QUEUE
from dialer.models import Call
from tests.dialer.world import World


def test_a_claimed_lead_is_calling_and_its_call_planned(world: World) -> None:
    (call,) = world.claim(1)
    lead = Lead.objects.get(calls=call)
    assert (call.state, call.stage, lead.state) == (CallState.PLANNED, "dialling", "calling")
    assert LeadEvent.objects.filter(lead=lead, old="due", new="calling").count() == 1
    assert lead.number is not None
    assert call.to == lead.number.e164
    assert call.leased_until is not None and call.leased_until > real()


def test_leads_come_in_the_order_they_are_due(world: World) -> None:
    Lead.objects.filter(pk=world.lead(world.cast.zhao).pk).update(due_at=now() - timedelta(days=1))
    calls = world.claim(2)
    assert [call.customer_id for call in calls] == [world.cast.zhao.pk, world.cast.wang.pk]


def test_a_household_or_a_shared_number_is_never_planned_twice(world: World) -> None:
    # Zhao and Qian share both; neither within one batch, nor while one of them is called
    called = {call.customer_id for call in world.claim(10)}
    assert called == {world.cast.wang.pk, world.cast.zhao.pk}
    assert world.claim(10) == []
    assert world.lead(world.cast.qian).state == LeadState.DUE


def test_the_number_alone_is_enough_to_wait(world: World) -> None:
    world.cast.qian.household = "H2"
    world.cast.qian.save(update_fields=["household"])
    called = {call.customer_id for call in world.claim(10)}
    assert world.cast.qian.pk not in called


def test_a_customer_who_rings_back_is_not_called_meanwhile(world: World) -> None:
    Call.objects.create(
        kind="inbound",
        state=CallState.ANSWERED.value,
        customer=world.cast.wang,
        to="+8657188880010",
        planned_at=now(),
    )
    assert world.cast.wang.pk not in {call.customer_id for call in world.claim(10)}


def test_a_list_that_lost_its_signature_is_left_alone(world: World) -> None:
    world.campaign.lists.update(state=ListState.SUPERSEDED.value)
    assert world.claim(10) == []


def test_calls_are_spread_over_the_caller_ids_and_stop_at_their_caps(world: World) -> None:
    CallerId.objects.update(hourly_cap=1)
    first = world.claim(10)
    assert len({call.caller_id_id for call in first}) == len(first) == 2
    Call.objects.update(state=CallState.COMPLETED.value)
    assert world.claim(10) == []  # Qian waits for a caller ID now


def test_a_lead_somebody_else_holds_is_skipped_not_waited_for(
    world: World,
) -> None:
    assert claim(world.campaign, 0, now=now(), real=real()) == []


@pytest.mark.django_db(transaction=True)
def test_claims_at_once_take_each_lead_once(committed_world: World) -> None:
    world = committed_world
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait(5)
            world.claim(10)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    leads = list(Call.objects.values_list("lead_id", flat=True))
    assert len(leads) == len(set(leads))


@pytest.mark.django_db(transaction=True)
def test_the_job_is_sent_when_the_claim_has_committed(committed_world: World) -> None:
    calls = committed_world.claim(2)
    jobs: list[Job] = django_rq.get_queue(QUEUE).jobs
    assert [job.args for job in jobs] == [(call.pk,) for call in calls]
    assert {job.func_name for job in jobs} == {"dialer.jobs.place_call"}
