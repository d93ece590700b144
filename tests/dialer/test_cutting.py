"""Words spoken over a disclosure: a "no" ends it at once, everything else lets it be heard."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from compliance.models import Suppression
from dialer.models import Call
from robot.conversing import transcript
from robot.models import Turn
from telephony.models import ReceivedWebhook
from tests.cast import Cast
from tests.dialer.line import Line, dial, running_campaign, spoken, verbs
from tests.dialer.stub_carrier import StubCarrier

pytestmark = pytest.mark.django_db(transaction=True)

NO = "别再给我打电话了"


@pytest.fixture
def carrier(settings: Settings) -> Iterator[StubCarrier]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield stub
    stub.close()


@pytest.fixture
def wang(cast: Cast, carrier: StubCarrier) -> Line:
    return dial(running_campaign(cast), cast.wang)


def overhear(line: Line, words: str, turn: int = 1, number: int = 0) -> None:
    path = f"/hooks/call/{line.call.public_id}/turn/{turn}/overheard/"
    assert line.post(path, UnstableSpeechResult=words, SequenceNumber=str(number)) == ""


def fetched(line: Line, turn: int = 1) -> str:
    """What the carrier gets when it was told to come for a turn's answer."""
    return line.post(f"/hooks/call/{line.call.public_id}/turn/{turn}/")


def refusals() -> list[tuple[str, str]]:
    return [(each.source, each.evidence["text"]) for each in Suppression.objects.all()]


def test_a_disclosure_is_interrupted_by_nothing_and_overheard(wang: Line) -> None:
    (gather,) = ElementTree.fromstring(wang.answer())
    assert gather.attrib["bargeIn"] == "false"
    assert "/turn/1/overheard/" in gather.attrib["partialResultCallback"]
    assert [verb.tag for verb in gather] == ["Say"] * len(gather)
    assert "智能语音助手" in spoken(ElementTree.tostring(gather, "unicode"))


def test_what_comes_after_it_is_interrupted_by_any_answer(wang: Line) -> None:
    wang.answer()
    (gather,) = ElementTree.fromstring(wang.say("方便"))
    assert gather.attrib["bargeIn"] == "true"
    assert "partialResultCallback" not in gather.attrib


def test_a_no_ends_the_line_at_once_and_for_good(wang: Line, carrier: StubCarrier) -> None:
    wang.answer()
    overhear(wang, "别再", number=0)
    assert carrier.updated == []
    overhear(wang, NO, number=1)
    assert refusals() == [("opt_out", NO)] * 2  # of the customer, and of the number
    ((sid, change),) = carrier.updated
    assert sid == wang.call.sid
    assert change["Url"].partition("#")[0].endswith(f"/hooks/call/{wang.call.public_id}/turn/1/")
    goodbye = fetched(wang)
    assert verbs(goodbye)[-1] == "Hangup"
    assert spoken(goodbye)
    assert len(refusals()) == 2
    assert Turn.objects.filter(phase="talk").count() == 2
    assert [line.text for line in transcript(wang.call.public_id) if line.who == "customer"] == [NO]
    assert Call.objects.get(pk=wang.call.pk).cut_turn == 1


def test_what_the_gather_brings_meanwhile_gets_the_same_answer(wang: Line) -> None:
    wang.answer()
    overhear(wang, NO)
    late = wang.say_in(1, "别再给我打电话了，烦死了")
    assert verbs(late)[-1] == "Hangup"
    assert fetched(wang) == late
    assert len(refusals()) == 2


@pytest.mark.parametrize(
    "words", ["嗯", "喂", "你是谁啊", "方便", "别", "", "我在开车", "x" * 5000]
)
def test_other_words_let_the_disclosure_be_heard(
    wang: Line, carrier: StubCarrier, words: str
) -> None:
    wang.answer()
    stored = ReceivedWebhook.objects.count()
    overhear(wang, words)
    assert carrier.updated == []
    assert (Turn.objects.count(), ReceivedWebhook.objects.count()) == (1, stored)


def test_the_same_words_told_twice_end_it_once(wang: Line, carrier: StubCarrier) -> None:
    wang.answer()
    for number in (1, 1, 2):
        overhear(wang, NO, number=number)
    assert len(carrier.updated) == 1
    assert len(refusals()) == 2


def test_what_is_overheard_after_the_answer_is_in_comes_too_late(
    wang: Line, carrier: StubCarrier
) -> None:
    wang.answer()
    wang.say("方便")
    overhear(wang, NO, turn=1)
    assert carrier.updated == []
    assert not Suppression.objects.exists()


def test_a_carrier_that_does_not_listen_comes_for_it_when_the_line_ends(
    wang: Line, carrier: StubCarrier, settings: Settings
) -> None:
    wang.answer()
    settings.TWILIO_API_BASE = "http://127.0.0.1:1"
    overhear(wang, NO)
    assert len(refusals()) == 2
    assert verbs(wang.say_in(1, NO))[-1] == "Hangup"


def test_another_calls_sid_and_a_wrong_signature_change_nothing(
    wang: Line, carrier: StubCarrier
) -> None:
    wang.answer()
    path = f"/hooks/call/{wang.call.public_id}/turn/1/overheard/"
    form = {"CallSid": wang.call.sid or "", "UnstableSpeechResult": NO}
    assert Client().post(path, form, headers={"X-Twilio-Signature": "no"}).status_code == 403
    assert wang.post(path, UnstableSpeechResult=NO, CallSid="CA" + "9" * 32) == ""
    assert carrier.updated == []
    assert not Suppression.objects.exists()
