"""The dialogue engine: what the robot says next. Pure: same inputs, same step.

Each turn is decided in this order, and the first that applies wins:
1. `safety`: opt-outs, complaints and their kin; nothing in a script can block them,
2. an answer to the question just asked (its slot),
3. the node's own `next`,
4. `faq`: answer, then take the interrupted question up again,
5. `globals`,
6. the node's `"*"`.
Going forward on a yes needs positive evidence (`Reading.continue_`); without it the answer counts
as not understood. "嗯" is never consent to a transfer: the question is asked once more.
A customer who waits for a person is still heard: `step` on a parked state knows safety, "call me
back" and refusals, and otherwise says the next hold line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from robot.domain.expressions import Value
from robot.domain.intents.catalogue import (
    REFUSALS,
    Intent,
)
from robot.domain.intents.reading import Classifier
from robot.domain.rendering import NO_PROFILING, variables
from robot.domain.script import Script
from robot.domain.steps import (
    Heard,
    Say,
    State,
    Step,
    Trace,
)
from robot.domain.turn import ANSWER_S, FAULT, Turn, grade

__all__ = ["FAULT", "begin", "grade", "resume", "step"]


def begin(
    script: Script,
    given: Mapping[str, object],
    *,
    at: datetime,
    attributes: Mapping[str, Value] | None = None,
    zone: str = "Asia/Shanghai",
) -> Step:
    """The opening. `given` holds the variables' values; `attributes` are for variants only, and
    those that the script did not declare are not even kept.
    """
    known = {*script.attributes, NO_PROFILING}
    state = State(
        node=script.start,
        started_at=at,
        variables=variables(script, given),
        attributes={name: value for name, value in (attributes or {}).items() if name in known},
        zone=zone,
    )
    turn = Turn(script, state, Heard(at=at), Trace(matched="begin"))
    turn.enter(script.start)
    return turn.done()


def step(script: Script, state: State, heard: Heard, classifier: Classifier) -> Step:
    """The robot's reply to one answer (or to silence)."""
    if state.ended:
        return Step(state=state, trace=Trace(node=state.node, matched="ended"))
    if state.parked:
        return _hold(script, state, heard, classifier)
    state = state.evolve(turn=state.turn + 1, talk_s=state.talk_s + ANSWER_S)
    node = script.nodes.get(state.node)
    turn = Turn(script, state, heard, Trace(node=state.node))
    if node is None:
        turn.fault()
        return turn.done()
    turn.understand(classifier)
    if turn.reading is None:
        turn.silence()
    else:
        turn.answer(node, turn.reading)
    return turn.done()


def resume(script: Script, state: State, result: str, *, at: datetime) -> Step:
    """The robot's reply once a transfer has come to its end.

    `result` is connected, no_agent, no_answer, rejected or failed; anything else counts as failed.
    A conversation that is not waiting for a person stays as it is.
    """
    if not state.parked or state.ended:
        return Step(state=state, trace=Trace(node=state.node, matched="ended"))
    node = script.nodes[state.node]
    turn = Turn(script, state.evolve(parked=False), Heard(at=at, can_transfer=False), Trace())
    turn.trace = Trace(node=state.node, matched="transfer", rule=result)
    turn.enter(node.next.get(result) or node.next.get("failed") or script.over())
    return turn.done()


def _hold(script: Script, state: State, heard: Heard, classifier: Classifier) -> Step:
    """A customer who waits for a person and may speak meanwhile."""
    turn = Turn(script, state, heard, Trace(node=state.node))
    turn.understand(classifier)
    reading = turn.reading
    node = script.nodes[state.node]
    if reading is not None:
        if turn.safe(reading):
            return turn.done()
        leaving = REFUSALS | {Intent.BUSY_CALLBACK, Intent.SEND_INFO, Intent.HESITATE}
        if reading.intent in leaving:
            target = node.next.get(reading.intent) or script.globals.get(reading.intent)
            if target:
                turn.refused(reading)
                turn.go(target, "globals")
                return turn.done()
    lines = node.transfer.hold if node.transfer else ()
    turn.mark("hold")
    if lines:
        line = lines[state.holds % len(lines)]
        turn.replies.append(
            Say(text=turn.render(line), node=state.node, tags=node.tags, barge_in="any")
        )
    turn.state = turn.state.evolve(holds=state.holds + 1)
    turn.listen(node)
    return turn.done()
