"""V17: the golden dialogues, and a generated matrix of every listening node against every sign
that the call must stop."""

from __future__ import annotations

from datetime import timedelta

from robot.domain import engine
from robot.domain.golden import AT, differences, examples
from robot.domain.intents.catalogue import SAFETY
from robot.domain.intents.reading import Classifier, Reading
from robot.domain.rendering import variables
from robot.domain.script import Question, Script
from robot.domain.steps import Heard, Say, State
from robot.domain.validation.findings import Finding


class Always:
    """A classifier that always hears the same."""

    def __init__(self, intent: str) -> None:
        self.intent = intent

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        return Reading(text=text, intent=self.intent, score=1.0, layer="safety", continue_=False)


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
