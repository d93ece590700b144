"""The whole path from words to meaning: normalise, safety, context, model, gate.

The gate: the conversation goes on only on positive evidence. Missing an interested customer
costs a sale; going on after "别再打了" costs the bank its good name. So the thresholds follow
expected cost: the model must be fairly sure of a label that continues, and nearly sure that this
was neither an opt-out nor a complaint.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from robot.domain.intents import context, safety
from robot.domain.intents.catalogue import CONTINUE, SAFETY, STOP, UNCLEAR, Intent
from robot.domain.intents.model import Model, load
from robot.domain.intents.normalise import Spoken, normalise
from robot.domain.intents.reading import Reading
from robot.domain.script import Question

#: Chance below which the model's best label is no evidence of wanting to go on.
SURE: Final = 0.30
#: Chance that it was an opt-out or a complaint, from which on the robot does not go on.
RISKY: Final = 0.12
#: ... and from which on the call ends and a person looks at it.
SUSPECT: Final = 0.30
#: Below this the model's best label is not acted upon at all.
HEARD: Final = 0.15
#: Below this a safety label that would end the call by mistake needs a second hearing.
SAFETY_SURE: Final = 0.40
#: Recogniser confidence below which a yes does not count.
RECOGNISED: Final = 0.35
_MESSAGE_TOO: Final = ("短信", "发信息", "发消息", "微信", "发给我", "text me", "email", "发资料")


class Cascade:
    """The classifier a call uses (`Classifier`)."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        reading = self._read(text, question)
        if reading.continue_ and confidence is not None and confidence < RECOGNISED:
            reading = _but(reading, continue_=False)
        return reading

    def _read(self, text: str, question: Question) -> Reading:
        spoken = normalise(text)
        if not spoken.plain:
            return Reading(text=text, intent=UNCLEAR, score=0.0, layer="context", continue_=False)
        alert = safety.check(spoken)
        if alert.alarm is not None:
            return self._alarm(text, spoken, alert.alarm)
        answer = context.answer(spoken, question)
        if answer is not None:
            return Reading(
                text=text,
                intent=str(answer.intent),
                score=answer.score,
                layer="context",
                continue_=answer.clear
                and (answer.intent in CONTINUE or answer.intent == Intent.BACKCHANNEL),
                rule=answer.rule,
                model_hash=self.model.sha256,
            )
        return self._modelled(text, spoken, alert.lifted, question)

    def _alarm(self, text: str, spoken: Spoken, alarm: safety.Alarm) -> Reading:
        message = alarm.intent in STOP and any(word in spoken.plain for word in _MESSAGE_TOO)
        return Reading(
            text=text,
            intent=str(alarm.intent),
            score=0.99 if alarm.certain else 0.7,
            layer="safety",
            continue_=False,
            suspected=not alarm.certain,
            risk=1.0 if alarm.intent in STOP else 0.0,
            also=("send_info",) if message else (),
            rule=alarm.rule,
            model_hash=self.model.sha256,
        )

    def _modelled(
        self, text: str, spoken: Spoken, lifted: frozenset[Intent], question: Question
    ) -> Reading:
        scores = self.model.scores(spoken)
        if lifted:  # a guard spoke: the look-alike is ruled out
            scores = {label: p for label, p in scores.items() if label not in lifted}
            total = sum(scores.values()) or 1.0
            scores = {label: p / total for label, p in scores.items()}
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        best, chance = ranked[0]
        risk = sum(scores.get(label, 0.0) for label in STOP)
        abuse = scores.get(Intent.ABUSE, 0.0)
        intent, suspected, layer = best, False, "model"
        if best in STOP or risk >= SUSPECT:
            intent = best if best in STOP else max(STOP, key=lambda label: scores.get(label, 0.0))
            suspected = chance < 0.6 or best not in STOP
        elif chance < HEARD or (best in SAFETY and chance < SAFETY_SURE):
            intent, layer = UNCLEAR, "gate"
        positive = (
            intent in CONTINUE and chance >= SURE and risk < RISKY and risk + abuse < 2 * RISKY
        )
        if intent == Intent.BACKCHANNEL or (question == "consent" and not spoken.core):
            positive = False
        return Reading(
            text=text,
            intent=str(intent),
            score=scores.get(intent, chance),
            layer=layer,
            continue_=positive,
            suspected=suspected,
            risk=risk,
            top=tuple((label, round(p, 4)) for label, p in ranked[:3]),
            model_hash=self.model.sha256,
        )


def _but(reading: Reading, *, continue_: bool) -> Reading:
    return Reading(
        text=reading.text,
        intent=reading.intent,
        score=reading.score,
        layer=reading.layer,
        continue_=continue_,
        suspected=reading.suspected,
        risk=reading.risk,
        also=reading.also,
        top=reading.top,
        rule=reading.rule,
        model_hash=reading.model_hash,
    )


@lru_cache(maxsize=1)
def shipped() -> Cascade:
    """The classifier with the shipped weights, loaded once a process."""
    return Cascade(load())
