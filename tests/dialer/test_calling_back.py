"""A promised callback: an agent first, then the customer, through the gate, into one room.

The carrier is a stub that takes requests; its webhooks are posted, signed, by the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import django_rq
import pytest
from pytest_django.fixtures import Settings

from agents import presence
from agents.domain.agent_state import AgentState
from agents.models import Agent, Reservation
from audit.models import Entry
from campaigns import steering
from campaigns.models import Campaign, Lead
from clock.reading import now, real
from clock.setting import set_sandbox_clock
from compliance import suppressing
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt, Contact, Decision, Exemption
from dialer import callbacks, calling_back, cancelling, closing, deskwork, sweeping, transferring
from dialer.deskwork import Answer
from dialer.domain.call_state import CallState
from dialer.domain.callback_state import CallbackState
from dialer.domain.transfer_state import TransferState
from dialer.errands import Errands
from dialer.health import read as read_health
from dialer.jobs import QUEUE
from dialer.models import Call, Callback, Transfer
from dialer.placing import place_call
from tests.campaigns.making import TUESDAY
from tests.cast import Cast
from tests.dialer.line import Line, ready_agent, running_campaign, spoken, verbs
from tests.dialer.stub_carrier import StubCarrier

pytestmark = pytest.mark.django_db(transaction=True)

#: In the middle of the noon pause: only a promise may ring then.
PROMISED = TUESDAY + timedelta(days=1, hours=-1)


@pytest.fixture
def carrier(settings: Settings) -> Iterator[StubCarrier]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    queue: Any = django_rq.get_queue(QUEUE)
    queue.empty()
    yield stub
    stub.close()


@pytest.fixture
def campaign(cast: Cast, carrier: StubCarrier) -> Campaign:
    return running_campaign(cast)


@pytest.fixture
def lin(campaign: Campaign, cast: Cast) -> Agent:
    return ready_agent(campaign, cast.agent_lin)


@pytest.fixture
def promised(campaign: Campaign, cast: Cast) -> Callback:
    """Wang was called by the robot at two and asked to be called back tomorrow at one."""
    lead = Lead.objects.get(campaign=campaign, customer=cast.wang)
    assert lead.number is not None
    Lead.objects.filter(campaign=campaign).update(state="settled")
    call = Call.objects.create(
        kind="robot",
        state=CallState.COMPLETED.value,
        campaign=campaign,
        lead=lead,
        customer=cast.wang,
        number=lead.number,
        caller_id=campaign.caller_ids.get(),
        to=lead.number.e164,
        planned_at=now(),
        outcome="CALLBACK",
    )
    agent = Agent(pk=0)
    callbacks.book_by_agent(call, promised_at=PROMISED, agent=agent, at=now())
    return Callback.objects.get()


def at(moment: datetime) -> None:
    """Move the simulated time; browsers have not been silent meanwhile."""
    set_sandbox_clock(sim=moment, speed=0.000001)


def offer() -> Transfer:
    """The minute has come: the leader asks an agent."""
    at(PROMISED)
    assert calling_back.offer_due(now()) == 1
    return Transfer.objects.get()


def in_the_room(agent: Agent) -> Line:
    """The agent has accepted and joined; the customer's call waits for a worker."""
    transfer = offer()
    assert deskwork.accept(transfer.pk, agent) is Answer.ACCEPTED
    line = Line(transfer.call)
    join(line, "agent")
    line.call.refresh_from_db()
    return line


def join(line: Line, label: str, event: str = "participant-join") -> None:
    """A conference event; before the customer is dialled there is only the agent's SID."""
    if line.call.sid is None:
        assert line.transfer.agent_leg is not None
        line = Line(line.transfer.agent_leg)
        line.sequence = 100
        path = f"/hooks/transfer/{Transfer.objects.get().pk}/conference/"
        line.post(
            path,
            StatusCallbackEvent=event,
            ParticipantLabel=label,
            ConferenceSid="CF" + "2" * 32,
            SequenceNumber="1" if event.endswith("join") else "2",
        )
        return
    line._conference(event, label)


def rings(agent: Agent) -> Line:
    """The customer's telephone rings."""
    line = in_the_room(agent)
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert line.call.sid, line.call.cause
    line.status("ringing")
    return line


def talks(agent: Agent) -> Line:
    """Customer and agent are talking."""
    line = rings(agent)
    assert verbs(line.answer()) == ["Dial"]
    join(line, "customer")
    return line


def state_of(agent: Agent) -> str:
    return Agent.objects.get(pk=agent.pk).state


def about(found: datetime, wanted: datetime) -> bool:
    """The same instant, but for the clock's crawl."""
    return abs(found - wanted) < timedelta(seconds=1)


def reread(callback: Callback) -> Callback:
    return Callback.objects.get(pk=callback.pk)


def end_unwanted() -> None:
    errands = Errands(threads=0)
    cancelling.end_unwanted(errands)
    errands.collect()


def nothing_leaks(agent: Agent) -> None:
    """No line, no permission and no agent is held by what is over."""
    assert not Call.objects.filter(state__in=["planned", "placing", "unknown"]).exists()
    assert not Attempt.objects.filter(state__in=["reserved", "bound"], kind="callback").exists()
    assert not Reservation.objects.exclude(state="released").exists()
    assert state_of(agent) == AgentState.READY


def test_before_its_minute_nobody_is_asked(lin: Agent, promised: Callback) -> None:
    at(PROMISED - timedelta(minutes=1))
    assert calling_back.offer_due(now()) == 0


def test_at_its_minute_an_agent_is_asked_first_and_sees_who_it_is(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    transfer = offer()
    assert (transfer.state, transfer.agent) == (TransferState.OFFERED, lin)
    assert reread(promised).state == CallbackState.CALLING
    assert carrier.created == []  # nobody's telephone rings yet
    shown = deskwork.desk_state(lin)["transfer"]
    assert shown["kind"] == "callback"
    assert shown["customer"]["name"] == "王芳"
    assert shown["promised_at"] == PROMISED.isoformat()


def test_with_nobody_ready_the_promise_waits(promised: Callback) -> None:
    at(PROMISED)
    assert calling_back.offer_due(now()) == 0
    assert reread(promised).state == CallbackState.BOOKED
    assert not Call.objects.filter(kind="callback").exists()


def test_the_customer_is_dialled_only_when_the_agent_is_in_the_room(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    transfer = offer()
    place_call(transfer.call.pk)  # a worker that comes too early does nothing
    deskwork.accept(transfer.pk, lin)
    place_call(transfer.call.pk)
    assert [form["To"] for form in carrier.created] == ["client:agent_lin"]
    join(Line(transfer.call), "agent")
    assert django_rq.get_queue(QUEUE).count == 1
    place_call(transfer.call.pk)
    assert carrier.created[-1]["To"] == promised.number.e164
    assert "AsyncAmd" not in carrier.created[-1]


def test_the_gate_lets_it_through_on_the_promise_and_keeps_everything(
    lin: Agent, promised: Callback
) -> None:
    line = rings(lin)
    attempt = line.call.attempt
    assert attempt is not None
    assert (attempt.purpose, attempt.actor, attempt.kind) == ("callback", "human", "callback")
    exemption = Exemption.objects.get()
    assert attempt.exemption_id == exemption.pk and exemption.used_at is not None
    decision = Decision.objects.get(attempt_id=attempt.pk)
    assert (decision.verdict, decision.purpose) == ("allow", "callback")
    assert Contact.objects.get(attempt_id=attempt.pk).actor == "human"
    assert Entry.objects.filter(kind="gate.allowed", subject=f"attempt:{attempt.pk}").exists()


def test_connected_when_both_joins_are_seen_then_written_up(lin: Agent, promised: Callback) -> None:
    line = rings(lin)
    assert "Conference" in line.answer()
    assert line.transfer.state == TransferState.ACCEPTED
    join(line, "customer")
    assert line.transfer.state == TransferState.CONNECTED
    assert reread(promised).state == CallbackState.DONE
    assert Contact.objects.filter(attempt_id=line.call.attempt_id, kind="conversation").exists()
    line.leaves("customer")
    line.status("completed", CallDuration="90")
    assert line.transfer.state == TransferState.WRAP_UP
    deskwork.wrap_up(line.transfer.pk, lin, disposition="sold")
    assert promised.lead is not None
    assert Lead.objects.get(pk=promised.lead.pk).result == "sold"
    assert line.call.outcome == "TALKED"
    nothing_leaks(lin)


def test_a_busy_line_frees_the_agent_and_the_plan_decides(lin: Agent, promised: Callback) -> None:
    line = rings(lin)
    line.status("busy")  # the campaign tries a busy line again after half an hour
    assert line.transfer.state == TransferState.NOT_REACHED
    found = reread(promised)
    assert (found.state, found.attempts) == (CallbackState.BOOKED, 1)
    assert about(found.due_at, PROMISED + timedelta(minutes=30))
    assert deskwork.desk_state(lin)["not_reached"]["outcome"] == "BUSY"
    nothing_leaks(lin)


def test_nobody_answers_and_no_plan_settles_the_promise(lin: Agent, promised: Callback) -> None:
    line = rings(lin)
    line.status("no-answer")
    assert reread(promised).state == CallbackState.EXPIRED
    nothing_leaks(lin)


def test_who_opted_out_meanwhile_is_not_called_though_they_had_asked(
    lin: Agent, promised: Callback, carrier: StubCarrier, cast: Cast
) -> None:
    # scenario 28: the exemption never beats the suppression
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="sms", evidence={}, at=now()
    )
    assert calling_back.cancel_unwanted(now()) == 1
    assert reread(promised).state == CallbackState.CANCELLED
    at(PROMISED)
    assert calling_back.offer_due(now()) == 0
    assert carrier.created == []


def test_an_opt_out_while_the_agent_waits_calls_it_off(
    lin: Agent, promised: Callback, carrier: StubCarrier, cast: Cast
) -> None:
    line = in_the_room(lin)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=now()
    )
    # a worker that is faster than the leader meets the gate
    place_call(line.call.pk)
    calling_back.cancel_unwanted(now())
    assert reread(promised).state == CallbackState.CANCELLED
    assert [form["To"] for form in carrier.created] == ["client:agent_lin"]
    assert reread(promised).codes == ["OPT_OUT"]
    nothing_leaks(lin)


def test_an_opt_out_before_the_worker_ends_it_without_the_gate(
    lin: Agent, promised: Callback, cast: Cast
) -> None:
    line = in_the_room(lin)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=now()
    )
    assert calling_back.cancel_unwanted(now()) == 2  # the promise and the call
    assert line.transfer.state == TransferState.STOPPED
    assert deskwork.desk_state(lin)["not_reached"]["cause"] == "customer_wants_no_calls"
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert line.call.state == CallState.NOT_PLACED
    nothing_leaks(lin)


def test_an_opt_out_while_it_rings_hangs_up_and_is_kept(
    lin: Agent, promised: Callback, carrier: StubCarrier, cast: Cast
) -> None:
    line = rings(lin)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=now()
    )
    end_unwanted()
    assert line.call.sid in [sid for sid, _ in carrier.updated]
    line.call.refresh_from_db()
    assert line.call.state == CallState.CANCELED
    calling_back.cancel_unwanted(now())
    assert reread(promised).state == CallbackState.CANCELLED
    nothing_leaks(lin)


def test_who_picks_up_after_opting_out_hears_an_apology(
    lin: Agent, promised: Callback, cast: Cast
) -> None:
    line = rings(lin)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=now()
    )
    assert "抱歉打扰您" in spoken(line.answer())
    line.status("completed", CallDuration="5")
    assert line.call.outcome == "OPT_OUT_INFLIGHT"


def test_the_gate_says_not_now_and_the_desk_says_why(lin: Agent, promised: Callback) -> None:
    Exemption.objects.update(withdrawn_at=now())
    at(PROMISED)
    assert calling_back.offer_due(now()) == 0
    found = reread(promised)
    assert found.state == CallbackState.BOOKED
    assert found.due_at == PROMISED + timedelta(hours=1)  # 14:00, when the noon pause ends
    (shown,) = deskwork.desk_state(lin)["callbacks"]
    assert shown["why"] and shown["due_at"] == found.due_at.isoformat()
    assert state_of(lin) == AgentState.READY


def test_a_refusal_at_the_gate_itself_moves_the_promise_and_frees_the_agent(
    lin: Agent, promised: Callback
) -> None:
    line = in_the_room(lin)
    Exemption.objects.update(withdrawn_at=now())
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert line.call.state == CallState.REFUSED
    found = reread(promised)
    assert (found.state, found.due_at) == (CallbackState.BOOKED, PROMISED + timedelta(hours=1))
    assert line.transfer.cause.startswith("gate:WINDOW")
    assert deskwork.desk_state(lin)["not_reached"]["why"]
    nothing_leaks(lin)


def test_a_withdrawn_consent_ends_the_promise(lin: Agent, promised: Callback, cast: Cast) -> None:
    cast.wang.consents.update(withdrawn_at=now())
    at(PROMISED)
    assert calling_back.offer_due(now()) == 0
    assert reread(promised).state == CallbackState.CANCELLED


def test_a_paused_campaign_keeps_its_promises_until_it_goes_on(
    lin: Agent, promised: Callback, campaign: Campaign, cast: Cast
) -> None:
    steering.pause(campaign, cast.supervisor, "looking")
    at(PROMISED)
    assert calling_back.offer_due(now()) == 0
    assert reread(promised).state == CallbackState.BOOKED


def test_a_promise_keeps_its_campaign_open_and_a_stopped_one_ends_it(
    promised: Callback, campaign: Campaign, cast: Cast
) -> None:
    assert closing.end_finished(now()) == 0
    steering.stop(campaign, cast.supervisor)
    assert calling_back.settle_overdue(now()) == 1
    assert reread(promised).state == CallbackState.EXPIRED


def test_a_promise_of_yesterday_is_not_kept_today(promised: Callback) -> None:
    at(PROMISED + timedelta(days=1))
    assert calling_back.settle_overdue(now()) == 1


def test_a_declined_offer_goes_to_the_next_agent_then_comes_back_in_a_minute(
    lin: Agent, promised: Callback, campaign: Campaign, cast: Cast
) -> None:
    zhou = ready_agent(campaign, cast.agent_zhou)
    transfer = offer()
    first, second = (lin, zhou) if transfer.agent == lin else (zhou, lin)
    deskwork.reject(transfer.pk, first)
    transfer.refresh_from_db()
    assert transfer.agent == second
    deskwork.reject(transfer.pk, second)
    transfer.refresh_from_db()
    assert transfer.state == TransferState.NO_AGENT
    found = reread(promised)
    assert (found.state, found.attempts) == (CallbackState.BOOKED, 0)
    assert about(found.due_at, PROMISED + timedelta(minutes=1))
    nothing_leaks(lin)


def test_an_offer_nobody_answers_passes(lin: Agent, promised: Callback) -> None:
    transfer = offer()
    Transfer.objects.update(offered_real=real() - timedelta(minutes=1))
    assert transferring.sweep_transfers(now() + timedelta(seconds=13)) == 1
    transfer.refresh_from_db()
    assert transfer.state == TransferState.NO_AGENT
    assert reread(promised).state == CallbackState.BOOKED
    assert Agent.objects.get(pk=lin.pk).missed_offers == 1
    nothing_leaks(lin)


def test_an_agent_who_leaves_the_room_while_it_rings_ends_the_call(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    line = rings(lin)
    deskwork.hang_up(line.transfer.pk, lin)
    line.leaves("agent")
    assert line.transfer.state == TransferState.NOT_REACHED
    end_unwanted()
    assert carrier.updated[-1] == (line.call.sid, {"Status": "canceled"})
    line.call.refresh_from_db()
    assert line.call.state == CallState.CANCELED
    assert reread(promised).state == CallbackState.BOOKED
    nothing_leaks(lin)


def test_who_picks_up_when_the_agent_is_gone_hears_an_apology_and_is_owed_a_call(
    lin: Agent, promised: Callback
) -> None:
    line = rings(lin)
    line.leaves("agent")
    assert "非常抱歉" in spoken(line.answer())
    assert Contact.objects.filter(kind="abandon").count() == 1
    line.status("completed", CallDuration="4")
    assert reread(promised).state == CallbackState.BOOKED
    nothing_leaks(lin)


def test_an_agent_cut_off_early_in_the_talk_owes_another_call(
    lin: Agent, promised: Callback
) -> None:
    line = talks(lin)
    line.leaves("agent")
    assert line.transfer.state == TransferState.WRAP_UP
    assert reread(promised).state == CallbackState.DONE
    assert Callback.objects.filter(state="booked").count() == 1
    assert spoken(line.post(f"/hooks/transfer/{line.transfer.pk}/after/1/"))


def test_a_leg_that_never_comes_up_asks_nobody_to_wait(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    transfer = offer()
    carrier.mode = "bad_number"
    deskwork.accept(transfer.pk, lin)
    transfer.refresh_from_db()
    assert transfer.state == TransferState.BRIDGE_FAILED
    assert reread(promised).state == CallbackState.BOOKED
    nothing_leaks(lin)


def test_an_agent_may_call_before_the_minute(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    at(PROMISED - timedelta(minutes=20))
    deskwork.call_back_now(promised.pk, lin)
    transfer = Transfer.objects.get()
    assert transfer.state == TransferState.ACCEPTED
    assert carrier.created[-1]["To"] == "client:agent_lin"


def test_calling_now_is_refused_with_the_reason_and_changes_nothing(
    lin: Agent, promised: Callback
) -> None:
    at(PROMISED - timedelta(minutes=45))
    with pytest.raises(calling_back.Refused) as refused:
        deskwork.call_back_now(promised.pk, lin)
    assert refused.value.decision is not None
    assert refused.value.decision.codes[0] == "WINDOW"
    assert reread(promised).state == CallbackState.BOOKED
    assert not Transfer.objects.exists()


def test_who_is_on_a_break_calls_nobody(lin: Agent, promised: Callback) -> None:
    at(PROMISED)
    presence.go_break(lin)
    with pytest.raises(calling_back.NobodyReady):
        deskwork.call_back_now(promised.pk, lin)


def test_another_teams_promise_is_not_mine(promised: Callback, cast: Cast, lin: Agent) -> None:
    lin.team_id = 0
    with pytest.raises(deskwork.NotYours):
        deskwork.call_back_now(promised.pk, lin)


def test_a_customer_who_asks_again_is_called_at_the_new_time_only(
    promised: Callback, cast: Cast
) -> None:
    later = PROMISED + timedelta(hours=2)
    callbacks.book_by_agent(promised.call, promised_at=later, agent=Agent(pk=0), at=now())
    (found,) = Callback.objects.all()
    assert (found.promised_at, found.due_at) == (later, later)


# --- kill -9 --------------------------------------------------------------------------------------


def test_a_web_process_killed_before_it_rang_the_agent_is_swept(
    lin: Agent, promised: Callback
) -> None:
    transfer = offer()
    deskwork.accept(transfer.pk, lin)
    # as if it had died after the commit: the leg was never asked for
    Transfer.objects.update(offered_real=real() - timedelta(minutes=1))
    assert transferring.sweep_transfers(now() + timedelta(seconds=21)) == 1
    transfer.refresh_from_db()
    assert transfer.state == TransferState.BRIDGE_FAILED
    assert reread(promised).state == CallbackState.BOOKED
    Call.objects.filter(kind="agent_leg").update(state="completed")
    nothing_leaks(lin)


def test_a_job_that_was_lost_is_brought_again_once(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    line = in_the_room(lin)
    queue: Any = django_rq.get_queue(QUEUE)
    queue.empty()
    later = real() + timedelta(minutes=1)
    assert sweeping.bring_stale_plans(read_health(), real_now=later) == 1
    place_call(line.call.pk)
    place_call(line.call.pk)
    rung = [form["To"] for form in carrier.created if form["To"] == promised.number.e164]
    assert len(rung) == 1


def test_a_worker_killed_while_it_asked_is_not_asked_again_and_the_agent_is_freed(
    lin: Agent, promised: Callback, carrier: StubCarrier
) -> None:
    line = in_the_room(lin)
    carrier.mode = "created_then_500"
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert line.call.state == CallState.UNKNOWN
    place_call(line.call.pk)
    assert len(carrier.created) == 2  # the agent's leg and one call
    Transfer.objects.update(offered_real=real() - timedelta(minutes=1))
    assert transferring.sweep_transfers(now() + timedelta(seconds=121)) == 1
    assert state_of(lin) == AgentState.READY
    assert reread(promised).state == CallbackState.CALLING  # until the call is found or given up


def test_a_permission_whose_worker_died_as_the_call_was_called_off_is_given_back(
    lin: Agent, promised: Callback, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = in_the_room(lin)

    def killed(*_: object) -> bool:
        raise SystemExit

    monkeypatch.setattr("dialer.placing._begin", killed)
    with pytest.raises(SystemExit):
        place_call(line.call.pk)
    attempt = Attempt.objects.get(kind="callback")
    Call.objects.filter(pk=line.call.pk).update(state="not_placed")
    assert sweeping.release_unused(at=now()) == 0  # not while somebody may still be at it
    assert sweeping.release_unused(at=now() + timedelta(minutes=2)) == 1
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.RELEASED
    assert Exemption.objects.get().used_at is None  # the promise may still be kept


def test_a_worker_killed_between_gate_and_carrier_loses_nothing(
    lin: Agent, promised: Callback, monkeypatch: pytest.MonkeyPatch, carrier: StubCarrier
) -> None:
    line = in_the_room(lin)

    def killed(*_: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("dialer.placing._begin", killed)
        with pytest.raises(SystemExit):
            place_call(line.call.pk)
    later = real() + timedelta(minutes=1)
    sweeping.bring_stale_plans(read_health(), real_now=later)
    place_call(line.call.pk)
    line.call.refresh_from_db()
    assert line.call.state == CallState.NOT_PLACED
    assert reread(promised).state == CallbackState.BOOKED
    assert Exemption.objects.get().used_at is None
    nothing_leaks(lin)
    assert [form["To"] for form in carrier.created] == ["client:agent_lin"]


def test_a_promise_stranded_by_a_fault_is_found(promised: Callback) -> None:
    Callback.objects.update(state="calling")
    assert calling_back.put_back_stranded(now()) == 1
    assert reread(promised).state == CallbackState.BOOKED
