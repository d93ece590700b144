"""Hearing an answer a second time, after the call: slower, and sooner suspicious.

In the call a wrong suspicion ends a conversation somebody wanted; here it only keeps a customer
from being dialled until a person has looked. So the ensemble is wide: the sentence, its parts and
how they may have been misheard; the safety rules without the guards that lift them for look-alikes;
and the model's chance of an opt-out or complaint at a far lower threshold than the gate's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from robot.domain.intents import safety
from robot.domain.intents.cascade import Cascade
from robot.domain.intents.catalogue import STOP, UNCLEAR
from robot.domain.intents.normalise import Spoken, normalise
from robot.domain.intents.sounds import by_ear

#: The model's chance of an opt-out or complaint from which on a person looks at it. The gate that
#: lets a conversation go on stands at 2.5 %, the suspicion that ends a call at 30 %.
DOUBTFUL: Final = 0.02
#: With words of prohibition in the sentence this is enough.
DOUBTFUL_WITH_CAUTION: Final = 0.01
#: Sentences whose look-alike is no matter of degree: they say that something was *not* said, or
#: name a better time. Everything else that guards lift in the call is suspected here.
_DENIED: Final = re.compile(
    r"(?:没|没有|不是|谁|从没|并没|不会|不想|不用)(?:说|让|叫|想|要|去)?(?:过)?(?:你们?|我|是|再)?(?:不要|别|不让|不用|投诉|举报|告|报警)"
    r"|(?:晚点|晚些|明天|后天|下午|晚上|上午|待会|等会|等下|过会|一会|回头|改天|有空|下班|忙完|点).{0,6}(?:打|联系|来电|说|聊|谈|回)"
    r"|(?:别|不要)(?:太)?(?:晚|早|打断|打岔|急|挂)|打(?:断|折|车|算|印|字)|少打|(?:人工|经理|客服|专员)"
)
_CAUTION: Final = re.compile(
    r"别(?!的|家|人|处)|勿|莫|甭|嫑|覅|唔好|咪|不许|不准|不要|不想|不愿|删|抹|清(?!楚)|销|退订|取消|拉黑|屏蔽|名单|号码?|骚|烦|告|投诉|最后一次|以后|再也|永远|联系"
    r"|\b(?:stop|never|not|remove|delete|block|list|last|again|off|out)\b"
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an answer may have been an opt-out: the rule, or the model's chance of it."""

    why: str
    risk: float


def doubt(text: str, classifier: Cascade) -> Doubt | None:
    """What speaks for an opt-out or complaint in this answer; None clears it."""
    spoken = normalise(text)
    if not spoken.plain:
        return None
    risk, first = 0.0, classifier.read(text, "open")
    # Of a short answer or an announcement that a rule knows, the model has nothing to say.
    settled = first.layer in ("safety", "context") and first.intent not in (*STOP, UNCLEAR)
    for variant in (text,) if settled else _variants(text, spoken):
        reading = classifier.read(variant, "open")
        if reading.intent in STOP:
            return Doubt(f"read:{reading.rule or reading.layer}", max(reading.score, reading.risk))
        if not reading.top:  # settled by a rule; the model has an opinion all the same
            scores = classifier.model.scores(normalise(variant))
            risk = max(risk, sum(scores[label] for label in STOP))
        else:
            risk = max(risk, reading.risk)
    if _DENIED.search(spoken.plain):
        return None
    rule = _unguarded(spoken)
    if rule:
        return Doubt(f"rule:{rule}", risk)
    enough = DOUBTFUL_WITH_CAUTION if _CAUTION.search(spoken.plain) else DOUBTFUL
    return Doubt("model", risk) if risk >= enough and not settled else None


def _variants(text: str, spoken: Spoken) -> list[str]:
    """The sentence, its parts, what it sounds like, and without its first or last character."""
    found = [text, spoken.core, by_ear(spoken.plain)]
    if len(spoken.clauses) > 1:
        found += spoken.clauses
    if len(spoken.core) >= 6 and not spoken.core.isascii():
        found += [spoken.core[1:], spoken.core[:-1]]
    return list(dict.fromkeys(found))


def _unguarded(spoken: Spoken) -> str:
    """The certain opt-out or complaint rule that applies once its guard is left out."""
    for heard in (spoken.plain, by_ear(spoken.plain)):
        for rule in safety.RULES:
            if rule.intent in STOP and rule.certain and rule.pattern.search(heard):
                return rule.name
    return ""
