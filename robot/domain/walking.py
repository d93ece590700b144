"""Random walks: customers who say anything at all, in any order, to a whole script.

A walk answers each question with an intent drawn at random (sure or not), silence, a key, or words
out of nowhere, and lets every transfer end in any way. What must hold whatever they say:

- the conversation ends, within the script's own limits;
- nothing is sold, nothing personal said, nobody transferred before everything was disclosed;
- nothing is sold after a refusal, and nothing personal is said before the customer confirmed to be
  the customer;
- an opt-out or a complaint ends the call in the very same step, and is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from robot.domain import engine
from robot.domain.golden import AT, examples
from robot.domain.intents.catalogue import LABELS, STOP, UNCLEAR
from robot.domain.intents.reading import Reading
from robot.domain.script import DISCLOSURES, Question, Script
from robot.domain.steps import Heard, Say, Step

#: Nobody talks longer than this; the scripts' own limits end a dialogue far sooner.
MAX_ANSWERS: Final = 60
_GUARDED: Final = frozenset({"sell", "personal", "consent.transfer"})
_RESULTS: Final = ("connected", "no_agent", "no_answer", "rejected", "failed", "something else")
_WORDS: Final = ("…", "明天下午三点", "五万", "不是不行", "嗯", "咕噜咕噜", "3", "李雷")


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong in a walk, and the answers that led there."""

    rule: str
    node: str
    answers: tuple[str, ...]


class _Hears:
    """A classifier told what it hears."""

    def __init__(self, intent: str, *, sure: bool, suspected: bool) -> None:
        self.intent, self.sure, self.suspected = intent, sure, suspected

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        return Reading(
            text=text,
            intent=self.intent,
            score=0.9,
            layer="model",
            continue_=self.sure,
            suspected=self.suspected,
        )


def walk(script: Script, chance: Random) -> Fault | None:
    """One conversation with a customer who says anything; None when every promise held."""
    seen = Witness()
    step = engine.begin(script, examples(script), at=AT)
    at = AT
    for _ in range(MAX_ANSWERS):
        broken = seen.broken(step)
        if broken:
            return Fault(broken, step.state.node, tuple(seen.answers))
        if step.ended:
            return None
        at += timedelta(seconds=chance.uniform(0.5, 20))
        step = _next(script, step, chance, at, seen)
    return Fault("never_ends", step.state.node, tuple(seen.answers))


class Witness:
    """What the customer has heard and said so far; it notices a promise that a step breaks."""

    def __init__(self) -> None:
        self.disclosed: set[str] = set()
        self.refused = False
        self.stopped = False
        self.answers: list[str] = []

    def broken(self, step: Step) -> str:
        """The promise this step breaks, or ""."""
        if step.state.outcome == engine.FAULT:
            return "robot_fault"
        if self.stopped and not (step.ended and step.effects):
            return "did_not_stop"
        for reply in step.replies:
            if not isinstance(reply, Say):
                continue
            if "sell" in reply.tags and self.refused:
                return "sold_after_refusal"
            if reply.tags & _GUARDED and not self.disclosed >= DISCLOSURES:
                return "not_disclosed"
            if "personal" in reply.tags and not step.state.identified:
                return "not_identified"
            self.disclosed |= reply.tags
        self.refused = self.refused or step.state.refusals > 0
        return ""


def _next(script: Script, step: Step, chance: Random, at: datetime, seen: Witness) -> Step:
    if step.state.parked and chance.random() < 0.4:
        result = chance.choice(_RESULTS)
        seen.answers.append(f"!{result}")
        return engine.resume(script, step.state, result, at=at)
    kind = chance.random()
    can_transfer = chance.random() < 0.5
    if kind < 0.1:
        seen.answers.append("")
        heard = Heard(at=at, can_transfer=can_transfer)
        return engine.step(script, step.state, heard, _Hears(UNCLEAR, sure=False, suspected=False))
    if kind < 0.15:
        key = chance.choice("0123456789*#")
        seen.answers.append(f"#{key}")
        seen.stopped = script.listen.dtmf.get(key) in STOP
        heard = Heard(at=at, digits=key, can_transfer=can_transfer)
        return engine.step(script, step.state, heard, _Hears(UNCLEAR, sure=False, suspected=False))
    intent = chance.choice((*LABELS, UNCLEAR, "a label of tomorrow"))
    sure = chance.random() < 0.6
    seen.answers.append(intent if sure else f"{intent}?")
    seen.stopped = intent in STOP
    heard = Heard(at=at, text=chance.choice(_WORDS), can_transfer=can_transfer)
    suspected = intent in STOP and chance.random() < 0.3
    return engine.step(script, step.state, heard, _Hears(intent, sure=sure, suspected=suspected))
