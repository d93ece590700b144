"""A second opinion from a language model, weighed so that it can only make the robot more careful.

The arbiter is asked about answers that no rule settled. It names one of the labels it was given and
the words it goes by. Then, whatever it says:

- it never overrides a rule (layers safety, context, dtmf): it is not even asked;
- it may raise the risk: an opt-out or a complaint that the cascade did not see stops the call as a
  suspicion, for a person to look at;
- it may make an answer less of a yes (the call does not go on), never more: what did not continue
  without it does not continue with it;
- it never writes anything a customer hears and never picks a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from robot.domain.intents.catalogue import CONTINUE, SAFETY, STOP, UNCLEAR
from robot.domain.intents.reading import Classifier, Reading
from robot.domain.script import Question

#: From this chance of an opt-out on, the call ends politely and a person looks at it.
RISK_STOPS: Final = 0.5
#: From this chance on, the robot at least does not go on.
RISK_DOUBTS: Final = 0.2
#: Below this confidence the arbiter's label says nothing.
SURE: Final = 0.6
#: Layers whose word is final.
_SETTLED: Final = frozenset({"safety", "context", "dtmf"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the arbiter is told: the kind of question, the answer, the last lines, the labels."""

    question: Question
    utterance: str
    before: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What it says. `span` is the part of the utterance that it goes by."""

    label: str
    confidence: float
    span: str
    opt_out_risk: float


class Arbiter(Protocol):
    """Somebody who may be asked; None when there is no answer (off, late, broken, nonsense)."""

    def classify(self, asked: Asked) -> Opinion | None: ...


class NoArbiter:
    """Nobody: the robot decides by its own."""

    def classify(self, asked: Asked) -> Opinion | None:
        return None


def worth_asking(reading: Reading) -> bool:
    """Whether a second opinion could change anything: no rule has settled the answer."""
    return reading.layer not in _SETTLED and bool(reading.text.strip())


def sound(asked: Asked, opinion: Opinion) -> bool:
    """Whether an opinion keeps to what was asked: a label of the list, its words really said,
    chances between 0 and 1.
    """
    chances = (opinion.confidence, opinion.opt_out_risk)
    return (
        opinion.label in asked.labels
        and bool(opinion.span.strip())
        and opinion.span in asked.utterance
        and all(0.0 <= chance <= 1.0 for chance in chances)
    )


def weigh(reading: Reading, opinion: Opinion | None) -> Reading:
    """The reading with the opinion taken into account: never less careful than before."""
    if opinion is None or not worth_asking(reading):
        return reading
    risk = max(reading.risk, opinion.opt_out_risk)
    sure = opinion.confidence >= SURE
    if reading.intent in STOP:
        return replace(reading, risk=risk)
    if (sure and opinion.label in STOP) or opinion.opt_out_risk >= RISK_STOPS:
        label = opinion.label if opinion.label in STOP else "opt_out"
        return replace(
            reading,
            intent=label,
            layer="arbiter",
            score=max(opinion.confidence, opinion.opt_out_risk),
            continue_=False,
            suspected=True,
            risk=risk,
            rule="arbiter",
        )
    goes_on = reading.continue_ and risk < RISK_DOUBTS
    if sure and opinion.label not in CONTINUE and opinion.label != reading.intent:
        goes_on = False
    # what was not understood may be understood as something that does not lead on
    if reading.intent == UNCLEAR and sure and opinion.label not in CONTINUE | SAFETY:
        return replace(
            reading,
            intent=opinion.label,
            layer="arbiter",
            score=opinion.confidence,
            continue_=False,
            risk=risk,
            rule="arbiter",
        )
    return replace(reading, continue_=goes_on, risk=risk)


def agrees(reading: Reading, opinion: Opinion) -> bool:
    """For the report of a shadow run: the same label, or both would stop, or both would not."""
    if opinion.label == reading.intent:
        return True
    return (opinion.label in STOP) == (reading.intent in STOP) and (
        opinion.label in CONTINUE
    ) == reading.continue_


def labels_for(labels: Sequence[str]) -> tuple[str, ...]:
    """The closed list an arbiter may choose from: the catalogue and "unclear"."""
    return (*labels, UNCLEAR)


class Advised:
    """A classifier that asks for a second opinion where no rule has settled the answer.

    `before` are the last lines of the conversation, for the arbiter to read.
    """

    def __init__(
        self,
        classifier: Classifier,
        arbiter: Arbiter,
        labels: Sequence[str],
        before: Sequence[str] = (),
    ) -> None:
        self._classifier, self._arbiter = classifier, arbiter
        self._labels, self._before = labels_for(labels), tuple(before)

    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        reading = self._classifier.read(text, question, confidence)
        if not worth_asking(reading):
            return reading
        asked = Asked(question, text, self._before, self._labels)
        return weigh(reading, self._arbiter.classify(asked))
