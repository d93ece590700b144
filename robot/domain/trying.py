"""Trying a script out: the whole matrix of answers, and its golden dialogues, with results.

Publishing asks only whether anything is wrong (`validation.matrix`); a writer wants to see what
happens everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from robot.domain import engine
from robot.domain.golden import AT, differences, examples
from robot.domain.intents.catalogue import SAFETY
from robot.domain.intents.reading import Classifier
from robot.domain.rendering import variables
from robot.domain.script import Script
from robot.domain.steps import Heard, Say, State
from robot.domain.validation.matrix import Always

SILENCE: Final = "silence"
GARBAGE: Final = "garbage"
#: What a customer may do anywhere: each sign that the call must stop, silence, and nonsense.
COLUMNS: Final = (*sorted(SAFETY), SILENCE, GARBAGE)


@dataclass(frozen=True, slots=True)
class Cell:
    """What comes of one kind of answer at one node. `lines` were said in the last step."""

    outcome: str
    lines: int
    good: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One node against everything a customer may do there, in the order of `COLUMNS`."""

    node: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A golden dialogue as it went; `wrong` says what came out otherwise (empty = as written)."""

    name: str
    said: tuple[str, ...]
    wrong: tuple[str, ...]


def matrix(script: Script) -> list[Row]:
    """Every node where a customer may speak × everything they may do there."""
    return [
        Row(name, tuple(_cell(script, name, column) for column in COLUMNS))
        for name, node in script.nodes.items()
        if node.listens or node.kind == "transfer"
    ]


def dialogues(script: Script, classifier: Classifier) -> list[Dialogue]:
    """Every golden dialogue, played."""
    return [
        Dialogue(test.name, test.say, tuple(differences(script, test, classifier)))
        for test in script.tests
    ]


def _cell(script: Script, name: str, column: str) -> Cell:
    state = State(
        node=name,
        started_at=AT,
        variables=variables(script, examples(script)),
        parked=script.nodes[name].kind == "transfer",
    )
    if column in SAFETY:
        heard = Heard(at=AT + timedelta(seconds=5), text="…")
        step = engine.step(script, state, heard, Always(column))
        lines = sum(isinstance(reply, Say) for reply in step.replies)
        return Cell(step.state.outcome, lines, step.ended and lines <= 1)
    if state.parked:
        # who waits for a person may be silent: the next line of waiting follows
        return Cell("", 1, True)
    text = "" if column == SILENCE else "咕噜"
    for turn in range(script.limits.turns + 2):
        heard = Heard(at=AT + timedelta(seconds=turn), text=text)
        step = engine.step(script, state, heard, Always("unclear"))
        state = step.state
        if state.ended:
            lines = sum(isinstance(reply, Say) for reply in step.replies)
            return Cell(state.outcome, lines, state.outcome != engine.FAULT)
    return Cell("", 0, False)
