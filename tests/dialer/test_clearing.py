"""dialer.clearing: what a call missed never becomes a second call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts.granting import grant_admin_permissions
from approvals.deciding import MakerIsChecker
from audiences.models import Customer
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from clock.reading import now, real
from compliance.models import Suppression
from dialer import clearing
from dialer.claiming import claim
from dialer.domain.call_state import CallState
from dialer.models import Call
from dialer.placing import place_call
from robot import clearing as robot
from robot.models import Conversation, ScriptVersion, SuspectedOptOut, Turn
from tests.cast import Cast
from tests.dialer.line import Line, dial, running_campaign
from tests.dialer.stub_carrier import StubCarrier
from tests.roles import as_attacker

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


def ended(campaign: Campaign, customer: Customer, *answers: str, missed: str = "") -> Line:
    """A whole call. `missed` is what the customer really said in the last answer: the ear in the
    call took it for the answer given, and the conversation ended as if it had been that."""
    line = dial(campaign, customer)
    line.answer()
    for words in answers:
        line.say(words)
    line.status("completed", CallDuration="20")
    assert line.call.state == CallState.COMPLETED
    if missed:
        with as_attacker():
            assert Turn.objects.filter(index=len(answers)).update(text=missed) == 1
    return line


def due_again(customer: Customer) -> None:
    """As if a retry plan asked for another call at once."""
    Lead.objects.filter(customer=customer).update(state=LeadState.DUE.value, due_at=now())


def claimed(campaign: Campaign, customer: Customer) -> list[Call]:
    ids = claim(campaign, 10, now=now(), real=real())
    return list(Call.objects.filter(pk__in=ids, customer=customer))


@pytest.mark.parametrize(
    "words", ["号码删干净", "把我电话删了行不行", "到此为止吧以后两清", "别让我在看见这个号"]
)
def test_a_missed_opt_out_leads_to_no_second_dial(
    campaign: Campaign, cast: Cast, words: str
) -> None:
    ended(campaign, cast.wang, "我考虑考虑", missed=words)
    due_again(cast.wang)
    assert claimed(campaign, cast.wang) == []  # not heard again yet

    assert clearing.clear(now()) == 1
    suspected = SuspectedOptOut.objects.get()
    assert (suspected.text, suspected.turn, suspected.state) == (words, 1, "pending")
    entries = Suppression.objects.filter(via="clearance", lifted_at__isnull=True)
    assert {(e.customer_id, e.number_id is not None) for e in entries} == {
        (cast.wang.pk, False),
        (None, True),
    }
    (call,) = claimed(campaign, cast.wang)  # swept now; the gate has the last word
    place_call(call.pk)
    call.refresh_from_db()
    assert call.state == CallState.REFUSED
    assert "OPT_OUT" in call.cause


def test_a_normal_refusal_is_cleared_at_once(campaign: Campaign, cast: Cast) -> None:
    line = ended(campaign, cast.wang, "不需要谢谢")
    assert Conversation.objects.get(call_ref=line.call.public_id).swept_at is None
    assert clearing.clear(now()) == 0
    assert Conversation.objects.get(call_ref=line.call.public_id).swept_at is not None
    assert not SuspectedOptOut.objects.exists()
    assert not Suppression.objects.exists()
    due_again(cast.wang)
    assert len(claimed(campaign, cast.wang)) == 1


def test_a_sweep_that_dies_leaves_the_customer_uncleared(
    campaign: Campaign, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(campaign, cast.wang, "我考虑考虑", missed="号码删干净")
    due_again(cast.wang)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("compliance.suppressing.quarantine", die)
        with pytest.raises(KeyboardInterrupt):
            clearing.clear(now())
    assert not SuspectedOptOut.objects.exists()
    assert claimed(campaign, cast.wang) == []
    assert clearing.clear(now()) == 1
    assert Suppression.objects.filter(via="clearance").count() == 2
    assert clearing.clear(now()) == 0  # and once only


def test_two_sweeps_at_once_file_a_suspicion_once(campaign: Campaign, cast: Cast) -> None:
    ended(campaign, cast.wang, "我考虑考虑", missed="号码删干净")
    (suspicion,) = robot.sweep_due(10, at=now())
    assert robot.hold(suspicion, at=now())
    assert not robot.hold(suspicion, at=now())


def test_a_running_conversation_is_not_swept(campaign: Campaign, cast: Cast) -> None:
    line = dial(campaign, cast.wang)
    line.answer()
    assert clearing.clear(now()) == 0
    assert Conversation.objects.get(call_ref=line.call.public_id).swept_at is None


def test_what_the_call_itself_suspected_waits_for_people_too(
    campaign: Campaign, cast: Cast
) -> None:
    ended(campaign, cast.wang, "烦死了")
    before = Suppression.objects.count()
    assert before == 2
    assert clearing.clear(now()) == 1
    assert SuspectedOptOut.objects.get().scores["why"] == "in_call"
    assert Suppression.objects.count() == before


def test_an_opt_out_that_was_heard_needs_no_review(campaign: Campaign, cast: Cast) -> None:
    ended(campaign, cast.wang, "别再打了")
    assert clearing.clear(now()) == 0
    assert not SuspectedOptOut.objects.exists()


def test_claiming_asks_no_more_questions_than_before(campaign: Campaign, cast: Cast) -> None:
    ended(campaign, cast.wang, "不需要谢谢")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        claim(campaign, 10, now=now(), real=real())
    leads = [q for q in queries.captured_queries if 'FROM "campaigns_lead"' in q["sql"]]
    conversations = [q for q in queries.captured_queries if "robot_conversation" in q["sql"]]
    assert len(conversations) == 1 and conversations[0] in leads


def suspected(campaign: Campaign, customer: Customer) -> SuspectedOptOut:
    ended(campaign, customer, "我考虑考虑", missed="号码删干净")
    clearing.clear(now())
    return SuspectedOptOut.objects.get()


def test_confirming_makes_it_an_opt_out_for_good(campaign: Campaign, cast: Cast) -> None:
    found = suspected(campaign, cast.wang)
    clearing.confirm(found, officer=cast.officer, at=now())
    found.refresh_from_db()
    assert (found.state, found.decided_by) == ("confirmed", cast.officer)
    entries = Suppression.objects.filter(via="review", lifted_at__isnull=True)
    assert entries.count() == 2
    with pytest.raises(clearing.AlreadyDecided):
        clearing.dismiss(found, officer=cast.reviewer, at=now())
    with pytest.raises(clearing.AlreadyDecided):
        clearing.confirm(found, officer=cast.reviewer, at=now())


def test_dismissing_takes_two_people_and_lifts_the_quarantine(
    campaign: Campaign, cast: Cast
) -> None:
    found = suspected(campaign, cast.wang)
    assert not clearing.dismiss(found, officer=cast.officer, at=now())
    with pytest.raises(MakerIsChecker):
        clearing.dismiss(found, officer=cast.officer, at=now())
    assert Suppression.objects.filter(lifted_at__isnull=True).count() == 2
    assert clearing.dismiss(found, officer=cast.reviewer, at=now())
    assert not Suppression.objects.filter(lifted_at__isnull=True).exists()
    found.refresh_from_db()
    assert (found.state, found.decided_by) == ("dismissed", cast.reviewer)


def test_confirming_ends_a_dismissal_that_waits(campaign: Campaign, cast: Cast) -> None:
    found = suspected(campaign, cast.wang)
    clearing.dismiss(found, officer=cast.officer, at=now())
    clearing.confirm(found, officer=cast.reviewer, at=now())
    found.refresh_from_db()
    assert found.state == "confirmed"
    assert Suppression.objects.filter(lifted_at__isnull=True).count() == 4


def test_officers_work_through_the_queue_in_the_admin(
    campaign: Campaign, cast: Cast, client: Client
) -> None:
    found = suspected(campaign, cast.wang)
    grant_admin_permissions()
    address = "/admin/robot/suspectedoptout/"
    client.force_login(cast.officer)
    assert "号码删干净" in client.get(address).content.decode()
    chosen = {"_selected_action": [found.pk]}
    client.post(address, {"action": "dismiss", **chosen})
    client.force_login(cast.reviewer)
    client.post(address, {"action": "dismiss", **chosen})
    found.refresh_from_db()
    assert found.state == "dismissed"
    client.force_login(cast.supervisor)
    assert client.get(address).status_code == 403


def test_a_script_learns_of_the_customer_only_what_it_declares(
    campaign: Campaign, cast: Cast
) -> None:
    cast.wang.attributes = {"matures_on": "2026-03-20", "income": 90000}
    cast.wang.no_profiling = True
    cast.wang.save(update_fields=["attributes", "no_profiling"])
    line = dial(campaign, cast.wang)
    campaign.script_version = ScriptVersion.objects.get(script__code="deposit-maturity")
    campaign.save(update_fields=["script_version"])
    line.answer()
    line.say("方便")
    assert "3月20日" in line.say("我是")
    state = Conversation.objects.get(call_ref=line.call.public_id).state
    assert state["attributes"] == {"segment": cast.wang.segment, "no_profiling": True}
