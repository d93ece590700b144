"""V17: every way through the script is tried.

Golden dialogues, written by people, must come out as expected and between them take every way that
a node's own `next` offers. The layers that hold everywhere are tried by a generated matrix: every
listening node against every sign that the call must stop, every global, every question of the
customer's, silence and garbage.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from robot.domain import engine
from robot.domain.golden import AT, differences, examples, play
from robot.domain.intents.catalogue import SAFETY
from robot.domain.intents.reading import Classifier, Reading
from robot.domain.rendering import variables
from robot.domain.script import Golden, Question, Script
from robot.domain.steps import Heard, Say, State
from robot.domain.validation.findings import Finding


class Always:
    """A classifier that always hears the same."""

    def __init__(self, intent: str, *, continue_: bool = False) -> None:
        self.intent, self.continue_ = intent, continue_

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        return Reading(
            text=text, intent=self.intent, score=1.0, layer="safety", continue_=self.continue_
        )


def matrix(script: Script) -> list[Finding]:
    """Every listening node × every safety intent, silence and garbage: it ends, and rightly."""
    found = []
    for name, node in script.nodes.items():
        if not (node.listens or node.kind == "transfer"):
            continue
        state = State(
            node=name,
            started_at=AT,
            variables=variables(script, examples(script)),
            parked=node.kind == "transfer",
        )
        for intent in sorted(SAFETY):
            heard = Heard(at=AT + timedelta(seconds=5), text="…")
            step = engine.step(script, state, heard, Always(intent))
            lines = sum(isinstance(reply, Say) for reply in step.replies)
            if not step.ended or lines > 1:
                found.append(_finding(name, intent))
        if node.listens:
            for why in sorted({*script.globals, *script.faq} - {*node.next, *SAFETY}):
                if not _goes_on(script, state, why):
                    found.append(_finding(name, why))
            for text, classifier in (("", Always("unclear")), ("咕噜", Always("unclear"))):
                if not _ends(script, state, text, classifier):
                    found.append(_finding(name, "silence" if not text else "garbage"))
    return found


def golden(script: Script, classifier: Classifier) -> list[Finding]:
    """The dialogues written into the script come out as expected."""
    found = []
    for test in script.tests:
        wrong = differences(script, test, classifier)
        if wrong:
            found.append(
                Finding(
                    "V17",
                    f"tests.{test.name}",
                    (),
                    f"对话 {test.name} 与预期不符：{'；'.join(wrong)}",
                    f"dialogue {test.name} came out otherwise: {'; '.join(wrong)}",
                    "改脚本，或改预期。",
                    "Mend the script or the expectation.",
                )
            )
    found += _untaken(script, classifier)
    if not script.tests:
        found.append(
            Finding(
                "V17",
                "",
                (),
                "没有示范对话",
                "there are no golden dialogues",
                "在 tests 中写几段。",
                "Write some into tests.",
            )
        )
    return found


def _untaken(script: Script, classifier: Classifier) -> list[Finding]:
    """The ways of `next` that no golden dialogue takes."""
    taken = {way for test in script.tests for way in _taken(script, test, classifier)}
    found = []
    for name, node in script.nodes.items():
        for why, target in node.next.items():
            if (name, why) in taken or (why == "*" and (target[:1] == "@" or node.passes_on)):
                continue  # asking again and passing on are the matrix's and the node's own doing
            found.append(
                Finding(
                    "V17",
                    name,
                    (name, target),
                    f"没有示范对话走过节点 {name} 的 {why} 出口（到 {target}）",
                    f"no golden dialogue takes the way {why} of node {name} (to {target})",
                    f"在 tests 中加一段对话，让客户在 {name} 的回答为 {why}。",
                    f"Add a dialogue to tests in which the customer answers {why} at {name}.",
                )
            )
    return found


def _taken(script: Script, test: Golden, classifier: Classifier) -> set[tuple[str, str]]:
    """The ways (node, key of its `next`) that a dialogue takes."""
    ways = set()
    for step in play(script, test, classifier).steps:
        trace = step.trace
        own = script.nodes[trace.node].next if trace.node in script.nodes else {}
        if trace.matched == "next":
            ways.add((trace.node, trace.intent))
        elif trace.matched == "slot":
            ways.add((trace.node, "filled"))
        elif trace.matched == "transfer":
            ways.add((trace.node, trace.rule))
        elif trace.matched == "no_match" and trace.path[:1] == (own.get("*"),):
            ways.add((trace.node, "*"))
        for here, there in pairwise(trace.path):  # a question answered before it was asked
            if script.nodes[here].next.get("filled") == there:
                ways.add((here, "filled"))
    return ways


def _goes_on(script: Script, state: State, intent: str) -> bool:
    """A global or a question of the customer's leads to an ending, a person or a next question."""
    heard = Heard(at=AT + timedelta(seconds=5), text="…")
    step = engine.step(script, state, heard, Always(intent, continue_=True))
    return step.state.outcome != engine.FAULT and bool(step.replies)


def _ends(script: Script, state: State, text: str, classifier: Classifier) -> bool:
    for turn in range(script.limits.turns + 2):
        heard = Heard(at=AT + timedelta(seconds=turn), text=text)
        state = engine.step(script, state, heard, classifier).state
        if state.ended:
            return True
    return False


def _finding(name: str, intent: str) -> Finding:
    return Finding(
        "V17",
        name,
        (name,),
        f"在节点 {name} 遇到 {intent} 时没有好好结束",
        f"node {name} does not end well on {intent}",
        "检查 safety 与重试设置。",
        "Look at safety and the retry counters.",
    )
