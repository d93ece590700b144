"""Every branch of a hand-over, from the consent question to the agent's notes.

The carrier is a stub that takes requests; its webhooks are posted, signed, by the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from agents.domain.agent_state import AgentState
from agents.models import Agent
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign
from clock.reading import now
from compliance.models import Contact, Suppression
from dialer import deskwork, transferring
from dialer.deskwork import Answer
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Callback, Transfer
from robot.conversing import last_turn
from tests.cast import Cast
from tests.dialer.line import Line, dial, ready_agent, running_campaign, spoken, verbs
from tests.dialer.stub_carrier import StubCarrier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carrier(settings: Settings) -> Iterator[StubCarrier]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield stub
    stub.close()


@pytest.fixture
def campaign(cast: Cast, carrier: StubCarrier) -> Campaign:
    return running_campaign(cast)


@pytest.fixture
def lin(campaign: Campaign, cast: Cast) -> Agent:
    return ready_agent(campaign, cast.agent_lin)


@pytest.fixture
def wang(campaign: Campaign, cast: Cast) -> Line:
    return dial(campaign, cast.wang)


def state_of(agent: Agent) -> str:
    return Agent.objects.get(pk=agent.pk).state


def updated(carrier: StubCarrier) -> list[str]:
    """The calls that we changed, in order."""
    return [sid for sid, _ in carrier.updated]


def test_an_agent_is_reserved_before_the_robot_asks_for_consent(lin: Agent, wang: Line) -> None:
    twiml = wang.until_consent_asked()
    assert "转接客户经理" in spoken(twiml)
    assert wang.transfer.state == TransferState.RESERVED
    assert wang.transfer.agent == lin
    assert state_of(lin) == AgentState.RESERVED
    context = wang.transfer.context
    assert context["transcript"][-1]["text"] == spoken(twiml)
    assert context["slots"] == {"amount": "5to20w"}


def test_with_nobody_free_consent_is_not_asked_and_a_callback_is_offered(wang: Line) -> None:
    twiml = wang.until_consent_asked()
    assert "转接" not in spoken(twiml)
    assert "回电" in spoken(twiml)
    assert not Transfer.objects.exists()
    twiml = wang.say("明天下午三点")
    assert "Hangup" in verbs(twiml)
    wang.status("completed", CallDuration="40")
    assert Callback.objects.get().customer == wang.call.customer
    # interested whoever was free: that is the disposition before any hand-over
    assert wang.lead.outcome == "INTERESTED"


def test_the_customer_waits_in_our_own_loop_until_the_agent_accepts(
    lin: Agent, wang: Line, carrier: StubCarrier
) -> None:
    wang.until_consent_asked()
    twiml = wang.say("可以")
    assert verbs(twiml) == ["Gather"]
    assert wang.transfer.state == TransferState.OFFERED
    assert deskwork.accept(wang.transfer.pk, lin) is Answer.ACCEPTED
    assert wang.call.sid in updated(carrier)
    assert carrier.created[-1]["To"] == "client:agent_lin"
    twiml = wang.post(f"/hooks/transfer/{wang.transfer.pk}/bridge/1/")
    assert verbs(twiml) == ["Dial"]


def test_connected_only_when_both_have_joined_then_wrapped_up(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    deskwork.accept(wang.transfer.pk, lin)
    wang.joins("customer")
    assert wang.transfer.state == TransferState.ACCEPTED
    wang.joins("agent")
    assert wang.transfer.state == TransferState.CONNECTED
    assert state_of(lin) == AgentState.TALKING
    wang.leaves("customer")
    wang.status("completed", CallDuration="120")
    assert wang.transfer.state == TransferState.WRAP_UP
    assert state_of(lin) == AgentState.WRAP_UP
    deskwork.wrap_up(wang.transfer.pk, lin, disposition="sold", note="十万，十二期")
    assert wang.transfer.state == TransferState.DONE
    assert wang.lead.result == "sold"
    assert wang.lead.state == LeadState.SETTLED
    assert state_of(lin) == AgentState.READY


def test_an_early_accept_joins_the_customer_the_moment_they_consent(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    assert deskwork.accept(wang.transfer.pk, lin) is Answer.EARLY
    assert wang.transfer.state == TransferState.RESERVED
    twiml = wang.say("可以")
    assert verbs(twiml) == ["Dial"]
    assert wang.transfer.state == TransferState.ACCEPTED


def test_no_consent_frees_the_agent(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    twiml = wang.say("不用了")
    assert "Hangup" in verbs(twiml)
    assert wang.transfer.state == TransferState.NOT_WANTED
    assert state_of(lin) == AgentState.READY
    assert not Contact.objects.filter(kind="abandon").exists()


def test_a_customer_who_hangs_up_waiting_is_abandoned_and_called_back(
    lin: Agent, wang: Line
) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    wang.status("completed", CallDuration="60")
    assert wang.transfer.state == TransferState.ABANDONED
    assert state_of(lin) == AgentState.READY
    assert Contact.objects.filter(kind="abandon").count() == 1
    assert Callback.objects.count() == 1


def test_stop_said_while_waiting_is_heard_and_kept(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    twiml = wang.wait(0, "算了，别再打了")
    assert "Hangup" in verbs(twiml)
    assert wang.transfer.state == TransferState.STOPPED
    assert Suppression.objects.filter(customer=wang.call.customer).exists()
    assert state_of(lin) == AgentState.READY
    assert deskwork.accept(wang.transfer.pk, lin) is Answer.GONE


def test_after_three_loops_the_robot_apologises(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    assert verbs(wang.wait(0)) == ["Gather"]
    assert verbs(wang.wait(1)) == ["Gather"]
    twiml = wang.wait(2)
    assert "抱歉" in spoken(twiml)
    assert wang.transfer.state == TransferState.NO_AGENT
    assert Contact.objects.filter(kind="abandon").count() == 1
    assert state_of(lin) == AgentState.READY


def test_a_declined_offer_goes_to_the_next_agent_and_no_further(
    lin: Agent, wang: Line, campaign: Campaign, cast: Cast
) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    zhou = ready_agent(campaign, cast.agent_zhou)
    deskwork.reject(wang.transfer.pk, lin)
    assert wang.transfer.agent == zhou
    assert wang.transfer.offers == 2
    deskwork.reject(wang.transfer.pk, zhou)
    assert wang.transfer.agent is None
    assert "抱歉" in spoken(wang.wait(0))


def test_an_offer_nobody_takes_passes_to_the_next(
    lin: Agent, wang: Line, campaign: Campaign, cast: Cast
) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    zhou = ready_agent(campaign, cast.agent_zhou)
    long_ago = wang.transfer.offered_real - timedelta(minutes=1)  # type: ignore[operator]
    Transfer.objects.update(offered_real=long_ago)
    assert transferring.sweep_transfers(now() + timedelta(seconds=13)) == 1
    assert wang.transfer.agent == zhou
    assert Agent.objects.get(pk=lin.pk).missed_offers == 1


def test_the_customer_gone_before_the_bridge_is_no_empty_room(
    lin: Agent, wang: Line, carrier: StubCarrier
) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    carrier.calls[0]["sid"] = "gone"
    deskwork.accept(wang.transfer.pk, lin)
    wang.status("completed", CallDuration="60")
    assert wang.transfer.state == TransferState.ABANDONED
    leg = Call.objects.get(kind="agent_leg")
    assert leg.sid in updated(carrier)
    assert state_of(lin) == AgentState.READY


def test_an_agent_who_drops_early_leaves_the_customer_another_offer(
    lin: Agent, wang: Line, campaign: Campaign, cast: Cast, carrier: StubCarrier
) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    deskwork.accept(wang.transfer.pk, lin)
    wang.joins("customer")
    wang.joins("agent")
    wang.leaves("agent")
    assert wang.transfer.state == TransferState.OFFERED
    assert updated(carrier)[-1] == wang.call.sid
    twiml = wang.post(f"/hooks/transfer/{wang.transfer.pk}/after/{wang.transfer.offers}/")
    assert verbs(twiml) == ["Gather"]


def test_an_agent_may_hang_up_and_the_customer_hears_a_goodbye(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    wang.say("可以")
    deskwork.accept(wang.transfer.pk, lin)
    wang.joins("customer")
    wang.joins("agent")
    deskwork.hang_up(wang.transfer.pk, lin)
    wang.leaves("agent")
    assert wang.transfer.state == TransferState.WRAP_UP
    twiml = wang.post(f"/hooks/transfer/{wang.transfer.pk}/after/{wang.transfer.offers}/")
    assert verbs(twiml) == ["Say", "Hangup"]


def test_anothers_customer_is_not_mine(
    lin: Agent, wang: Line, campaign: Campaign, cast: Cast
) -> None:
    zhou = ready_agent(campaign, cast.agent_zhou)
    wang.until_consent_asked()
    mine = wang.transfer.agent
    other = zhou if mine == lin else lin
    with pytest.raises(deskwork.NotYours):
        deskwork.accept(wang.transfer.pk, other)


def test_a_repeated_webhook_gets_the_same_words_and_changes_nothing(lin: Agent, wang: Line) -> None:
    wang.until_consent_asked()
    turn = last_turn(wang.call.public_id) + 1
    path = f"/hooks/call/{wang.call.public_id}/turn/{turn}/"
    first = wang.post(path, SpeechResult="可以")
    again = wang.post(path, SpeechResult="可以")
    assert first == again
    assert Contact.objects.filter(kind="consented").count() == 1
