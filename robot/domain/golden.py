"""Golden dialogues: the conversations written into a script, played and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from robot.domain import engine
from robot.domain.intents.reading import Classifier
from robot.domain.script import Golden, Script
from robot.domain.steps import Effect, Heard, Say, State, Step

#: A Tuesday afternoon, 14:00 in China.
AT: Final = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Played:
    """A dialogue played through."""

    steps: tuple[Step, ...]

    @property
    def state(self) -> State:
        return self.steps[-1].state

    @property
    def effects(self) -> tuple[Effect, ...]:
        return tuple(effect for step in self.steps for effect in step.effects)

    @property
    def bot_turns_after(self) -> int:
        """Lines spoken in the last step that spoke."""
        return sum(isinstance(reply, Say) for reply in self.steps[-1].replies)


def play(script: Script, golden: Golden, classifier: Classifier) -> Played:
    """Say the customer's lines one by one; stops when the conversation has ended."""
    steps = [engine.begin(script, {**examples(script), **golden.vars}, at=AT)]
    at = AT
    for line in golden.say:
        state = steps[-1].state
        if state.ended:
            break
        at += timedelta(seconds=5)
        if line.startswith("!"):
            steps.append(engine.resume(script, state, line[1:], at=at))
            continue
        heard = Heard(
            at=at,
            text="" if line.startswith("#") else line,
            digits=line[1:] if line.startswith("#") else "",
            can_transfer=golden.can_transfer,
        )
        steps.append(engine.step(script, state, heard, classifier))
    return Played(tuple(steps))


def differences(script: Script, golden: Golden, classifier: Classifier) -> list[str]:
    """What came out otherwise than expected; empty if nothing."""
    played, expect = play(script, golden, classifier), golden.expect
    state = played.state
    found = []
    if expect.path is not None and state.path != expect.path:
        found.append(f"path {list(state.path)}, expected {list(expect.path)}")
    if expect.end is not None and state.outcome != expect.end:
        found.append(f"ended {state.outcome or 'not at all'}, expected {expect.end}")
    if expect.max_bot_turns_after is not None and (
        played.bot_turns_after > expect.max_bot_turns_after
    ):
        found.append(f"{played.bot_turns_after} lines after it")
    for slot, value in expect.slots.items():
        if state.slots.get(slot) != value:
            found.append(f"slot {slot} is {state.slots.get(slot)}, expected {value}")
    if expect.effects is not None:
        names = tuple(effect.name for effect in played.effects)
        if names != expect.effects:
            found.append(f"effects {list(names)}, expected {list(expect.effects)}")
    if expect.interest is not None and state.interest != expect.interest:
        found.append(f"interest is {state.interest}")
    return found


def examples(script: Script) -> Mapping[str, str]:
    """The variables' example values."""
    return {name: var.example for name, var in script.vars.items() if var.example}
