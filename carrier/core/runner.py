"""The life of one call, from the queue to its end.

One task runs it. What it is doing just now (waiting its turn, ringing, a document) is an activity
of its own that an order from outside may cut short: another document, the end, the party gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from carrier.backends.protocol import DetectionWanted, Dialed, LineRequest, Outcome
from carrier.core import call_state
from carrier.core.call_state import CallState
from carrier.core.calls import Call, Join, Link, Source
from carrier.core.conference_state import Left
from carrier.core.flow import Rejected
from carrier.core.interpreter import Interpreter
from carrier.core.timeline import Timeline

if TYPE_CHECKING:
    from carrier.core.exchange import Exchange

log = logging.getLogger("carrier")
T = TypeVar("T")

_ENDED_AS = {
    Outcome.BUSY: CallState.BUSY,
    Outcome.NO_ANSWER: CallState.NO_ANSWER,
    Outcome.FAILED: CallState.FAILED,
}


_MISSED = {CallState.NO_ANSWER, CallState.CANCELED}


@dataclass(frozen=True, slots=True)
class Run:
    """Order: leave what you are doing and run this."""

    source: Source


@dataclass(frozen=True, slots=True)
class Finish:
    """Order: end the call; ``cancel`` only if nobody has answered yet."""


@dataclass(frozen=True, slots=True)
class PartyLeft:
    """The other side hung up."""


Order = Run | Finish | PartyLeft


class CallRunner:
    """Runs a call; also what its line tells its news to."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self.exchange = exchange
        self.call = call
        self.timeline = Timeline(exchange.clock, call.created)
        self.line = exchange.backend.line(
            LineRequest(
                call.sid,
                call.to if call.direction != "inbound" else call.from_,
                call.from_ if call.direction != "inbound" else call.to,
                call.nth,
                call.direction == "inbound",
                call.options.parameters,
            ),
            self.timeline,
            self,
        )
        self.order: Order | None = None
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.detected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.linked = False
        self.on_star: Callable[[], None] | None = None  # what the * key does just now
        self._activity: asyncio.Task[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self.journal(CallState.QUEUED.value if self.call.direction != "inbound" else "inbound")
        self._task = asyncio.create_task(self._run())

    def kill(self) -> None:
        """Stop without a word: the process ends or is reset."""
        if self._task is not None:
            self._task.cancel()

    def now(self) -> datetime:
        """The call's own time."""
        return self.timeline.now()

    # orders

    def finish(self) -> None:
        """End the call, whatever it is doing."""
        self._give(Finish())

    def run(self, source: Source) -> None:
        """Leave the running document for another."""
        self._give(Run(source))

    def hung_up(self) -> None:
        """The party hung up."""
        self._give(PartyLeft())

    def pressed(self, key: str) -> None:
        """The party pressed a key while talking; only the star may mean something then."""
        if key == "*" and self.on_star is not None:
            self.on_star()

    def link(self) -> None:
        """The other end of a Dial has heard its whisper and may be put through."""
        self.linked = True
        if not self.ready.done():
            self.ready.set_result(None)

    def going_on(self) -> bool:
        """Whether the activity was cut short for another document."""
        return isinstance(self.order, Run)

    def stopping(self) -> bool:
        """Whether the activity was cut short because the process ends."""
        return self.order is None

    def note(self, event: str, **fields: Any) -> None:
        """The line has something for the journal."""
        self.journal(event, **fields)

    def _give(self, order: Order) -> None:
        if self.call.over or (self.order is not None and not isinstance(self.order, Run)):
            return
        self.order = order
        if self._activity is not None:
            self._activity.cancel()

    # life

    async def _run(self) -> None:
        call = self.call
        try:
            if call.direction == "inbound":
                await self._receive()
            else:
                await self._place()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("call %s broke", call.sid)
            if not call.over:
                self._end(
                    CallState.COMPLETED if call.state is CallState.IN_PROGRESS else CallState.FAILED
                )
        finally:
            self.timeline.clear()
            if call.state in _MISSED and call.answered is None and call.sip_code == 487:
                self.line.missed()
            self.line.hang_up()
            for future in (self.answered, self.ended, self.detected, self.ready):
                if not future.done():
                    future.cancel()
            self.exchange.settled(call)

    async def _place(self) -> None:
        call, options = self.call, self.call.options
        waited = await self._do(self.exchange.queue.turn(call.entered))
        if waited is None:
            self._end(CallState.CANCELED)  # still queued: nobody is told
            return
        await self.timeline.skip(waited)
        call.queue_ms = round(waited * 1000)
        call.started = self.now()
        self.change(CallState.INITIATED)
        dialed = await self._do(self.line.dial(options.timeout, self._ringing))
        if dialed is None:
            call.sip_code = 487
            self._end(CallState.NO_ANSWER if self._party_left() else CallState.CANCELED)
            return
        call.sip_code = dialed.sip_code
        if dialed.outcome is not Outcome.ANSWERED:
            self._fail(dialed)
            return
        self._ringing()
        self.pick_up()
        if options.detection:
            self._detect()
            if not options.detection_async:
                await self._do(self.timeline.wait(self.detected))
        await self._converse(options.source)

    async def _receive(self) -> None:
        call = self.call
        call.started = self.now()
        await self._converse(call.options.source)

    async def _converse(self, source: Source) -> None:
        if self.call.options.record and self.call.answered is not None:
            self.exchange.recordings.begin(self.call, source="OutboundAPI")
        following: Source | None = source
        while following is not None:
            result = await self._do(Interpreter(self).run(following))
            following = None
            if isinstance(self.order, Run):
                following, self.order = self.order.source, None
            elif isinstance(result, Rejected) and self.call.state is CallState.RINGING:
                self._end(CallState.BUSY if result.busy else CallState.NO_ANSWER)
                return
        unanswered = self.call.state is CallState.RINGING
        self._end(CallState.NO_ANSWER if unanswered else CallState.COMPLETED)

    async def _do(self, activity: Coroutine[Any, Any, T]) -> T | None:
        """Do one thing; None when an order cut it short."""
        if self.order is not None and not isinstance(self.order, Run):
            activity.close()
            return None
        task = asyncio.create_task(activity)
        self._activity = task
        try:
            return await task
        except asyncio.CancelledError:
            if self.order is None or not task.cancelled():
                task.cancel()
                raise
            return None
        finally:
            self._activity = None

    def pick_up(self) -> None:
        """The call is answered."""
        call = self.call
        if call.answered is not None:
            return
        call.answered = self.now()
        call.sip_code = 200
        if call.direction == "inbound":
            self.line.answered()
        self.change(CallState.IN_PROGRESS)
        if not self.answered.done():
            self.answered.set_result(None)
        self.timeline.after(call.options.time_limit, self.finish)

    def limit(self, seconds: float) -> None:
        """Another time limit, counted from the answer."""
        self.call.options.time_limit = seconds
        answered = self.call.answered
        if answered is not None:
            gone = (self.now() - answered).total_seconds()
            self.timeline.after(seconds - gone, self.finish)

    def _ringing(self) -> None:
        if self.call.state is CallState.INITIATED:
            self.change(CallState.RINGING)

    def _detect(self) -> None:
        options = self.call.options
        self.line.detect_machine(
            DetectionWanted(options.detection == "DetectMessageEnd", options.detection_timeout),
            self._verdict,
        )

    def _verdict(self, kind: str, ms: int) -> None:
        call = self.call
        if call.over or call.answered_by:
            return
        call.answered_by = kind
        call.updated = self.now()
        self.journal("answered-by", kind=kind, ms=ms)
        if not self.detected.done():
            self.detected.set_result(None)
        callback = call.options.detection_callback
        if callback is not None and call.options.detection_async:
            self.exchange.notices.machine(call, callback, kind, ms)

    def _party_left(self) -> bool:
        return isinstance(self.order, PartyLeft)

    def _fail(self, dialed: Dialed) -> None:
        if dialed.outcome is not Outcome.FAILED:
            self._ringing()
        self._end(_ENDED_AS[dialed.outcome])

    def change(self, state: CallState) -> None:
        """Go to another state and tell whom it concerns."""
        call = self.call
        call_state.check(call.state, state)
        call.state = state
        call.updated = self.now()
        if state not in call_state.TERMINAL:
            self.journal(state.value)
            self.exchange.notices.status(call, call.updated)

    def _end(self, state: CallState) -> None:
        call = self.call
        untold = call.state is CallState.QUEUED
        now = self.now()
        call.ended = now
        if call.answered is not None:
            call.duration = round((now - call.answered).total_seconds())
        self.change(state)
        member = call.membership
        if member is not None:
            self.exchange.conferences.leave(
                member, Left.HUNG_UP if member.joined else Left.ADD_FAILED
            )
        self.exchange.recordings.finish_of(call.sid)
        self.journal(
            state.value,
            duration=call.duration,
            sip=call.sip_code or None,
            answered_by=call.answered_by or None,
        )
        if not self.ended.done():
            self.ended.set_result(None)
        if not untold:
            self.exchange.notices.status(call, now, self._recorded())

    def _recorded(self) -> list[tuple[str, object]]:
        recordings = self.exchange.recordings
        recording = recordings.last_of(self.call.sid)
        if recording is None:
            return []
        return [
            ("RecordingUrl", recordings.url(recording)),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", round(recording.seconds)),
        ]

    def journal(self, event: str, **fields: Any) -> None:
        """Write a line in the call's own time."""
        call = self.call
        if event in (CallState.QUEUED.value, "inbound"):
            fields = {"nth": call.nth, "direction": call.direction, **fields}
            if call.options.parent_sid:
                fields["parent"] = call.options.parent_sid
            if isinstance(call.options.source, Join):
                fields["conference"] = call.options.source.conference_sid
            if isinstance(call.options.source, Link):
                fields["dialed"] = True
            status = call.options.status
            if status is not None:
                fields["callback"] = [status.url, status.method, sorted(status.events)]
        self.exchange.journal.write(
            event, time=self.now(), sid=call.sid, to=call.to, from_=call.from_, **fields
        )
