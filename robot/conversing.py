"""Holding a conversation: the engine's steps, stored once each.

Every function runs inside the caller's transaction, locks the conversation, and is idempotent:
a turn that was already worked out gives back the step that was stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from database.lookups import Lookup, Place
from database.prepared import Insertion, Prepared, Write, run
from robot.arbitrating import live_arbiter
from robot.domain import engine
from robot.domain.documents import read_json
from robot.domain.intents import safety
from robot.domain.intents.arbiter import Advised, NoArbiter
from robot.domain.intents.catalogue import LABELS
from robot.domain.intents.normalise import normalise
from robot.domain.intents.reading import Classifier
from robot.domain.script import Script
from robot.domain.steps import Heard, State, Step
from robot.domain.versions import Phase
from robot.intents_in_force import in_force
from robot.jobs import enqueue_shadow_question
from robot.models import Conversation, ScriptVersion, Turn
from robot.shadowing import last_lines

#: No turn comes later than this after its conversation's beginning.
LONGEST: Final = timedelta(days=7)
#: What a version holds that a turn has no use for: its hashes name what was parsed before.
HEAVY: Final = ("document", "source", "voice_manifest")


def _by_call(call_ref: Place) -> QuerySet[Conversation]:
    return (
        Conversation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("script_version")
        .defer("variables", *(f"script_version__{name}" for name in HEAVY))
        .filter(call_ref=call_ref)
    )


def _by_index(
    conversation: Place, phase: Place, index: Place, since: Place, until: Place
) -> QuerySet[Turn]:
    # the time lets PostgreSQL look into the one or two months' partitions that it can lie in
    return Turn.objects.filter(
        conversation_id=conversation, phase=phase, index=index, at__gte=since, at__lt=until
    )


_CONVERSATION = Lookup("conversation", _by_call, "call_ref")
_TURN = Lookup("turn", _by_index, "conversation", "phase", "index", "since", "until")
_STORE = Insertion(Turn, returning="id")
_OPEN = Insertion(Conversation, unless="call_ref", returning="id")
_STAND = Prepared(
    "conversation_stand",
    """
    UPDATE robot_conversation SET state = %(state)s, outcome = %(outcome)s, grade = %(grade)s,
        refusal_reason = %(refusal_reason)s, interest = %(interest)s, consented = %(consented)s,
        ended_at = coalesce(%(ended_at)s, ended_at), last_turn = greatest(last_turn, %(turn)s)
    WHERE id = %(id)s
    """,
)


class NoConversation(LookupError):
    """No conversation was begun for this call."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript. `intent` is how a customer's line was understood."""

    at: datetime
    who: Literal["robot", "customer"]
    text: str
    intent: str = ""
    node: str = ""


def begin(
    *,
    call_ref: UUID,
    version: ScriptVersion,
    variables: Mapping[str, object],
    at: datetime,
    attributes: Mapping[str, Any] | None = None,
    zone: str = "Asia/Shanghai",
    trial: bool = False,
) -> Step:
    """Open the conversation of a call; the opening again if it was opened before.

    `attributes` are the customer's declared attributes for variants; `zone` is where they live.
    A `trial` is heard by our own people: it counts nowhere and needs no second hearing.
    """
    step = engine.begin(script_of(version), variables, at=at, attributes=attributes, zone=zone)
    opened = _open(
        {
            "call_ref": call_ref,
            "script_version_id": version.pk,
            "state": "{}",
            "variables": json.dumps(step.state.variables, ensure_ascii=False),
            "started_at": at,
            "trial": trial,
            "swept_at": at if trial else None,
        }
    )
    if opened is None:  # opened before
        return _stored(lock(call_ref), Phase.TALK, 0) or step
    _store(opened, Phase.TALK, 0, Heard(at=at), step)
    return step


def hear(
    *,
    call_ref: UUID,
    turn: int,
    text: str,
    digits: str = "",
    confidence: float | None = None,
    at: datetime,
    can_transfer: bool | Callable[[], bool] = True,
    parked: bool = False,
    conversation: Conversation | None = None,
    writes: list[Write] | None = None,
) -> Step:
    """The reply to what the customer said in this turn ("" for silence).

    `can_transfer` may be a function: it is called only when the robot is about to ask whether to
    transfer, so that a person is reserved at that moment and not before; False makes the robot
    offer a callback instead. Turns of a customer who waits for a person are numbered apart
    (`parked=True`). `conversation`: what `lock` gave, for who has locked it. `writes`: where the
    turn is put for the caller to write in this transaction; without it, it is written at once.
    """
    conversation = conversation or lock(call_ref)
    phase = Phase.PARK if parked else Phase.TALK
    stored = _stored(conversation, phase, turn)
    if stored is not None:
        return stored
    script = script_of(conversation.script_version)
    state = State.load(conversation.state)
    if parked and not state.parked:
        return Step(state=state)  # the transfer was settled while this turn was on its way
    asked = can_transfer if isinstance(can_transfer, bool) else True
    heard = Heard(at=at, text=text, digits=digits, confidence=confidence, can_transfer=asked)
    classifier = _classifier(script, state)
    step = engine.step(script, state, heard, classifier)
    if step.asks_consent and not isinstance(can_transfer, bool) and not can_transfer():
        heard = heard.model_copy(update={"can_transfer": False})
        step = engine.step(script, state, heard, classifier)
    _store(conversation.pk, phase, turn, heard, step, writes)
    return step


def step_of(call_ref: UUID, turn: int) -> Step:
    """The step that a turn of the talk was answered with. Raises NoConversation."""
    step = _stored(lock(call_ref), Phase.TALK, turn)
    if step is None:
        raise NoConversation(f"{call_ref}: turn {turn}")
    return step


def must_stop(text: str) -> bool:
    """Whether these words, though perhaps not all of them yet, are to be obeyed at once.

    Only what the safety rules are certain of; needs no database.
    """
    alarm = safety.check(normalise(text)).alarm
    return alarm is not None and alarm.certain


def transfer_result(*, call_ref: UUID, result: str, at: datetime) -> Step:
    """What the robot says once the transfer came to its end.

    `result`: connected, no_agent, no_answer, rejected or failed. Asked again, the same step.
    """
    conversation = lock(call_ref)
    state = State.load(conversation.state)
    if not state.parked:
        return _stored(conversation, Phase.TRANSFER, state.transfers) or Step(state=state)
    step = engine.resume(script_of(conversation.script_version), state, result, at=at)
    _store(conversation.pk, Phase.TRANSFER, state.transfers, Heard(at=at, text=""), step)
    return step


@transaction.atomic
def close(*, call_ref: UUID, at: datetime, outcome: str = "HUNG_UP") -> None:
    """The call is over; a conversation without an ending of its own gets this one."""
    conversation = (
        Conversation.objects.select_for_update(no_key=True).filter(call_ref=call_ref).first()
    )
    if conversation is None or conversation.ended_at is not None:
        return
    conversation.ended_at = at
    conversation.outcome = conversation.outcome or outcome
    conversation.save(update_fields=["ended_at", "outcome"])


def transcript(call_ref: UUID) -> list[Line]:
    """Everything said so far, in order; empty for an unknown call."""
    conversation = Conversation.objects.filter(call_ref=call_ref).first()
    if conversation is None:
        return []
    lines = []
    for turn in Turn.objects.filter(conversation_id=conversation.pk).order_by("id"):
        if turn.text or turn.digits:
            words = turn.text or f"#{turn.digits}"
            lines.append(Line(turn.at, "customer", words, turn.intent, turn.node))
        if turn.said:
            lines.append(Line(turn.at, "robot", turn.said, node=turn.node_after))
    return lines


def state_of(call_ref: UUID) -> State:
    """Where a conversation stands (slots, interest, consent …)."""
    conversation = Conversation.objects.filter(call_ref=call_ref).first()
    if conversation is None:
        raise NoConversation(str(call_ref))
    return State.load(conversation.state)


def last_turn(call_ref: UUID) -> int:
    """The number of the last turn of the talk; 0 for the opening."""
    return Conversation.objects.values_list("last_turn", flat=True).get(call_ref=call_ref)


def script_of(version: ScriptVersion) -> Script:
    """The document of a version; parsed once a process, for a published one cannot change."""
    return _parsed(version.pk, version.content_hash)


@lru_cache(maxsize=64)
def _parsed(version_id: int, content_hash: str) -> Script:
    return read_json(ScriptVersion.objects.get(pk=version_id).document)


def _classifier(script: Script, state: State) -> Classifier:
    """The cascade; with an arbiter behind it where the bank has turned one on."""
    arbiter = live_arbiter()
    if isinstance(arbiter, NoArbiter):
        return in_force()
    return Advised(in_force(), arbiter, LABELS, last_lines(script, state.node))


def lock(call_ref: UUID) -> Conversation:
    """The conversation, locked, with the hashes of its script's version (not with the document).

    Raises NoConversation.
    """
    found = _CONVERSATION.first(call_ref=call_ref)
    if found is None:
        raise NoConversation(str(call_ref))
    return found


def _stored(conversation: Conversation, phase: Phase, index: int) -> Step | None:
    if phase is Phase.TALK and index > conversation.last_turn:
        return None
    turn = _TURN.first(
        conversation=conversation.pk,
        phase=phase.value,
        index=index,
        since=conversation.started_at,
        until=conversation.started_at + LONGEST,
    )
    return None if turn is None else Step.load(turn.step)


def _open(values: dict[str, Any]) -> int | None:
    """Make the row of a conversation; None when there is one already."""
    with connection.cursor() as cursor:
        run(cursor, (_OPEN, values))
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _store(
    conversation_id: int,
    phase: Phase,
    index: int,
    heard: Heard,
    step: Step,
    writes: list[Write] | None = None,
) -> None:
    trace, state = step.trace, step.state
    stand = {
        "id": conversation_id,
        "state": state.model_dump_json(),
        "outcome": state.outcome,
        "grade": state.grade,
        "refusal_reason": state.refusal_reason,
        "interest": state.interest,
        "consented": state.consented,
        "ended_at": heard.at if state.ended else None,
        "turn": index if phase is Phase.TALK else 0,
    }
    turn = {
        "at": heard.at,
        "conversation_id": conversation_id,
        "phase": phase.value,
        "index": index,
        "text": heard.text,
        "digits": heard.digits[:20],
        "confidence": heard.confidence,
        "node": trace.node,
        "node_after": state.node,
        "intent": trace.intent,
        "score": trace.score,
        "layer": trace.layer,
        "matched": trace.matched,
        "model_hash": trace.model_hash,
        "said": step.spoken,
        "step": step.model_dump_json(),
    }
    steps: list[Write] = [(_STAND, stand), (_STORE, turn)]
    modelled = bool(heard.text) and trace.layer in ("model", "gate")
    shadowed = modelled and settings.ARBITER_MODE == "shadow"
    if writes is not None and not shadowed:
        writes += steps
        return
    with connection.cursor() as cursor:
        run(cursor, *steps)
        row = cursor.fetchone()
    if shadowed:
        enqueue_shadow_question(row[0], heard.at)
