"""Checks 11 to 16 and 19: who answered, what was heard, and interruption."""

from __future__ import annotations

import asyncio

import pytest
from twilio.base.exceptions import TwilioRestException

from carrier.backends.simulated.speech import seconds_of
from tests.carrier.support import Bench, Hit, bench, say

ASK = (
    '<Response><Gather input="speech dtmf" timeout="5" speechTimeout="1" action="turn?n=1">'
    "<Say>您好，现在方便吗</Say></Gather><Say>没有听到</Say></Response>"
)


def ask(attributes: str, nested: str = "<Say>您好</Say>", after: str = "") -> str:
    return f"<Response><Gather {attributes}>{nested}</Gather>{after}</Response>"


def test_check_11_synchronous_detection_holds_the_document_back(b: Bench) -> None:
    b.hooks.replies["/twiml"] = "<Response><Redirect>/next</Redirect></Response>"
    call = b.create(b.person("machine"), machine_detection="Enable")
    ended = b.ended(call.sid)
    events = [line["event"] for line in b.journal(call.sid)]
    assert events.index("answered-by") > events.index("in-progress")
    first, later = b.hooks.at("/twiml")[0], b.hooks.at("/next")[0]
    assert first.params["AnsweredBy"] == later.params["AnsweredBy"] == "machine_start"
    assert ended.answered_by == "machine_start"
    fetches = [line for line in b.journal(call.sid, "webhook") if line["kind"] == "twiml"]
    assert fetches[0]["n"] > b.journal(call.sid, "answered-by")[0]["n"]


def test_check_12_asynchronous_detection_calls_back_once(b: Bench) -> None:
    b.hooks.replies["/twiml"] = '<Response><Pause length="20"/></Response>'
    call = b.create(
        b.person("machine"),
        machine_detection="DetectMessageEnd",
        async_amd="True",
        async_amd_status_callback=b.hooks.url("/amd"),
    )
    b.ended(call.sid)
    assert "AnsweredBy" not in b.hooks.at("/twiml")[0].params
    hits = b.hooks.at("/amd")
    assert len(hits) == 1 and hits[0].params["AnsweredBy"].startswith("machine_end_")
    assert int(hits[0].params["MachineDetectionDuration"]) > 1000
    assert set(hits[0].params) == {
        "CallSid",
        "AccountSid",
        "AnsweredBy",
        "MachineDetectionDuration",
    }


def test_check_13_detection_times_out_and_digits_disable_it(b: Bench) -> None:
    call = b.create(b.person("odd"), machine_detection="Enable", machine_detection_timeout=7)
    assert b.ended(call.sid).answered_by == "unknown"
    assert b.hooks.at("/twiml")[0].params["AnsweredBy"] == "unknown"
    assert b.journal(call.sid, "answered-by")[0]["ms"] == 7000
    call = b.create(b.person("machine"), machine_detection="Enable", send_digits="12")
    assert b.ended(call.sid).answered_by is None


def test_check_14_speech_arrives_as_it_was_said(b: Bench) -> None:
    b.hooks.replies["/twiml"] = ASK
    call = b.create(b.person("speaker"))
    b.ended(call.sid)
    turn = b.hooks.at("/turn")[0]
    assert turn.params["SpeechResult"] == "我想办分期，“十万”左右 & <好吗>"
    assert 0 < float(turn.params["Confidence"]) <= 1 and "Digits" not in turn.params
    call = b.create(b.person("unsure"))
    b.ended(call.sid)
    assert "Confidence" not in b.hooks.at("/turn")[1].params


def test_check_14_the_timer_starts_after_the_prompt(b: Bench) -> None:
    words = "这是一段很长很长的话" * 3
    b.hooks.replies["/twiml"] = ask('input="speech" timeout="4" action="/turn"', say_(words))
    call = b.create(b.person("mute"))
    ended = b.ended(call.sid)
    assert int(ended.duration) == round(0.2 + seconds_of(words) + 4)


def say_(words: str) -> str:
    return f"<Say>{words}</Say>"


def test_check_15_silence_falls_through_unless_the_action_wants_it(b: Bench) -> None:
    b.hooks.replies["/twiml"] = ASK
    call = b.create(b.person("mute"))
    b.ended(call.sid)
    assert not b.hooks.at("/turn")
    assert [line["text"] for line in b.journal(call.sid, "said")][-1] == "没有听到"
    b.hooks.replies["/twiml"] = ASK.replace("action=", 'actionOnEmptyResult="true" action=')
    b.ended(b.create(b.person("mute")).sid)
    turn = b.hooks.at("/turn")[0]
    assert "SpeechResult" not in turn.params and "Digits" not in turn.params


@pytest.mark.parametrize(
    ("attributes", "digits", "key"),
    [
        ('numDigits="2"', "12", None),
        ('finishOnKey="#"', "123", "#"),
        ('finishOnKey="2"', "1", "2"),
        ('finishOnKey=""', "123#45", None),
    ],
)
def test_check_16_keys_end_the_input(
    b: Bench, attributes: str, digits: str, key: str | None
) -> None:
    b.hooks.replies["/a/b/twiml"] = ask(f'input="dtmf" action="../turn?x=1" {attributes}')
    call = b.create(b.person("keys"), path="/a/b/twiml")
    b.ended(call.sid)
    turn = b.hooks.at("/a/turn")[0]
    assert turn.params["Digits"] == digits and turn.params.get("FinishedOnKey") == key
    assert turn.url.endswith("/a/turn?x=1")


def test_a_gather_without_action_asks_the_same_document_again(b: Bench) -> None:
    b.hooks.replies["/twiml"] = lambda hit: (
        say("好") if "Digits" in hit.params else ask('input="dtmf" numDigits="1"')
    )
    b.ended(b.create(b.person("one_key")).sid)
    assert [hit.params.get("Digits") for hit in b.hooks.at("/twiml")] == [None, "9"]


def test_words_can_interrupt_the_prompt_and_partials_come_early(b: Bench) -> None:
    b.hooks.replies["/twiml"] = ask(
        'input="speech" speechTimeout="1" action="/turn" partialResultCallback="/part"',
        say_("很长的话" * 20),
    )
    call = b.create(b.person("quick"))
    ended = b.ended(call.sid)
    assert b.hooks.at("/turn")[0].params["SpeechResult"] == "别再打了"
    parts = sorted(b.hooks.at("/part"), key=lambda hit: int(hit.params["SequenceNumber"]))
    assert [hit.params["UnstableSpeechResult"] for hit in parts] == ["别再", "别再打了"]
    assert int(ended.duration) < 6


def test_words_over_a_prompt_that_they_may_not_interrupt_are_told_and_the_prompt_goes_on(
    b: Bench,
) -> None:
    line = "很长的话" * 20
    b.hooks.replies["/twiml"] = ask(
        'input="speech" speechTimeout="1" action="/turn" bargeIn="false" '
        'partialResultCallback="/part"',
        say_(line),
    )
    ended = b.ended(b.create(b.person("quick")).sid)
    assert [hit.params["UnstableSpeechResult"] for hit in b.hooks.at("/part")] == [
        "别再",
        "别再打了",
    ]
    assert b.hooks.at("/turn")[0].params["SpeechResult"] == "别再打了"
    assert int(ended.duration) >= int(seconds_of(line))


def test_who_is_told_such_words_can_end_the_prompt_at_that_word(b: Bench) -> None:
    async def told(hit: Hit) -> str:
        if hit.params["UnstableSpeechResult"] == "别再打了":
            call = b.client.calls(hit.params["CallSid"])
            # the carrier answers on the loop that we are on
            await asyncio.to_thread(call.update, url=b.hooks.url("/bye"), method="POST")
        return ""

    line = "很长的话" * 20
    b.hooks.replies["/part"] = told
    b.hooks.replies["/bye"] = "<Response><Say>再见</Say><Hangup/></Response>"
    b.hooks.replies["/twiml"] = ask(
        'input="speech" speechTimeout="1" action="/turn" bargeIn="false" '
        'partialResultCallback="/part"',
        say_(line),
    )
    ended = b.ended(b.create(b.person("quick")).sid)
    assert not b.hooks.at("/turn")
    assert len(b.hooks.at("/bye")) == 1
    assert int(ended.duration) < 8


def test_who_hangs_up_ends_the_call_at_that_moment(b: Bench) -> None:
    b.hooks.replies["/twiml"] = ask('input="speech" action="/turn"', say_("很长的话" * 20))
    call = b.create(b.person("leaver"))
    ended = b.ended(call.sid)
    assert ended.status == "completed" and int(ended.duration) == 1
    assert not b.hooks.at("/turn")


def test_a_machine_talks_its_greeting_into_the_gather(b: Bench) -> None:
    b.hooks.replies["/twiml"] = ASK
    b.hooks.replies["/turn"] = ASK
    b.ended(b.create(b.person("machine")).sid)
    assert b.hooks.at("/turn")[0].params["SpeechResult"] == "您好，请在嘀声后留言"
    assert len(b.hooks.at("/turn")) == 1


@pytest.mark.parametrize("how", ["url", "twiml"])
def test_check_19_an_update_interrupts_and_the_old_document_never_resumes(how: str) -> None:
    with bench(speed=20) as b:
        b.hooks.replies["/twiml"] = (
            "<Response><Say>第一句</Say><Pause length='300'/><Say>不该听到</Say></Response>"
        )
        b.hooks.replies["/new"] = say("新的")
        call = b.create("+8613900000901")
        b.until(lambda: b.journal(call.sid, "said"))
        if how == "url":
            b.client.calls(call.sid).update(url=b.hooks.url("/new"))
        else:
            b.client.calls(call.sid).update(twiml=say("新的"))
        ended = b.ended(call.sid)
        assert [line["text"] for line in b.journal(call.sid, "said")] == ["第一句", "新的"]
        assert int(ended.duration) < 200


def test_a_call_that_rings_cannot_be_redirected() -> None:
    with bench(speed=1) as b:
        call = b.create("+8613900000487")
        with pytest.raises(TwilioRestException) as early:
            b.client.calls(call.sid).update(twiml=say("新的"))
        assert early.value.code == 21220
        b.client.calls(call.sid).update(status="completed")
        assert b.ended(call.sid).status == "canceled"


def test_the_time_limit_ends_a_call(b: Bench) -> None:
    b.hooks.replies["/twiml"] = '<Response><Pause length="600"/></Response>'
    call = b.create(b.person("mute"), time_limit=30)
    assert b.ended(call.sid).duration == "30"


def test_a_play_is_heard_and_a_reject_refuses(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        "<Response><Play loop='2'>/tone.wav</Play><Unknown/><Hangup/><Say>不</Say></Response>"
    )
    call = b.create(b.person("mute"))
    assert int(b.ended(call.sid).duration) == 8
    assert b.journal(call.sid, "warning")[0]["code"] == 12200
    assert not [line for line in b.journal(call.sid, "said") if "text" in line]
