"""Webhooks from whoever posts them: forged, repeated, out of order, too late."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from campaigns.models import Campaign
from compliance.models import Contact, Suppression
from dialer.domain.call_state import CallState
from dialer.models import Call, CallEvent
from robot.conversing import last_turn
from telephony.models import ReceivedWebhook
from tests.cast import Cast
from tests.dialer.line import Line, dial, running_campaign, spoken, verbs
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
def wang(campaign: Campaign, cast: Cast) -> Line:
    return dial(campaign, cast.wang)


def test_a_forged_webhook_is_refused_logged_and_changes_nothing(
    wang: Line, caplog: pytest.LogCaptureFixture
) -> None:
    stored = ReceivedWebhook.objects.count()
    form = {"CallSid": str(wang.call.sid), "CallStatus": "completed", "SequenceNumber": "3"}
    with caplog.at_level(logging.WARNING, logger="dialer.webhooks"):
        reply = Client().post(
            f"/hooks/call/{wang.call.public_id}/status/",
            form,
            headers={"X-Twilio-Signature": "bm90IHRoZWlycw=="},
        )
    assert reply.status_code == 403
    assert "its signature is wrong" in caplog.text
    wang.call.refresh_from_db()
    assert wang.call.state == CallState.QUEUED
    assert ReceivedWebhook.objects.count() == stored
    assert not Client().post(f"/hooks/call/{wang.call.public_id}/answer/").content


def test_a_get_is_no_webhook(wang: Line) -> None:
    assert Client().get(f"/hooks/call/{wang.call.public_id}/answer/").status_code == 405


def test_a_call_nobody_knows_is_hung_up(wang: Line) -> None:
    twiml = wang.post(f"/hooks/call/{uuid4()}/answer/")
    assert verbs(twiml) == ["Hangup"]


def test_progress_may_come_in_any_order_and_an_end_never_regresses(wang: Line) -> None:
    wang.status("in-progress")
    wang.status("ringing")
    assert wang.call.state == CallState.ANSWERED
    wang.status("completed", CallDuration="7")
    wang.status("in-progress")
    wang.status("ringing")
    assert wang.call.state == CallState.COMPLETED
    assert wang.call.duration_s == 7
    ends = CallEvent.objects.filter(call_id=wang.call.pk, new=CallState.COMPLETED.value)
    assert ends.count() == 1


def test_a_late_completed_still_brings_the_duration(wang: Line) -> None:
    wang.status("in-progress")
    wang.status("completed")
    assert wang.call.duration_s is None
    wang.status("completed", CallDuration="31")
    assert wang.call.duration_s == 31


def test_the_first_fetch_may_come_before_the_call_is_said_to_be_answered(wang: Line) -> None:
    twiml = wang.post(f"/hooks/call/{wang.call.public_id}/answer/")
    assert "智能语音助手" in spoken(twiml)
    wang.status("in-progress")
    assert wang.call.state == CallState.ANSWERED
    assert Contact.objects.filter(kind="connect").count() == 1


def test_the_first_webhook_binds_a_call_whose_reply_was_lost(wang: Line) -> None:
    sid = wang.call.sid
    Call.objects.filter(pk=wang.call.pk).update(sid=None, state=CallState.UNKNOWN.value)
    wang.status("ringing")
    assert wang.call.sid == sid
    assert wang.call.state == CallState.RINGING


def test_a_second_carrier_call_for_one_attempt_is_hung_up(wang: Line) -> None:
    wang.answer()
    mine = wang.call.sid
    stranger = Line(Call(public_id=wang.call.public_id, sid="CA" + "9" * 32))
    stranger.call.refresh_from_db = lambda *args, **kwargs: None  # type: ignore[method-assign]
    twiml = stranger.post(f"/hooks/call/{wang.call.public_id}/answer/")
    assert verbs(twiml) == ["Hangup"]
    wang.call.refresh_from_db()
    assert wang.call.sid == mine


def test_a_machine_verdict_is_kept_and_ends_nothing(wang: Line) -> None:
    wang.answer()
    wang.post(f"/hooks/call/{wang.call.public_id}/amd/", AnsweredBy="machine_start")
    assert wang.call.answered_by == "machine_start"
    assert wang.call.state == CallState.ANSWERED


def test_an_opt_out_that_comes_while_it_rings_is_answered_with_an_apology(wang: Line) -> None:
    wang.status("ringing")
    assert wang.call.attempt is not None
    wang.call.attempt.cancel_wanted_at = wang.call.planned_at
    wang.call.attempt.save(update_fields=["cancel_wanted_at"])
    twiml = wang.post(f"/hooks/call/{wang.call.public_id}/answer/")
    assert verbs(twiml) == ["Say", "Hangup"]
    assert "抱歉" in spoken(twiml)


@pytest.mark.parametrize(
    "words", ["别再打了", "你们以后不要给我打电话了", "把我拉黑名单里吧别联系了"]
)
def test_stop_said_once_ends_the_call_and_is_kept_for_all_campaigns(wang: Line, words: str) -> None:
    wang.answer()
    twiml = wang.say(words)
    assert verbs(twiml)[-1] == "Hangup"
    assert Suppression.objects.filter(customer=wang.call.customer).exists()
    wang.status("completed", CallDuration="9")
    assert wang.lead.outcome == "OPT_OUT"


def test_a_turn_that_is_sent_again_gets_the_same_answer_and_changes_nothing(wang: Line) -> None:
    wang.answer()
    first = wang.say_in(1, "方便，你说")
    other_words = wang.say_in(1, "不方便")
    assert other_words == first
    (stored,) = ReceivedWebhook.objects.filter(kind="turn")
    assert (stored.reply, stored.params["SpeechResult"]) == (first, "方便，你说")
    assert last_turn(wang.call.public_id) == 1
    assert Contact.objects.filter(kind="conversation").count() == 1


def test_of_two_copies_of_a_turn_at_once_one_is_worked_out_and_both_are_answered(
    wang: Line,
) -> None:
    wang.answer()
    start, replies = threading.Barrier(2), list[str]()

    def send() -> None:
        try:
            line = Line(Call.objects.get(pk=wang.call.pk))
            start.wait(5)
            replies.append(line.say_in(1, "别再打了"))
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(10)
    assert len(replies) == 2
    assert len(set(replies)) == 1
    assert "Hangup" in verbs(replies[0])
    assert ReceivedWebhook.objects.filter(kind="turn").count() == 1
    assert Suppression.objects.filter(customer=wang.call.customer, source="opt_out").count() == 1


def test_a_turn_whose_working_out_failed_is_not_stored_and_is_worked_out_when_it_comes_again(
    wang: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang.answer()
    with monkeypatch.context() as broken:
        broken.setattr("dialer.webhooks.store_answered", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            wang.say_in(1, "方便，你说")
    assert not ReceivedWebhook.objects.filter(kind="turn").exists()
    assert last_turn(wang.call.public_id) == 0
    assert "Gather" in verbs(wang.say_in(1, "方便，你说"))
    assert last_turn(wang.call.public_id) == 1


def test_who_rings_back_hears_who_it_was_and_can_refuse(wang: Line, cast: Cast) -> None:
    wang.status("ringing")
    wang.status("no-answer")
    caller = Line(Call(sid="CA" + "7" * 32))
    caller.call.refresh_from_db = lambda *args, **kwargs: None  # type: ignore[method-assign]
    from_ = wang.call.to
    twiml = caller.post("/hooks/inbound/", From=from_, To="+8657188880001", Direction="inbound")
    assert "湖城银行" in spoken(twiml)
    twiml = caller.post("/hooks/inbound/1/", From=from_, SpeechResult="别再打了")
    assert "已为您登记" in spoken(twiml)
    assert Suppression.objects.filter(customer=cast.wang).exists()
    caller.post("/hooks/inbound/status/", From=from_, CallStatus="completed", CallDuration="12")
    assert Call.objects.get(kind="inbound").outcome == "OPT_OUT"


def test_who_only_asks_who_rang_is_not_taken_off_the_list(wang: Line, cast: Cast) -> None:
    wang.status("ringing")
    wang.status("no-answer")
    caller = Line(Call(sid="CA" + "6" * 32))
    caller.call.refresh_from_db = lambda *args, **kwargs: None  # type: ignore[method-assign]
    from_ = wang.call.to
    caller.post("/hooks/inbound/", From=from_, To="+8657188880001", Direction="inbound")
    twiml = caller.post("/hooks/inbound/1/", From=from_, SpeechResult="谁给我打的电话")
    assert verbs(twiml) == ["Gather"]
    caller.post("/hooks/inbound/2/", From=from_, SpeechResult="哦，知道了")
    assert not Suppression.objects.filter(customer=cast.wang).exists()


def test_a_stranger_who_rings_is_answered_too(wang: Line) -> None:
    caller = Line(Call(sid="CA" + "8" * 32))
    caller.call.refresh_from_db = lambda *args, **kwargs: None  # type: ignore[method-assign]
    twiml = caller.post("/hooks/inbound/", From="+8613800009999", To="+8657188880001")
    assert "没有查到" in spoken(twiml)
    twiml = caller.post("/hooks/inbound/1/", From="+8613800009999")
    assert verbs(twiml) == ["Say", "Hangup"]
