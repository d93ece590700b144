"""The engine: what the robot says next, and what it never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robot.domain import engine
from robot.domain.golden import AT, differences, examples
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import LABELS, SAFETY, UNCLEAR
from robot.domain.intents.reading import Reading
from robot.domain.rendering import variables
from robot.domain.script import DISCLOSURES, Golden, Question, Script
from robot.domain.steps import End, Heard, Listen, Say, State, Step, Transfer
from tests.robot.scripts import INSTALMENT, SCRIPTS

GOLDEN = [(name, test) for name, script in SCRIPTS.items() for test in script.tests]
LISTENING = [name for name, node in INSTALMENT.nodes.items() if node.listens]
INTENTS: Final = (*LABELS, UNCLEAR)


class Hears:
    """A classifier told what it hears."""

    def __init__(self, intent: str, *, sure: bool = True, layer: str = "model") -> None:
        self.intent, self.sure, self.layer = intent, sure, layer

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        return Reading(
            text=text, intent=self.intent, score=0.9, layer=self.layer, continue_=self.sure
        )


def at_node(name: str, **more: object) -> State:
    values = variables(INSTALMENT, examples(INSTALMENT))
    return State(node=name, started_at=AT, variables=values, identified=True).evolve(**more)


def hear(state: State, intent: str, text: str = "…", **more: object) -> Step:
    heard = Heard(at=AT + timedelta(seconds=9), text=text)
    return engine.step(INSTALMENT, state, heard, Hears(intent, **more))  # type: ignore[arg-type]


def ending(step: Step) -> End:
    assert isinstance(step.replies[-1], End)
    return step.replies[-1]


@pytest.mark.parametrize(("name", "test"), GOLDEN, ids=[f"{n}-{t.name}" for n, t in GOLDEN])
def test_golden_dialogues_go_as_written(name: str, test: Golden) -> None:
    assert differences(SCRIPTS[name], test, shipped()) == []


@pytest.mark.parametrize("intent", sorted(SAFETY))
@pytest.mark.parametrize("node", LISTENING)
def test_safety_ends_the_call_at_every_node(node: str, intent: str) -> None:
    step = hear(at_node(node), intent)
    assert step.trace.matched == "safety"
    assert step.ended
    assert sum(isinstance(reply, Say) for reply in step.replies) <= 1
    if intent in ("opt_out", "complaint_threat"):
        assert step.effects[0].name == "dnc.add"
        assert step.effects[0].evidence.text == "…"


@pytest.mark.parametrize("node", LISTENING)
def test_silence_ends_the_call_politely(node: str) -> None:
    state = at_node(node)
    for _ in range(4):
        state = engine.step(INSTALMENT, state, Heard(at=AT), Hears(UNCLEAR)).state
    assert state.outcome in ("NO_RESPONSE", "UNCLEAR")


def test_a_missing_name_is_not_read_out() -> None:
    step = engine.begin(INSTALMENT, {"bank": "江南城市银行", "apr": "6.8"}, at=AT)
    step = engine.step(INSTALMENT, step.state, Heard(at=AT, text="方便"), shipped())
    assert step.spoken == "请问您是机主本人吗？"


def test_values_cannot_smuggle_markup_or_placeholders() -> None:
    name = "张<Say>{{apr}}\n伟"
    step = engine.begin(INSTALMENT, {"bank": "行", "apr": "6.8", "name": name}, at=AT)
    step = engine.step(INSTALMENT, step.state, Heard(at=AT, text="方便"), shipped())
    assert step.spoken == "请问您是张Sayapr 伟本人吗？"


def test_a_question_is_answered_and_ours_taken_up_again() -> None:
    step = hear(at_node("pitch"), "ask_price")
    assert step.trace.matched == "faq"
    assert "年化利率为6.8%" in step.spoken
    assert step.spoken.endswith("您想让客户经理为您介绍一下分期吗？")
    assert step.state.node == "pitch"


def test_a_question_is_not_answered_for_ever() -> None:
    state = at_node("pitch")
    for _ in range(2):
        state = hear(state, "ask_price").state
    assert hear(state, "ask_price").trace.matched == "no_match"


def test_an_unsure_yes_is_asked_about_once() -> None:
    step = hear(at_node("pitch"), "interested", sure=False)
    assert step.trace.matched == "no_match"
    assert step.state.node == "pitch"
    assert hear(step.state, "interested", sure=False).ended


def test_a_hum_is_never_consent() -> None:
    step = hear(at_node("consent"), "backchannel", sure=False)
    assert step.state.node == "consent"
    assert step.asks_consent
    step = hear(step.state, "backchannel", sure=False)
    assert step.state.node == "ask_callback"
    assert not step.state.consented


def test_consent_is_kept_only_when_it_leads_to_a_person() -> None:
    step = hear(at_node("consent"), "affirm")
    assert step.state.consented and step.state.parked
    assert isinstance(step.replies[-1], Transfer)


def test_the_interested_are_known_before_any_transfer() -> None:
    assert hear(at_node("pitch"), "affirm").interest
    assert hear(at_node("open"), "need_human").interest
    assert not hear(at_node("open"), "affirm").interest


def test_a_no_keeps_its_reason() -> None:
    step = hear(at_node("pitch"), "not_interested", text="利息太高了不要")
    assert (step.state.refusals, step.state.refusal_reason) == (1, "price")
    assert ending(step).outcome == "REFUSED"


@pytest.mark.parametrize("result", ["no_agent", "no_answer", "rejected", "failed", "nonsense"])
def test_a_failed_transfer_apologises_and_offers_a_callback(result: str) -> None:
    parked = hear(at_node("consent"), "affirm").state
    step = engine.resume(INSTALMENT, parked, result, at=AT)
    assert "抱歉" in step.spoken
    assert step.state.node == "ask_callback"
    assert isinstance(step.replies[-1], Listen)


def test_a_waiting_customer_may_ask_to_be_called_back() -> None:
    parked = hear(at_node("consent"), "affirm").state
    step = engine.step(INSTALMENT, parked, Heard(at=AT, text="明天上午回电吧"), shipped())
    assert ending(step).outcome == "CALLBACK"
    assert step.state.slots["callback_at"].startswith("2026-03-11T10:00")
    assert not step.state.parked


def test_a_promised_callback_is_said_back() -> None:
    step = engine.step(
        INSTALMENT, at_node("ask_callback"), Heard(at=AT, text="明天下午三点"), shipped()
    )
    assert step.spoken == "好的，明天下午3点由客户经理联系您，再见。"


def test_keys_are_heard() -> None:
    heard = Heard(at=AT, digits="0")
    assert engine.step(INSTALMENT, at_node("open"), heard, shipped()).state.node == "consent"
    heard = Heard(at=AT, digits="9")
    assert engine.step(INSTALMENT, at_node("open"), heard, shipped()).state.outcome == "OPT_OUT"


def test_patience_ends_with_the_turns_and_with_the_seconds() -> None:
    assert hear(at_node("open", turn=13), "affirm").state.outcome == "UNCLEAR"
    assert hear(at_node("open", talk_s=179.0), "affirm").state.outcome == "UNCLEAR"


def test_an_ended_conversation_stays_ended() -> None:
    done = hear(at_node("open"), "opt_out").state
    again = hear(done, "interested")
    assert (again.replies, again.effects, again.state) == ((), (), done)


def test_variants_are_spoken_to_whom_they_fit_and_not_to_who_refused_profiling() -> None:
    document = INSTALMENT.model_dump(by_alias=True, exclude_defaults=True)
    document["attributes"] = {"segment": {"values": ["sme"]}}
    document["nodes"]["pitch"]["variants"] = [{"when": "segment == sme", "say": "老板您好？"}]
    script = Script.model_validate(document)
    state = at_node("identify", attributes={"segment": "sme"})
    heard = Heard(at=AT, text="我是")
    assert engine.step(script, state, heard, shipped()).spoken == "老板您好？"
    state = at_node("identify", attributes={"segment": "sme", "no_profiling": True})
    assert "年化利率" in engine.step(script, state, heard, shipped()).spoken


def test_only_declared_attributes_are_kept() -> None:
    given: dict[str, str | float | bool | None] = {
        "segment": "retail",
        "income": 9.0,
        "no_profiling": True,
    }
    script = SCRIPTS["deposit-maturity"]
    state = engine.begin(script, {"matures_on": "2026-03-20"}, at=AT, attributes=given).state
    assert state.attributes == {"segment": "retail", "no_profiling": True}
    assert state.variables["matures_on"] == "3月20日"


def test_states_and_steps_survive_json() -> None:
    step = hear(at_node("consent"), "affirm")
    assert Step.load(step.dump()) == step
    assert State.load(step.state.dump()) == step.state


Answer = tuple[str, bool, str, bool]
ANSWERS = st.tuples(
    st.sampled_from(INTENTS),
    st.booleans(),
    st.sampled_from(["", "…", "明天", "五万"]),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SCRIPTS)), st.lists(ANSWERS, min_size=40, max_size=40), st.data())
def test_every_walk_ends_discloses_first_and_never_sells_after_no(
    name: str, answers: list[Answer], data: st.DataObject
) -> None:
    script = SCRIPTS[name]
    step = engine.begin(script, examples(script), at=AT)
    disclosed: set[str] = set()
    refused = False
    for turn, (intent, sure, text, can_transfer) in enumerate(answers):
        for reply in step.replies:
            if isinstance(reply, Say):
                assert not (refused and "sell" in reply.tags)
                if reply.tags & {"sell", "personal", "consent.transfer"}:
                    assert disclosed >= DISCLOSURES
                if "personal" in reply.tags:
                    assert step.state.identified
                disclosed |= reply.tags
        if step.ended:
            break
        refused = refused or step.state.refusals > 0
        at = AT + timedelta(seconds=4 * turn)
        if step.state.parked and data.draw(st.booleans()):
            step = engine.resume(script, step.state, "no_answer", at=at)
            continue
        heard = Heard(at=at, text=text, can_transfer=can_transfer)
        before = step
        step = engine.step(script, before.state, heard, Hears(intent, sure=sure))
        assert step == engine.step(script, before.state, heard, Hears(intent, sure=sure))
        if before.state.parked and not step.ended and step.state.parked:
            step = engine.resume(script, step.state, "no_agent", at=at)
    assert step.ended
