"""After a restart: calls that the journal left in flight are settled, and their clients told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from carrier.core.call_state import TERMINAL, CallState, check
from carrier.core.calls import Call, Callback, CallOptions, Inline
from carrier.core.exchange import Exchange
from carrier.journal import read

_STATES = {state.value: state for state in CallState}


@dataclass(slots=True)
class _Trace:
    """What the journal tells of one call."""

    first: dict[str, Any]
    state: CallState = CallState.QUEUED
    times: dict[CallState, datetime] = field(default_factory=dict)
    duration: int | None = None
    answered_by: str = ""
    told: int = 0


def recover(exchange: Exchange, path: Path) -> int:
    """Take in the calls of an earlier run; returns how many had to be settled.

    A call that was being talked on is ``completed``, any other ``failed``; one still in the queue
    is ``canceled`` without a word, as always.
    """
    settled = 0
    for trace in _traces(path).values():
        call = _call(trace)
        if not call.over:
            _settle(exchange, call)
            settled += 1
        exchange.restore(call)
    return settled


def _traces(path: Path) -> dict[str, _Trace]:
    found: dict[str, _Trace] = {}
    for line in read(path):
        event, sid = str(line.get("event", "")), str(line.get("sid", ""))
        if event == "reset":
            found.clear()
        if event in ("queued", "inbound") and sid:
            found[sid] = _Trace(line)
            if event == "inbound":
                found[sid].state = CallState.RINGING
        trace = found.get(sid)
        if trace is None:
            continue
        if event in _STATES:
            trace.state = _STATES[event]
            trace.times[trace.state] = datetime.fromisoformat(line["time"])
            duration = line.get("duration")
            trace.duration = duration if isinstance(duration, int) else trace.duration
        elif event == "answered-by":
            trace.answered_by = str(line.get("kind", ""))
        elif event == "webhook" and line.get("kind") == "status":
            trace.told += 1
    return found


def _call(trace: _Trace) -> Call:
    line = trace.first
    raw = line.get("callback")
    status = Callback(raw[0], raw[1], frozenset(raw[2])) if isinstance(raw, list) else None
    options = CallOptions(
        str(line.get("to", "")),
        str(line.get("from", "")),
        Inline(""),
        status=status,
        direction=str(line.get("direction", "outbound-api")),
        parent_sid=str(line.get("parent", "")),
    )
    created = datetime.fromisoformat(line["time"])
    ended = next((trace.times[state] for state in TERMINAL if state in trace.times), None)
    return Call(
        str(line["sid"]),
        options,
        int(line.get("nth", 1)),
        created,
        0.0,
        max([created, *trace.times.values()]),
        state=trace.state,
        started=trace.times.get(CallState.INITIATED),
        answered=trace.times.get(CallState.IN_PROGRESS),
        ended=ended,
        duration=trace.duration,
        answered_by=trace.answered_by,
        sequence=trace.told,
    )


def _settle(exchange: Exchange, call: Call) -> None:
    """End a call where the journal breaks off."""
    queued = call.state is CallState.QUEUED
    state = CallState.CANCELED if queued else CallState.FAILED
    if call.state is CallState.IN_PROGRESS:
        state = CallState.COMPLETED
    check(call.state, state)
    call.state = state
    call.ended = call.updated
    if call.answered is not None:
        call.duration = round((call.ended - call.answered).total_seconds())
    exchange.journal.write(
        call.state.value,
        time=call.ended,
        sid=call.sid,
        to=call.to,
        from_=call.from_,
        duration=call.duration,
        recovered=True,
    )
    if not queued:
        exchange.notices.status(call, call.ended)
