"""What was understood of one utterance."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, Protocol

from robot.domain.script import Question

Gate = Literal[
    "unsure",
    "contradicted",
    "risky",
    "abusive",
    "unknown",
    "unheard",
    "recognised",
    "caution",
    "evidence",
    "listening",
    "core",
]


@dataclass(frozen=True, slots=True)
class Held:
    """A gate that kept a willing answer from counting: what it saw, and what it asks for.

    unsure, contradicted, risky, abusive, unknown, unheard, recognised: `figure` against `limit`
    (both shares); caution: the `word`; evidence, listening, core: nothing more.
    """

    gate: Gate
    figure: float = 0.0
    limit: float = 0.0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One utterance, understood.

    `layer` is where the decision fell: dtmf, safety, context, model, gate. `continue_` says that
    there is positive evidence that the customer wants the conversation to go on. `suspected`
    marks an opt-out that is likely but not certain: the call ends politely and a person looks at
    it. `risk` is the model's chance that this was an opt-out or a complaint. `also` holds a
    second wish in the same breath ("别打了，发短信吧").
    """

    text: str
    intent: str
    score: float
    layer: str
    continue_: bool
    suspected: bool = False
    risk: float = 0.0
    also: tuple[str, ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    rule: str = ""
    model_hash: str = ""
    held: tuple[Held, ...] = ()
    known: float = 1.0


class Classifier(Hashable, Protocol):
    def read(self, text: str, question: Question, confidence: float | None = None) -> Reading:
        """What `text` means as an answer to a question of this kind.

        `confidence` is the recogniser's, 0..1, or None when it gave none.
        """
        ...
