"""The whole path from words to meaning: normalise, safety, context, model, gate.

The gate: the conversation goes on only on positive evidence. Missing an interested customer
costs a sale; going on after "别再打了" costs the bank its good name. So the thresholds follow
expected cost: the model must be fairly sure of a label that continues, and nearly sure that this
was neither an opt-out nor a complaint.
"""

# ruff: noqa: E501  (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from robot.domain.intents import context, safety
from robot.domain.intents.catalogue import CONTINUE, SAFETY, STOP, UNCLEAR, Intent
from robot.domain.intents.limits import without_limit
from robot.domain.intents.model import Model, load
from robot.domain.intents.normalise import Spoken, normalise
from robot.domain.intents.reading import Held, Reading
from robot.domain.script import Question

#: Chance below which the model's best label is no evidence of wanting to go on.
SURE: Final = 0.35
#: Chance that it was an opt-out or a complaint, from which on the robot does not go on.
RISKY: Final = 0.025
#: ... and from which on the call ends and a person looks at it.
SUSPECT: Final = 0.30
#: Chance, before a guard ruled it out, from which on the guard is not trusted to go on.
CONTRADICTED: Final = 0.50
#: Below this the model's best label is not acted upon at all.
HEARD: Final = 0.15
#: Below this a safety label that would end the call by mistake needs a second hearing.
SAFETY_SURE: Final = 0.40
#: The share of a sentence that the model must have met before: of one that the recogniser garbled
#: it knows a few common syllables, and is sure of them.
KNOWN: Final = 2 / 3
#: Recogniser confidence below which a yes does not count.
RECOGNISED: Final = 0.35
#: Words that somebody who wants to go on hardly uses; with one of them the model alone is not
#: evidence enough.
_CAUTION: Final = re.compile(
    r"别(?!的|家|人|处|墅|急|着急|忘|光|挂|慌|客气|见怪|介意|担心|误会|打断|太快|太早|太晚|那么快|说(?:得|的)?(?:那么|这么|太)快)|勿|莫|甭|嫑|覅|不许|不准|不让|不给|不想|不认|删|口气|胆子|资格|尊重|没允许|没同意|没授权|不同意|凭|隐私|授权|允许|合理|误导|"
    r"退(?:订|出|卡|掉|回我|了(?!吗|没))|销(?:户|卡|了|掉)|拉黑|屏蔽|黑(?!人|色)|(?<!不)(?<!没)(?<!没有)打扰|骚|(?<![麻嫌])烦(?!请|劳|[你您]再)|赔|说法|道歉|离谱|负责|素质|道德|(?<![办方做算用想看说分])法(?!子)|警|记名|记下你|良心|"
    r"\b(?:block|dare|never|stop|not call|court|legal)\b"
)
#: Words of which a question or wish of this kind has at least one. A confident model without any
#: of them is a resemblance, not evidence.
_EVIDENCE: Final = {
    label: re.compile(pattern)
    for label, pattern in {
        Intent.ASK_NUMBER_SOURCE: r"怎么|怎|哪|那里|那来|谁|为什么|为啥|咋|点解|点知|边|什么|渠道|途径|泄|how|where|who|why|what",
        Intent.ASK_PRICE: r"多少|(?<!十)几(?!年|十年|次|遍|回)|收|退|年化|违约|算|折|怎么|怎|咋|吗|么|啥|哪|能不能|可以|要不要|有没有|是不是|划|贵|免|好多|利|费|钱|how|what|any|is|are|do|charge",
        Intent.ASK_PRODUCT: r"多|几|怎|咋|吗|么|啥|哪|能|可以|要|有没有|需|是不是|会|影响|乜|咩|条件|材料|how|what|when|is|are|do|can|would",
        Intent.ASK_ROBOT: r"机|ai|人|录音|智能|电脑|自动|语音|系统|程序|robot|bot|human|real|machine|record|computer|automat|live",
        Intent.REPEAT: r"听|再|说|讲|啥|什么|声|信号|慢|快|重|卡|断|喂|网|吵|挂|等|笔|记|换|安静|what|pardon|sorry|again|hear|repeat|catch|line|slow|speak|breaking",
        Intent.GREETING: r"喂|好|哈|嗨|早|侬|谁|哪|hello|hi|hey|good",
        Intent.SEND_INFO: r"发|微信|加|短|邮|链接|资料|信|方案|彩|文|图|text|send|email|message|link|wechat|whatsapp",
        Intent.NEED_HUMAN: r"人|经理|客服|转|接|专员|驳|搵|agent|human|person|someone|representative|operator|service",
    }.items()
}
_MESSAGE_TOO: Final = ("短信", "发信息", "发消息", "微信", "发给我", "text me", "email", "发资料")


class Cascade:
    """The classifier a call uses (`Classifier`)."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        reading = self._read(text, question)
        if reading.continue_ and confidence is not None and confidence < RECOGNISED:
            held = (*reading.held, Held("recognised", confidence, RECOGNISED))
            reading = replace(reading, continue_=False, held=held)
        return reading

    def _read(self, text: str, question: Question) -> Reading:
        spoken = normalise(text)
        if not spoken.plain:
            return Reading(text=text, intent=UNCLEAR, score=0.0, layer="context", continue_=False)
        alert = safety.check(spoken)
        if alert.alarm is not None:
            return self._alarm(text, spoken, alert.alarm)
        answer = context.answer(spoken, question)
        if answer is not None and not (answer.among_others and self._is_risky(spoken)):
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

    def _is_risky(self, spoken: Spoken) -> bool:
        """Whether the model hears an opt-out or a complaint in what else is said than a limit."""
        return _stops(self.model.scores(normalise(without_limit(spoken.plain)))) >= RISKY

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
        unruled = _stops(scores)
        if lifted:  # a guard spoke: the look-alike is ruled out
            scores = {label: p for label, p in scores.items() if label not in lifted}
            total = sum(scores.values()) or 1.0
            scores = {label: p / total for label, p in scores.items()}
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        best, chance = ranked[0]
        risk = _stops(scores)
        abuse = scores.get(Intent.ABUSE, 0.0)
        intent, suspected, layer = best, False, "model"
        if best in STOP or risk >= SUSPECT:
            intent = best if best in STOP else max(STOP, key=lambda label: scores.get(label, 0.0))
            suspected = chance < 0.6 or best not in STOP
        elif chance < HEARD or (best in SAFETY and chance < SAFETY_SURE):
            intent, layer = UNCLEAR, "gate"
        known = self.model.known(spoken)
        held = []
        if layer == "gate":
            held.append(Held("unheard", chance, SAFETY_SURE if best in SAFETY else HEARD))
        elif intent in CONTINUE:
            held = self._held(spoken, Intent(intent), question, chance, risk, abuse, unruled, known)
        return Reading(
            text=text,
            intent=str(intent),
            score=scores.get(intent, chance),
            layer=layer,
            continue_=intent in CONTINUE and not held,
            suspected=suspected,
            risk=risk,
            top=tuple((label, round(p, 4)) for label, p in ranked[:3]),
            model_hash=self.model.sha256,
            held=tuple(held),
            known=known,
        )

    def _held(
        self,
        spoken: Spoken,
        intent: Intent,
        question: Question,
        chance: float,
        risk: float,
        abuse: float,
        unruled: float,
        known: float,
    ) -> list[Held]:
        """Every gate that keeps a label from being evidence of wanting to go on."""
        held = []
        if chance < SURE:
            held.append(Held("unsure", chance, SURE))
        if risk >= RISKY:
            held.append(Held("risky", risk, RISKY))
        elif risk + abuse >= 2 * RISKY:
            held.append(Held("abusive", risk + abuse, 2 * RISKY))
        if unruled >= CONTRADICTED:
            held.append(Held("contradicted", unruled, CONTRADICTED))
        if known < KNOWN:
            held.append(Held("unknown", known, KNOWN))
        evidence = _EVIDENCE.get(intent)
        if evidence is not None and not evidence.search(spoken.plain):
            held.append(Held("evidence"))
        caution = _CAUTION.search(spoken.plain)
        if caution:
            held.append(Held("caution", word=caution[0]))
        if intent == Intent.BACKCHANNEL:
            held.append(Held("listening"))
        if question == "consent" and not spoken.core:
            held.append(Held("core"))
        return held


def _stops(scores: Mapping[str, float]) -> float:
    """The chance that it was an opt-out or a complaint."""
    return sum(scores.get(label, 0.0) for label in STOP)


@lru_cache(maxsize=1)
def shipped() -> Cascade:
    """The classifier with the shipped weights, loaded once a process."""
    return Cascade(load())
