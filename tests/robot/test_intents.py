"""What the robot understands: the hard sentences, and the hold-out."""

# ruff: noqa: E501  (tables and patterns are easier to read in one piece)
from __future__ import annotations

import io
import json
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robot import classify
from robot.domain import corpus
from robot.domain.intents import model, safety
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import CONTINUE, LABELS, UNCLEAR
from robot.domain.intents.evaluation import Result, evaluate
from robot.domain.intents.normalise import normalise
from robot.domain.script import Question

HARD: list[tuple[str, Question, str]] = [
    ("不是不感兴趣", "open", UNCLEAR),
    ("不是不需要就是现在没钱", "open", UNCLEAR),
    ("也不是不行", "yes_no", UNCLEAR),
    ("没有不方便", "yes_no", UNCLEAR),
    ("没说不办", "open", UNCLEAR),
    ("谁说我不要了", "open", UNCLEAR),
    ("嗯", "yes_no", "affirm"),
    ("嗯", "open", "backchannel"),
    ("嗯", "consent", "backchannel"),
    ("啊", "consent", "backchannel"),
    ("好吧", "yes_no", "affirm"),
    ("再说吧", "yes_no", "hesitate"),
    ("再说吧", "open", "hesitate"),
    ("好吧再说", "open", "hesitate"),
    ("打错了", "open", "wrong_number"),
    ("别打了，发短信吧", "open", "opt_out"),
    ("他现在不在", "open", "not_owner_proxy"),
    ("人不在了", "open", "deceased"),
    ("别在打了", "open", "opt_out"),
    ("我要头诉你们", "open", "complaint_threat"),
    ("退定", "open", "opt_out"),
    ("No, thank you", "open", "not_interested"),
    ("唔好再打嚟", "open", "opt_out"),
    ("我要换号了", "open", "opt_out"),
    ("call me again and you will be blocked", "open", "opt_out"),
    ("我爸过世了你们还打", "open", "deceased"),
    ("不要", "yes_no", "not_interested"),
    ("明天下午三点", "callback_time", "busy_callback"),
]
NOT_OPT_OUT = [
    "别打断我", "打车", "打折", "打算", "打错了", "我没说不要打", "可以但别太晚打", "少打点字", "没投诉过你们",
    "现在别打，晚点打", "你先别打断我", "我打算办一个", "我不是要投诉", "有没有打折",
]  # fmt: skip

#: What a time was seen in, though nobody named one.
NO_TIME = [
    "这个号也不许打了", "不准再往这个号打", "再换一个号打来我就去销户", "几点了还打 有没有公德心",
    "等太阳从西边出来你再打", "早上不行晚上也不行 周末更不行", "call me back when hell freezes over",
]  # fmt: skip
ANOTHER_TIME = [
    "上午别打 我要开会 下午三点打过来", "不要太早 十点以后打给我", "中午别打 在午休 两点打来就行",
    "这个月别打了 下个月初再打", "周末别打 周一到周五都可以", "don't call me in the morning, call after six",
]  # fmt: skip
#: A harmless phrase, alone and beside what is not harmless.
HARMLESS = [
    ("上次投诉的事你们处理好了 你说吧", "上次投诉的事处理好了 这次我还要投诉"),
    ("我还以为是骚扰电话 原来是银行 你说", "我还以为是骚扰电话 果然是骚扰"),
    ("我在法院上班 你讲", "我在法院上班 我可以去法院告你们"),
    ("软件我不小心删了 还能办吗", "软件我删了 你们也把我号码删了"),
    ("don't go away i need a pen", "don't go away just stop calling"),
]


@pytest.fixture(scope="module")
def holdout() -> Result:
    return evaluate(corpus.read("holdout"))


@pytest.mark.parametrize(("text", "question", "intent"), HARD)
def test_the_hard_golden_set(text: str, question: Question, intent: str) -> None:
    assert shipped().read(text, question).intent == intent


@pytest.mark.parametrize("text", NOT_OPT_OUT)
def test_sentences_that_only_look_like_an_opt_out(text: str) -> None:
    assert shipped().read(text, "open").intent not in ("opt_out", "complaint_threat")


@pytest.mark.parametrize("text", NO_TIME)
def test_asked_for_a_time_a_refusal_that_sounds_like_one_does_not_go_on(text: str) -> None:
    assert not shipped().read(text, "callback_time").continue_


@pytest.mark.parametrize("text", ANOTHER_TIME)
def test_who_forbids_one_time_and_asks_for_another_has_asked_for_a_callback(text: str) -> None:
    reading = shipped().read(text, "callback_time")
    assert (reading.intent, reading.continue_) == ("busy_callback", True)


@pytest.mark.parametrize(("harmless", "also"), HARMLESS)
def test_a_harmless_phrase_excuses_nothing_else_that_is_said(harmless: str, also: str) -> None:
    assert shipped().read(harmless, "open").layer != "safety"
    reading = shipped().read(also, "open")
    assert reading.intent in ("opt_out", "complaint_threat")
    assert not reading.continue_


def test_a_guard_is_not_trusted_where_the_model_is_sure_of_the_opposite() -> None:
    assert safety.check(normalise("我就是律师 我可以起诉你们")).lifted
    assert not shipped().read("我就是律师 我可以起诉你们", "yes_no").continue_


def test_of_a_garbled_sentence_a_few_known_syllables_are_no_evidence() -> None:
    known = shipped().model.known
    assert known(normalise("利息多少")) == 1.0
    assert known(normalise("瀑傈鄞能不能缶黻")) < 2 / 3
    assert not shipped().read("瀑傈鄞能不能缶黻", "open").continue_


def test_a_double_negation_is_neither_yes_nor_no() -> None:
    assert not shipped().read("也不是不行", "consent").continue_


def test_a_hum_goes_on_only_where_a_hum_is_an_answer() -> None:
    assert shipped().read("嗯", "yes_no").continue_
    assert not shipped().read("嗯", "open").continue_
    assert not shipped().read("嗯嗯", "consent").continue_


def test_an_opt_out_that_asks_for_a_message_keeps_both() -> None:
    reading = shipped().read("别打了，发短信吧", "open")
    assert reading.also == ("send_info",)


def test_a_live_person_saying_not_available_is_no_machine() -> None:
    assert shipped().read("he is not available", "open").intent == "not_owner_proxy"


def test_a_yes_that_was_barely_recognised_does_not_count() -> None:
    assert shipped().read("可以", "yes_no", 0.9).continue_
    assert not shipped().read("可以", "yes_no", 0.2).continue_


def test_the_corpus_has_a_hundred_of_each_and_a_hold_out_apart() -> None:
    train, held = corpus.read("train"), corpus.read("holdout")
    for label in LABELS:
        assert sum(example.label == label for example in train) >= 100, label
    assert corpus.shared(train, held) == []


def test_the_hold_out_is_understood(holdout: Result) -> None:
    assert holdout.good >= 0.92


def test_no_opt_out_or_complaint_of_the_hold_out_continues(holdout: Result) -> None:
    assert holdout.stops >= 600
    assert holdout.missed_stops == []


def test_productive_turns_of_the_hold_out_continue(holdout: Result) -> None:
    assert holdout.flow >= 0.85


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    changed = tmp_path / "weights.npz"
    changed.write_bytes(model.WEIGHTS.read_bytes() + b"x")
    with pytest.raises(model.WeightsChanged):
        model.load(changed)


def test_scores_are_chances() -> None:
    scores = shipped().model.scores(normalise("利息多少"))
    assert sum(scores.values()) == pytest.approx(1.0, abs=1e-4)
    assert set(scores) == set(LABELS)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_anything_can_be_said(text: str) -> None:
    reading = shipped().read(text, "open")
    assert reading.intent in (*LABELS, UNCLEAR)
    assert 0.0 <= reading.score <= 1.0


def test_one_utterance_takes_a_millisecond_at_most() -> None:
    texts = [example.text for example in corpus.read("holdout")][:400]
    classifier = shipped()
    taken = []
    for text in texts:
        start = time.perf_counter()
        classifier.read(text, "open")
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) <= 0.001


def test_the_command_reads_lines_and_writes_json() -> None:
    out = io.StringIO()
    assert classify.main(io.StringIO("嗯\tyes_no\n嗯\tconsent\n别再打了\n\n"), out) == 0
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["intent"] for row in rows] == ["affirm", "backchannel", "opt_out", UNCLEAR]
    assert [row["continue"] for row in rows] == [True, False, False, False]
    assert set(rows[0]) == {"text", "intent", "score", "layer", "continue"}


@pytest.mark.parametrize(
    ("text", "question", "gates"),
    [
        ("上次投诉的事处理好了 你说吧", "yes_no", {"risky"}),
        ("阿巴阿巴", "yes_no", {"unknown"}),
        ("可以啊没问题你讲", "yes_no", set()),
    ],
)
def test_the_gate_names_what_stopped_a_willing_answer(
    text: str, question: Question, gates: set[str]
) -> None:
    reading = shipped().read(text, question)
    assert {each.gate for each in reading.held} == gates
    assert reading.continue_ is not bool(gates)


def test_what_sounded_willing_and_does_not_count_was_always_held() -> None:
    for utterance in corpus.read("holdout"):
        reading = shipped().read(utterance.text, "yes_no")
        if reading.layer == "model" and reading.intent in CONTINUE:
            assert reading.continue_ is not bool(reading.held), utterance.text
