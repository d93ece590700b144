"""A wish narrower than "never" is one whole sentence; anything more or vaguer is not one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.domain import engine
from robot.domain.intents import cascade
from robot.domain.narrower_wishes import WEEKEND, WORKDAYS, Wish, narrower
from robot.domain.steps import Heard, State, Step
from tests.robot.scripts import INSTALMENT, SCRIPTS

CORPUS = Path(__file__).resolve().parents[2] / "robot" / "corpus"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("别打保险的", Wish(not_about="保险")),
        ("以后别打保险的了，其他的可以", Wish(not_about="保险")),
        ("理财的不要打给我", Wish(not_about="理财")),
        ("周末再打", Wish(weekdays=WEEKEND)),
        ("工作日别打", Wish(weekdays=WEEKEND)),
        ("周末别打", Wish(weekdays=WORKDAYS)),
        ("别用机器人", Wish(no_robot=True)),
        ("让真人打给我", Wish(no_robot=True)),
        ("一年一次就行", Wish(per_year=1)),
        ("一个月最多打两次", Wish(per_month=2)),
        ("中午别打", Wish(hours=((0, 690), (840, 1440)))),
        ("上午不要给我打电话", Wish(hours=((0, 480), (720, 1440)))),
        ("只在晚上打", Wish(hours=((1080, 1260),))),
    ],
)
def test_a_sentence_that_says_a_wish_and_nothing_else(text: str, wish: Wish) -> None:
    assert narrower(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "别打了", "别再打了", "不要打", "少打点", "别老打", "别打了，保险的",
        "别再打保险电话了，烦死了",         "以后别打了，周末也别打", "周末也别打",
        "星期天也打", "周末打电话", "叫个人来", "晚上再打", "保险理财都别打",
        "别打保险的，别的也别打", "一年打一百次", "", "别用机器人，别打了",
    ],
)  # fmt: skip
def test_what_is_more_or_vaguer_is_no_narrower_wish(text: str) -> None:
    assert narrower(text) is None


@given(
    st.sampled_from(["别打保险的", "周末再打", "别用机器人", "一年一次就行"]), st.text(min_size=1)
)
def test_words_that_say_more_make_it_ambiguous(wish: str, more: str) -> None:
    found = narrower(f"{wish}{more}别打了")
    assert found is None


def test_no_refusal_of_the_hold_out_is_taken_for_a_narrower_wish() -> None:
    for intent in ("opt_out", "complaint_threat"):
        lines = (CORPUS / "holdout" / f"{intent}.txt").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if narrower(line)] == []


def step(name: str, text: str) -> Step:
    script = SCRIPTS[name]
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    node = next(name for name, node in script.nodes.items() if node.listens)
    state = State(node=node, started_at=at, variables={"bank": "本行", "name": "王芳"})
    return engine.step(script, state, Heard(at=at, text=text), cascade.shipped())


@pytest.mark.parametrize("name", ["cc-instalment-prescreen", "deposit-maturity"])
def test_a_narrower_refusal_ends_the_call_and_is_kept_as_what_it_is(name: str) -> None:
    found = step(name, "别打保险的")
    assert found.ended
    assert [effect.name for effect in found.effects] == ["prefer.said"]
    assert found.effects[0].evidence.text == "别打保险的"


@pytest.mark.parametrize("text", ["别打了，保险的", "少打点", "别再打保险电话了，烦死了"])
def test_an_ambiguous_one_is_a_full_refusal(text: str) -> None:
    names = {effect.name for effect in step("cc-instalment-prescreen", text).effects}
    assert names & {"dnc.add", "quarantine.add"}
    assert "prefer.said" not in names


def test_a_script_that_does_not_know_of_it_refuses_in_full() -> None:
    script = INSTALMENT
    safety = {key: to for key, to in script.safety.items() if key != "narrower_wish"}
    script = script.model_copy(update={"safety": safety})
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    node = next(name for name, node in script.nodes.items() if node.listens)
    state = State(node=node, started_at=at, variables={"bank": "本行"})
    found = engine.step(script, state, Heard(at=at, text="别打保险的"), cascade.shipped())
    assert [effect.name for effect in found.effects] == ["dnc.add"]


def test_a_wish_beside_the_flow_does_not_end_it() -> None:
    found = step("cc-instalment-prescreen", "周末再打")
    assert "prefer.said" in [effect.name for effect in found.effects]
    assert found.trace.intent == "busy_callback"
