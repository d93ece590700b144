"""telephony.twiml: what is sent to the carrier, word by word."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from telephony import twiml


def parse(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)


def test_a_turn_says_then_listens_and_never_falls_through_silence() -> None:
    root = parse(
        twiml.gather(
            ["您好", "请问是王女士吗"],
            action="http://x/hooks/call/1/turn/2/#rc=3&rp=ct",
            wait_s=4.2,
            end_s=0.8,
            hints=("是的", "打错了,对"),
        )
    )
    gather = root[0]
    assert gather.tag == "Gather"
    assert [say.text for say in gather] == ["您好", "请问是王女士吗"]
    assert gather.attrib["actionOnEmptyResult"] == "true"
    assert gather.attrib["input"] == "speech"
    assert gather.attrib["timeout"] == "5"  # whole seconds, never shorter than asked
    assert gather.attrib["speechTimeout"] == "1"
    assert gather.attrib["action"].endswith("#rc=3&rp=ct")
    assert gather.attrib["hints"] == "是的,打错了 对"


def test_the_same_words_go_to_another_address_each_turn() -> None:
    def turn(number: int, overheard: str = "") -> ElementTree.Element:
        action = f"http://x/turn/{number}/?a=1&b=%22"
        document = twiml.gather(["您好"], action=action, wait_s=5, end_s=1, overheard=overheard)
        return parse(document)[0]

    assert turn(1).attrib["action"] == "http://x/turn/1/?a=1&b=%22"
    assert turn(2).attrib["action"] == "http://x/turn/2/?a=1&b=%22"
    assert "partialResultCallback" not in turn(2).attrib
    assert turn(3, "http://x/o/3/").attrib["partialResultCallback"] == "http://x/o/3/"
    assert turn(4, "http://x/o/4/").attrib["partialResultCallback"] == "http://x/o/4/"


def test_words_are_said_in_the_voice_of_now(settings: Any) -> None:
    said = []
    for voice in ("Polly.Zhiyu", "Polly.Other"):
        settings.SAY_VOICE = voice
        root = parse(twiml.gather(["您好"], action="http://x/", wait_s=5, end_s=1))
        said.append(root[0][0].attrib["voice"])
    assert said == ["Polly.Zhiyu", "Polly.Other"]


def test_keys_are_listened_for_only_when_asked() -> None:
    root = parse(twiml.gather([], action="http://x/", wait_s=5, end_s=1, digits=1))
    assert root[0].attrib["input"] == "dtmf speech"
    assert root[0].attrib["numDigits"] == "1"


def test_lines_that_may_not_be_interrupted_stand_before_the_gather() -> None:
    root = parse(twiml.gather(["披露"], action="http://x/", wait_s=5, end_s=1, barge_in=False))
    assert [verb.tag for verb in root] == ["Say", "Gather"]


def test_hints_stay_within_the_carriers_limits() -> None:
    root = parse(twiml.gather([], action="http://x/", wait_s=5, end_s=1, hints=["字" * 150] * 600))
    hints = root[0].attrib["hints"].split(",")
    assert len(hints) == 500
    assert {len(hint) for hint in hints} == {100}


def test_a_conference_has_no_music_no_beep_and_reports() -> None:
    root = parse(
        twiml.dial_conference(
            "x-1",
            label="customer",
            action="http://a/",
            status_url="http://c/",
            start_on_enter=False,
        )
    )
    dial, conference = root[0], root[0][0]
    assert dial.attrib["action"] == "http://a/"
    assert conference.text == "x-1"
    assert conference.attrib == {
        "participantLabel": "customer",
        "startConferenceOnEnter": "false",
        "endConferenceOnExit": "true",
        "beep": "false",
        "waitUrl": "",
        "statusCallback": "http://c/",
        "statusCallbackEvent": "start end join leave",
    }


@pytest.mark.parametrize("lines", [[], ["再见"]])
def test_hanging_up_comes_after_the_last_word(lines: list[str]) -> None:
    root = parse(twiml.hang_up(lines))
    assert [verb.tag for verb in root] == ["Say"] * len(lines) + ["Hangup"]


def test_a_customers_words_cannot_become_verbs() -> None:
    root = parse(twiml.hang_up(["<Dial>123</Dial> & 谢谢"]))
    assert root[0].text == "<Dial>123</Dial> & 谢谢"


def test_a_redirect_goes_on_with_a_post() -> None:
    root = parse(twiml.say_and_redirect(["请稍候"], "http://x/next/"))
    assert root[1].tag == "Redirect"
    assert root[1].attrib["method"] == "POST"
