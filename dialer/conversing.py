"""The robot's side of a call: the carrier's fetches in, TwiML out.

The dialogue engine says what happens next; this module carries it out: lines become TwiML, effects
become rows in the same transaction, the consent question reserves a person first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from compliance import ledger
from database.lookups import save
from database.prepared import Write, write
from dialer import (
    agent_first,
    callbacks,
    effects,
    handovers,
    messaging,
    progress,
    speaking,
    transferring,
)
from dialer.domain.call_kind import AGENT_FIRST, CallKind
from dialer.domain.call_state import CallState
from dialer.domain.said import Said
from dialer.domain.stages import Stage
from dialer.models import Call, Transfer
from robot import conversing as robot
from robot.domain.rendering import NO_PROFILING
from robot.domain.script import BargeIn
from robot.domain.steps import End, Listen, Say, Step
from robot.domain.steps import Transfer as Park
from robot.models import ScriptVersion
from telephony import twiml
from telephony.addresses import hook_url
from telephony.twiml import Prompt

#: Said when a talk with an agent is over and the agent has left first.
GOODBYE_LINE = "感谢您的接听，再见。"

INTERESTED = "INTERESTED"
#: Waiting loops are numbered through all offers; one offer has far fewer.
_LOOPS_PER_OFFER = 100
#: What may interrupt a line. The carrier cannot tell an answer from a mere sound before it has
#: stopped for it, so "semantic" is heard as "any"; the engine takes a mere "嗯" for what it is.
_STRICTEST: Sequence[BargeIn] = ("off", "safety_only", "semantic", "any")
#: Voices that are no customer: to hear them is no conversation.
_MACHINES = frozenset({"voicemail", "ivr", "call_screener"})


def answered(call: Call, *, at: datetime) -> str:
    """The opening lines. The fetch may come before the `in-progress` callback, or after it."""
    progress.reach(call, CallState.ANSWERED, cause="carrier:fetch", at=at)
    if call.state != CallState.ANSWERED:
        return twiml.hang_up([])
    if call.kind in AGENT_FIRST:
        return agent_first.answered(call, at=at)
    if _unwanted(call):
        call.outcome = "OPT_OUT_INFLIGHT"
        call.save(update_fields=["outcome"])
        return twiml.hang_up([agent_first.SORRY_LINE])
    step = robot.begin(
        call_ref=call.public_id,
        version=speaking.version(call),
        variables=speaking.variables(call),
        attributes=_attributes(call),
        at=at,
        trial=call.kind == CallKind.TEST,
    )
    return _carry_out(call, step, turn=0, at=at)


def heard(
    call: Call, *, turn: int, said: Said, at: datetime, writes: list[Write] | None = None
) -> str:
    """The robot's reply to one answer (or to silence).

    A turn that only talks is added to `writes`, where they are given, for the caller to write with
    the reply; one that has consequences is written before them.
    """
    if call.state != CallState.ANSWERED:
        return twiml.hang_up([])
    if call.cut_turn == turn:
        return _said_again(call, turn=turn)

    def can_transfer() -> bool:
        # the flow has come to the consent question: this customer is interested, whoever is free
        call.outcome = INTERESTED
        call.interested_turn = turn
        call.stage = Stage.INTERESTED.value
        call.save(update_fields=["outcome", "interested_turn", "stage"])
        return transferring.reserve_for(call, at=at)

    conversation = robot.lock(call.public_id)
    step = robot.hear(
        call_ref=call.public_id,
        conversation=conversation,
        turn=turn,
        text=said.text,
        digits=said.digits,
        confidence=said.confidence,
        at=at,
        can_transfer=can_transfer,
        writes=writes,
    )
    only_talks = all(isinstance(reply, Say | Listen) for reply in step.replies)
    if writes and (step.effects or step.asks_consent or not only_talks):
        write(writes)
    if (said.text or said.digits) and step.trace.intent not in _MACHINES:
        _note_conversation(call, at)
    if step.asks_consent:
        # the turn that brought the question is stored only now: what they want belongs to it
        transferring.show_who_is_coming(call)
    return _carry_out(call, step, turn=turn, at=at, version=conversation.script_version)


def parked(transfer_id: UUID, *, offer: int, loop: int, said: Said, at: datetime) -> str:
    """One waiting loop: the customer is heard, told how things stand, or released."""
    found = handovers.lock_with_call(transfer_id)
    if found is None:
        return twiml.hang_up([])
    transfer, call = found
    if call.state != CallState.ANSWERED:
        return twiml.hang_up([])
    if handovers.is_bridging(transfer):
        return handovers.bridge_document(transfer)
    if handovers.is_over(transfer):
        return twiml.hang_up([GOODBYE_LINE])
    step = robot.hear(
        call_ref=call.public_id,
        turn=offer * _LOOPS_PER_OFFER + loop,
        text=said.text,
        digits=said.digits,
        confidence=said.confidence,
        at=at,
        can_transfer=False,
        parked=True,
    )
    if not step.state.parked:
        transferring.customer_stopped_waiting(transfer, call, ended=step.ended, at=at)
        return _carry_out(call, step, turn=robot.last_turn(call.public_id), at=at)
    if not transferring.keep_waiting(transfer, call, loop=loop, at=at):
        step = robot.transfer_result(call_ref=call.public_id, result="no_agent", at=at)
        return _carry_out(call, step, turn=robot.last_turn(call.public_id), at=at)
    return _park_document(
        transfer, speaking.prompts(speaking.version(call), _lines(step)), loop=loop + 1
    )


def after_talk(transfer_id: UUID, *, at: datetime) -> str:
    """The customer is out of the conference: a goodbye, or back to waiting after a cut."""
    found = handovers.lock_with_call(transfer_id)
    if found is None:
        return twiml.hang_up([])
    transfer, call = found
    if call.state == CallState.ANSWERED and handovers.waits_again(transfer):
        return _park_document(transfer, [], loop=0)
    return twiml.hang_up([GOODBYE_LINE])


def _carry_out(
    call: Call, step: Step, *, turn: int, at: datetime, version: ScriptVersion | None = None
) -> str:
    """Do what a step asks for, and say it in TwiML, with the voice of the script's version."""
    effects.carry_out(call, step.effects, at=at)
    voice = version or speaking.version(call)
    lines = speaking.prompts(voice, _lines(step))
    for reply in step.replies:
        if isinstance(reply, End):
            _end(call, step, reply.outcome, at)
            if reply.sms is not None and call.kind != CallKind.TEST:
                _promise_message(call, step, reply.sms)
            return twiml.hang_up(lines)
        if isinstance(reply, Park):
            bridge = transferring.consented(call, step, at=at)
            transfer = Transfer.objects.get(call=call)
            hold = speaking.prompts(voice, reply.hold[:1])
            return bridge or _park_document(transfer, [*lines, *hold], loop=0)
        if isinstance(reply, Listen):
            return _listen(call, step, reply, lines, turn=turn + 1)
    return twiml.hang_up(lines)


def _listen(call: Call, step: Step, reply: Listen, lines: list[Prompt], *, turn: int) -> str:
    """Say the lines and listen, as interruptible as the strictest of them."""
    policy = min((each.barge_in for each in _says(step)), key=_STRICTEST.index, default="any")
    place: dict[str, UUID | int] = {"public_id": call.public_id, "number": turn}
    return twiml.gather(
        lines,
        action=hook_url("turn", **place),
        wait_s=reply.wait_s,
        end_s=reply.end_s,
        digits=1 if reply.dtmf else 0,
        hints=reply.hints,
        barge_in=policy in ("semantic", "any"),
        overheard=hook_url("overheard", **place) if policy == "safety_only" else "",
    )


def _said_again(call: Call, *, turn: int) -> str:
    """The words of a turn that was carried out when they were overheard."""
    step = robot.step_of(call.public_id, turn)
    lines = speaking.prompts(speaking.version(call), _lines(step))
    for reply in step.replies:
        if isinstance(reply, Listen):
            return _listen(call, step, reply, lines, turn=turn + 1)
    return twiml.hang_up(lines)


def _end(call: Call, step: Step, outcome: str, at: datetime) -> None:
    """The dialogue is over: file its outcome, unless the customer's interest was filed already."""
    if outcome == "CALLBACK":
        callbacks.book(call, wanted=step.state.slots.get("callback_at"), step=step, at=at)
    if call.outcome != INTERESTED:
        call.outcome = outcome[:30]
        call.save(update_fields=["outcome"])
    transferring.dialogue_ended(call, outcome=outcome, at=at)


def _promise_message(call: Call, step: Step, template: str) -> None:
    """The text that the customer asked for, with the words that asked for it."""
    evidence = {"call": str(call.public_id), "turn": step.state.turn, "intent": step.trace.intent}
    values = {**step.state.variables, **step.state.slots}
    messaging.promise(call, template=template, values=values, evidence=evidence)


def _park_document(transfer: Transfer, lines: list[Prompt], *, loop: int) -> str:
    return twiml.gather(
        lines,
        action=hook_url("park", transfer_id=transfer.pk, offer=transfer.offers, number=loop),
        wait_s=transferring.PARK_WAIT_S,
        end_s=1.0,
        digits=1,
        hints=("别打了", "回电", "不等了"),
    )


def _says(step: Step) -> list[Say]:
    return [reply for reply in step.replies if isinstance(reply, Say)]


def _lines(step: Step) -> list[str]:
    return [reply.text for reply in _says(step)]


def _attributes(call: Call) -> dict[str, str | float | bool | None]:
    """What the bank knows of the customer, for variants; the script keeps what it declares."""
    customer = call.customer
    if customer is None:
        return {}
    plain = (str, float, int, bool)
    known = {name: value for name, value in customer.attributes.items() if isinstance(value, plain)}
    return {**known, "segment": customer.segment, NO_PROFILING: customer.no_profiling}


def _note_conversation(call: Call, at: datetime) -> None:
    if call.spoke_at is not None:
        return
    call.spoke_at = at
    save(call, "spoke_at")
    if call.attempt_id is not None:
        ledger.record_conversation(call.attempt_id, at)


def _unwanted(call: Call) -> bool:
    attempt = call.attempt
    return attempt is not None and attempt.cancel_wanted_at is not None
