"""The second hearing: sooner suspicious than the call, and still quiet about everyday answers."""

from __future__ import annotations

import pytest

from robot.domain import corpus
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import STOP, Intent
from robot.domain.intents.second_hearing import doubt


@pytest.mark.parametrize(
    "text",
    [
        "号码删干净",
        "把我电话删了行不行",
        "别让我在看见这个号",
        "从早打到晚",
        "到此为止吧以后两清",
        "可以啊，别再打了",
        "please erase my details",
    ],
)
def test_what_may_have_been_an_opt_out_is_doubted(text: str) -> None:
    assert doubt(text, shipped()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "方便", "我是", "可以", "嗯", "不需要谢谢", "不用了", "没兴趣", "再说吧",
        "我考虑考虑", "十万左右", "明天下午三点再打", "我在开会",
        "利息多少", "打错了", "别打断我", "我没说别打", "再见",
    ],
)  # fmt: skip
def test_everyday_answers_are_cleared(text: str) -> None:
    assert doubt(text, shipped()) is None


def test_the_hold_out_is_caught_whatever_the_call_made_of_it() -> None:
    caught = missed = false = quiet = 0
    for example in corpus.read("holdout"):
        found = doubt(example.text, shipped()) is not None
        if example.label in STOP:
            caught, missed = caught + found, missed + (not found)
        elif example.label != Intent.ABUSE:
            false, quiet = false + found, quiet + (not found)
    assert caught / (caught + missed) >= 0.985
    assert false / (false + quiet) <= 0.10
