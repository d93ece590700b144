"""A line taken apart is still the line, whatever its values were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.domain.documents import canonical, read_json
from robot.domain.golden import play
from robot.domain.intents.cascade import shipped
from robot.domain.rendering import clean, placeholders, render
from robot.domain.script import Script
from robot.domain.speech import Segment, Splitter, fixed, lines, pieces, speakable
from robot.domain.steps import Say
from tests.robot.scripts import INSTALMENT, SCRIPTS

VALUES = {"bank": "江南城市银行", "name": "张伟", "apr": "3.6%"}


def test_the_pieces_are_the_words_between_the_values() -> None:
    assert pieces("您好，{{name}}，我是{{bank}}的语音助手。") == (
        "您好，",
        "，我是",
        "的语音助手。",
    )
    assert pieces("{{name}}，{{bank}}") == ()


def test_a_line_with_values_is_split_at_them() -> None:
    script = script_saying("您好，我是{{bank}}的助手。")
    assert Splitter(script).split("您好，我是江南银行的助手。") == (
        Segment("您好，我是"),
        Segment("江南银行", fixed=False),
        Segment("的助手。"),
    )


def test_words_that_are_not_the_scripts_are_a_value() -> None:
    assert Splitter(INSTALMENT).split("别的话") == (Segment("别的话", fixed=False),)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_every_line_of_the_shipped_scripts_is_known_piece_by_piece(script: Script) -> None:
    splitter, known = Splitter(script), fixed(script)
    for line in lines(script):
        values = {name: VALUES.get(name, "某值") for name in placeholders(line.text)}
        text = render(line.text, values)
        segments = splitter.split(text)
        assert "".join(segment.text for segment in segments) == text
        heard = [part.text.strip() for part in segments if part.fixed and speakable(part.text)]
        assert set(heard) <= set(known), line


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_whatever_the_golden_dialogues_hear_is_made_of_known_pieces(script: Script) -> None:
    splitter, known = Splitter(script), fixed(script)
    played = [play(script, golden, shipped()) for golden in script.tests]
    steps = [step for one in played for step in one.steps]
    said = [reply.text for step in steps for reply in step.replies if isinstance(reply, Say)]
    assert len(said) > 20
    for text in said:
        segments = splitter.split(text)
        assert "".join(segment.text for segment in segments) == text
        assert any(segment.fixed and segment.text.strip() in known for segment in segments), text


@given(name=st.text(max_size=80), bank=st.text(max_size=80), tail=st.text(max_size=10))
def test_the_segments_are_exactly_the_line(name: str, bank: str, tail: str) -> None:
    template = "您好{{name}}，这里是{{bank}}。方便吗？"
    splitter = Splitter(script_saying(template))
    text = render(template, {"name": clean(name), "bank": clean(bank)}) + tail
    assert "".join(segment.text for segment in splitter.split(text)) == text


def test_an_unset_pronunciation_leaves_a_script_as_it_was() -> None:
    assert "pronounce" not in canonical(INSTALMENT)


def script_saying(text: str) -> Script:
    document = canonical(INSTALMENT)
    document["nodes"] = {**document["nodes"], "open": {**document["nodes"]["open"], "say": text}}
    return read_json(document)
