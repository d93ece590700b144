"""How well the whole cascade does on labelled utterances it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from robot.domain.corpus import Example
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import CONTINUE, STOP, Intent
from robot.domain.intents.reading import Classifier
from robot.domain.script import Question

#: Readings that do the customer no wrong: both lead to the same kind of reply.
ACCEPTABLE: Final[dict[str, frozenset[str]]] = {
    Intent.OPT_OUT: frozenset({Intent.COMPLAINT_THREAT, Intent.ABUSE}),
    Intent.COMPLAINT_THREAT: frozenset({Intent.OPT_OUT, Intent.ABUSE}),
    Intent.ABUSE: frozenset({Intent.OPT_OUT, Intent.COMPLAINT_THREAT}),
    Intent.NOT_INTERESTED: frozenset(
        {Intent.DENY, Intent.GOODBYE, Intent.HESITATE, Intent.OPT_OUT}
    ),
    Intent.DENY: frozenset({Intent.NOT_INTERESTED, Intent.BUSY_CALLBACK}),
    Intent.INTERESTED: frozenset({Intent.AFFIRM, Intent.NEED_HUMAN, Intent.ASK_PRODUCT}),
    Intent.AFFIRM: frozenset({Intent.INTERESTED}),
    Intent.BACKCHANNEL: frozenset({"unclear"}),
    Intent.HESITATE: frozenset({Intent.NOT_INTERESTED, Intent.BUSY_CALLBACK}),
    Intent.BUSY_CALLBACK: frozenset({Intent.HESITATE, Intent.DENY}),
    Intent.ALREADY_HAVE: frozenset({Intent.NOT_INTERESTED}),
    Intent.NOT_ELIGIBLE: frozenset({Intent.NOT_INTERESTED, Intent.VULNERABLE_DISTRESS}),
    Intent.NEED_HUMAN: frozenset({Intent.INTERESTED}),
    Intent.ASK_PRODUCT: frozenset({Intent.INTERESTED, Intent.ASK_PRICE}),
    Intent.ASK_PRICE: frozenset({Intent.ASK_PRODUCT}),
    Intent.GREETING: frozenset({Intent.ASK_IDENTITY, Intent.REPEAT}),
    Intent.REPEAT: frozenset({Intent.GREETING}),
    Intent.ASK_IDENTITY: frozenset({Intent.GREETING}),
    Intent.GOODBYE: frozenset({Intent.NOT_INTERESTED, Intent.BUSY_CALLBACK}),
    Intent.WRONG_NUMBER: frozenset({Intent.NOT_OWNER_PROXY}),
    Intent.VOICEMAIL: frozenset({Intent.IVR, Intent.CALL_SCREENER}),
    Intent.IVR: frozenset({Intent.VOICEMAIL}),
    Intent.CALL_SCREENER: frozenset({Intent.VOICEMAIL}),
}


@dataclass
class Result:
    total: int = 0
    right: int = 0
    acceptable: int = 0
    stops: int = 0
    missed_stops: list[str] = field(default_factory=list)
    productive: int = 0
    continued: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    by_label: Counter[str] = field(default_factory=Counter)
    right_by_label: Counter[str] = field(default_factory=Counter)
    #: How each example was read, in their order, and how well: right 2, acceptable 1, wrong 0,
    #: an opt-out or complaint that went on -1.
    read_as: list[str] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)

    @property
    def good(self) -> float:
        """Share of utterances right or acceptable."""
        return (self.right + self.acceptable) / max(self.total, 1)

    @property
    def flow(self) -> float:
        """Share of productive turns that continue."""
        return self.continued / max(self.productive, 1)


def evaluate(
    examples: Iterable[Example],
    question: Question = "open",
    classifier: Classifier | None = None,
) -> Result:
    """How a classifier (the shipped one unless named) does on these examples."""
    result = Result()
    classifier = classifier or shipped()
    for example in examples:
        reading = classifier.read(example.text, question)
        result.total += 1
        result.by_label[example.label] += 1
        result.read_as.append(reading.intent)
        rank = 0
        if reading.intent == example.label:
            result.right += 1
            result.right_by_label[example.label] += 1
            rank = 2
        elif reading.intent in ACCEPTABLE.get(example.label, frozenset()):
            result.acceptable += 1
            rank = 1
        else:
            result.wrong.append((example.text, example.label, reading.intent))
        if example.label in STOP:
            result.stops += 1
            if reading.continue_:
                result.missed_stops.append(example.text)
                rank = -1
        if example.label in CONTINUE:
            result.productive += 1
            result.continued += reading.continue_
        result.ranks.append(rank)
    return result


def report(examples: list[Example]) -> str:
    """The hold-out report, for people."""
    result = evaluate(examples)
    lines = [
        f"utterances {result.total}, right {result.right / max(result.total, 1):.1%}, "
        f"right or acceptable {result.good:.1%}",
        f"opt-outs and complaints {result.stops}, continued {len(result.missed_stops)}",
        f"productive turns {result.productive}, continued {result.flow:.1%}",
    ]
    for label, total in sorted(result.by_label.items()):
        lines.append(f"  {label:20} {result.right_by_label[label] / total:6.1%} of {total}")
    return "\n".join(lines)
