"""Sentences that nobody wrote with the rules or the model in mind, and that training never saw.

`utterances/stops.txt`: "never again" or a complaint, a line each. `willing.tsv`: people who go
along, with the kind of question they answer. Both were collected apart from the corpus, a third of
them with a recogniser's mistakes; of the willing, a fifth look like a refusal (别挂, 不打扰).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from robot.domain import corpus
from robot.domain.corpus import Example
from robot.domain.intents.cascade import shipped
from robot.domain.script import Question

HERE = Path(__file__).parent / "utterances"
STOPS = (HERE / "stops.txt").read_text(encoding="utf-8").splitlines()
QUESTIONS: dict[str, Question] = {
    "open": "open", "yes_no": "yes_no", "consent": "consent", "callback_time": "callback_time"
}  # fmt: skip
WILLING = [
    line.split("\t") for line in (HERE / "willing.tsv").read_text(encoding="utf-8").splitlines()
]


def test_training_has_seen_none_of_them() -> None:
    theirs = [Example(text, "") for text in (*STOPS, *(text for text, _ in WILLING))]
    assert corpus.shared(corpus.read("train"), theirs) == []


@pytest.mark.parametrize("question", QUESTIONS.values())
def test_whatever_was_asked_no_stop_goes_on(question: Question) -> None:
    assert len(STOPS) >= 1_000
    assert [text for text in STOPS if shipped().read(text, question).continue_] == []


def test_of_the_willing_at_least_85_in_a_hundred_go_on() -> None:
    went_on = [shipped().read(text, QUESTIONS[kind]).continue_ for text, kind in WILLING]
    assert len(went_on) >= 700
    assert sum(went_on) / len(went_on) >= 0.85
