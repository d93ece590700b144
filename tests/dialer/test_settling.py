"""dialer.settling: what follows a call's end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents import reserving
from agents.domain.agent_state import AgentState
from campaigns.domain.lead_state import LeadState
from campaigns.models import Lead
from clock.reading import now
from compliance.domain.attempt_state import AttemptState
from compliance.domain.decision import Decision, Outcome, Reason
from compliance.models import Attempt, Contact
from dialer.calls import change
from dialer.domain.call_state import CallState
from dialer.models import Call, CallEvent
from dialer.placing import place_call
from dialer.settling import settle_call, settle_refused
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World


def queued(world: World) -> Call:
    call = world.claim_only(world.cast.wang)
    place_call(call.pk)
    return Call.objects.get(pk=call.pk)


def attempt_of(call: Call) -> Attempt:
    assert call.attempt is not None
    return Attempt.objects.get(pk=call.attempt.pk)


def end(call: Call, state: CallState, outcome: str) -> datetime:
    at = now()
    assert change(call, state, cause="test", at=at, ended_at=at, outcome=outcome)
    settle_call(call, at=at)
    return at


@pytest.mark.parametrize(
    ("state", "outcome", "lead_state", "attempt_state"),
    [
        (CallState.COMPLETED, "INTERESTED", LeadState.SETTLED, AttemptState.CLOSED),
        (CallState.BUSY, "BUSY", LeadState.DUE, AttemptState.CLOSED),
        (CallState.NO_ANSWER, "NO_ANSWER", LeadState.DUE, AttemptState.CLOSED),
        (CallState.FAILED, "FAILED", LeadState.SETTLED, AttemptState.CLOSED),
        (CallState.LOST, "LOST", LeadState.SETTLED, AttemptState.LOST),
    ],
)
def test_each_end_settles_attempt_and_lead(
    world: World,
    stub: StubCarrier,
    state: CallState,
    outcome: str,
    lead_state: LeadState,
    attempt_state: AttemptState,
) -> None:
    call = queued(world)
    at = end(call, state, outcome)
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.outcome, lead.attempts) == (lead_state, outcome, 1)
    assert attempt_of(call).state == attempt_state
    recorded = Contact.objects.filter(attempt_id=call.attempt_id, kind="outcome")
    assert [line.outcome for line in recorded] == [outcome.lower()]
    if lead_state is LeadState.DUE:
        minutes = world.campaign.retry_plan[outcome][0]
        assert lead.due_at == at + timedelta(minutes=minutes)
    else:
        assert lead.settled_at == at


def test_the_second_busy_call_settles_by_the_plan(world: World, stub: StubCarrier) -> None:
    call = queued(world)
    Lead.objects.filter(calls=call).update(attempts=1)  # an earlier one was busy too
    end(call, CallState.BUSY, "BUSY")
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.attempts) == (LeadState.SETTLED, 2)


def test_a_try_after_the_campaigns_end_expires_the_lead(world: World, stub: StubCarrier) -> None:
    call = queued(world)
    world.campaign.retry_plan = {"BUSY": [600]}
    world.campaign.save(update_fields=["retry_plan"])
    end(call, CallState.BUSY, "BUSY")
    assert world.lead(world.cast.wang).state == LeadState.EXPIRED


def test_an_agent_promised_to_the_call_is_free_again(world: World, stub: StubCarrier) -> None:
    call = queued(world)
    promise = reserving.reserve(team_id=world.campaign.team_id, call_ref=call.public_id, now=now())
    assert promise is not None
    end(call, CallState.COMPLETED, "HUNG_UP")
    world.agent.refresh_from_db()
    assert world.agent.state == AgentState.READY


def refusal(verdict: Outcome, code: str, earliest: datetime | None) -> Decision:
    return Decision(verdict, now(), (Reason(code, "test"),), earliest_next=earliest)


def test_a_refusal_decides_over_the_lead(world: World) -> None:
    call = world.claim_only(world.cast.wang)
    later = now() + timedelta(minutes=20)
    settle_refused(call, refusal(Outcome.BLOCK_RETRIABLE, "WINDOW", later), at=now())
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.due_at, lead.clears_at) == (LeadState.DUE, later, later)
    assert lead.codes == ["WINDOW"]


@pytest.mark.parametrize("beyond", [None, timedelta(0), timedelta(days=1)])
def test_a_refusal_that_outlasts_the_campaign_expires_the_lead(
    world: World, beyond: timedelta | None
) -> None:
    call = world.claim_only(world.cast.wang)
    earliest = None if beyond is None else world.campaign.ends_at + beyond
    settle_refused(call, refusal(Outcome.BLOCK_RETRIABLE, "WINDOW", earliest), at=now())
    assert world.lead(world.cast.wang).state == LeadState.EXPIRED


@pytest.mark.parametrize("verdict", [Outcome.BLOCK_TERMINAL, Outcome.REVIEW])
def test_a_final_refusal_blocks_the_lead(world: World, verdict: Outcome) -> None:
    call = world.claim_only(world.cast.wang)
    settle_refused(call, refusal(verdict, "OPT_OUT", None), at=now())
    lead = world.lead(world.cast.wang)
    assert (lead.state, lead.codes) == (LeadState.BLOCKED, ["OPT_OUT"])


def test_an_end_never_regresses(world: World, stub: StubCarrier) -> None:
    call = queued(world)
    end(call, CallState.COMPLETED, "INTERESTED")
    stale = Call.objects.get(pk=call.pk)
    stale.state = CallState.RINGING.value  # as another request read it a moment ago
    for late in (CallState.RINGING, CallState.ANSWERED, CallState.NO_ANSWER, CallState.LOST):
        assert not change(stale, late, cause="late", at=now())
    assert Call.objects.get(pk=call.pk).state == CallState.COMPLETED
    assert stale.state == CallState.COMPLETED


def test_an_event_names_the_state_the_row_really_had(world: World, stub: StubCarrier) -> None:
    call = queued(world)
    stale = Call.objects.get(pk=call.pk)
    assert change(call, CallState.RINGING, cause="one", at=now())
    assert change(stale, CallState.ANSWERED, cause="two", at=now())
    events = CallEvent.objects.filter(call_id=call.pk).order_by("-id").values_list("old", "new")
    assert list(events[:2]) == [("ringing", "answered"), ("queued", "ringing")]
