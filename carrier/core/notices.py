"""What the client is told: parameters of each kind of webhook (telephony.md §1.2), and the sending.

Fetches are waited for by the call; notices go out beside it, each by itself, so that they may
arrive in any order, as Twilio's do.
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Coroutine, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from carrier.config import Settings
from carrier.core.call_state import EVENT_OF, TERMINAL, CallState
from carrier.core.calls import Call, Callback
from carrier.core.clock import Clock
from carrier.core.faults import Faults
from carrier.journal import Journal
from carrier.webhooks import Answer, Params, Sender, Webhook, fields

log = logging.getLogger("carrier")

API_VERSION = "2010-04-01"
_DELAYED = 20.0  # simulated seconds that a delayed notice comes late
_OVERTAKEN = 60.0  # simulated seconds that one waits for the next to overtake it
_AMD_LATE = 8.0


def rfc2822(instant: datetime) -> str:
    """``Tue, 31 Aug 2010 20:36:28 +0000``."""
    return _formatted(instant.replace(microsecond=0))


@lru_cache(maxsize=4096)
def _formatted(second: datetime) -> str:
    """The seconds of now are asked for again and again."""
    return format_datetime(second)


def base_params(call: Call, account_sid: str, status: CallState | None = None) -> Params:
    """The parameters that every request about a call carries."""
    return fields(
        [
            ("CallSid", call.sid),
            ("AccountSid", account_sid),
            ("From", call.from_),
            ("To", call.to),
            ("Caller", call.from_),
            ("Called", call.to),
            ("CallStatus", (status or call.state).value),
            ("ApiVersion", API_VERSION),
            ("Direction", call.direction),
            ("ParentCallSid", call.options.parent_sid or None),
        ]
    )


class Notices:
    """Builds and sends; keeps hold of what is under way."""

    def __init__(
        self, settings: Settings, sender: Sender, journal: Journal, clock: Clock, faults: Faults
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._journal = journal
        self._clock = clock
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, asyncio.Future[None]] = {}  # by call: one that lets the next pass
        self.sent = 0

    @property
    def under_way(self) -> int:
        """Notices not yet delivered or given up."""
        return len(self._tasks)

    async def close(self) -> None:
        """Drop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Wait until everything under way is delivered or given up."""
        while self._tasks:
            await asyncio.gather(*list(self._tasks), return_exceptions=True)

    def status(self, call: Call, at: datetime, more: Sequence[tuple[str, object]] = ()) -> None:
        """Tell the call's state, when it was subscribed to; ``more`` only when it completed."""
        wanted = call.options.status
        if wanted is None or EVENT_OF.get(call.state, "") not in wanted.events:
            return
        extra: list[tuple[str, object]] = [
            ("Timestamp", rfc2822(at)),
            ("SequenceNumber", call.sequence),
            ("CallbackSource", "call-progress-events"),
        ]
        call.sequence += 1
        if call.answered_by:
            extra.append(("AnsweredBy", call.answered_by))
        if call.state in TERMINAL:
            seconds = call.duration or 0
            extra += [("CallDuration", seconds), ("SipResponseCode", call.sip_code or None)]
            if call.state is CallState.COMPLETED:
                extra += [("Duration", max(1, math.ceil(seconds / 60))), *more]
        params = base_params(call, self._settings.account_sid) + fields(extra)
        self._notify(call, "status", wanted, params)

    def machine(self, call: Call, callback: Callback, kind: str, ms: int) -> None:
        """Tell an asynchronous verdict on who answered."""
        params = fields(
            [
                ("CallSid", call.sid),
                ("AccountSid", self._settings.account_sid),
                ("AnsweredBy", kind),
                ("MachineDetectionDuration", ms),
            ]
        )
        if self._faults.strikes("amd_never", call.to, call.nth):
            self._journal.write("fault", sid=call.sid, kind="amd_never")
            return
        late = self._faults.strikes("amd_late", call.to, call.nth)
        self._notify(call, "amd", callback, params, delay=_AMD_LATE if late else 0.0)

    async def partial(self, call: Call, callback: Callback, words: str, sequence: int) -> None:
        """Tell words that are not final yet; what is answered is of no account.

        The call waits for the telling: a client that cuts the prompt short because of these words
        cuts it at the same word at any speed.
        """
        extra = [
            ("UnstableSpeechResult", words),
            ("StableSpeechResult", ""),
            ("Stability", "0.8"),
            ("SequenceNumber", sequence),
        ]
        params = base_params(call, self._settings.account_sid) + fields(extra)
        telling = self._notify(call, "partial", callback, params)
        if telling is not None:
            await asyncio.shield(telling)

    def plain(self, call: Call, kind: str, callback: Callback, params: Params) -> None:
        """Tell something else about a call."""
        self._notify(call, kind, callback, params)

    def conference(
        self,
        key: str,
        callback: Callback,
        params: Params,
        acting: Call | None,
        kind: str = "conference",
    ) -> None:
        """Tell what happened in a conference."""
        self._start(self._deliver(key, kind, callback, params, acting))

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the calls."""
        self._start(work)

    async def fetch(
        self, call: Call, url: str, method: str, params: Params, kind: str = "twiml"
    ) -> Answer:
        """Make a request whose answer the call needs."""
        webhook = self._webhook(url, method, params)
        webhook.cookies = call.cookies
        call.hooks += 1
        refuse = self._faults.strikes("refused", call.to, call.nth, call.hooks)
        answer = await self._sender.send(webhook, refuse=refuse)
        call.cookies = webhook.cookies
        self._write(kind, call.sid, answer, call)
        return answer

    def _webhook(self, url: str, method: str, params: Params) -> Webhook:
        self.sent += 1
        return Webhook(url, method, params, str(uuid.uuid4()))

    def _notify(
        self, call: Call, kind: str, callback: Callback, params: Params, delay: float = 0.0
    ) -> asyncio.Task[None] | None:
        """Send it beside the call; None when a fault loses it."""
        call.hooks += 1

        def strikes(fault: str) -> bool:
            return self._faults.strikes(fault, call.to, call.nth, call.hooks)

        if strikes("dropped"):
            self._journal.write("fault", sid=call.sid, kind="dropped")
            return None
        delay += _DELAYED if strikes("delayed") else 0.0
        twice, refuse = strikes("duplicated"), strikes("refused")
        held = self._held.pop(call.sid, None)
        passed: asyncio.Future[None] | None = None
        if held is None and strikes("reordered"):
            passed = self._held[call.sid] = asyncio.get_running_loop().create_future()
        work = self._deliver(call.sid, kind, callback, params, call, delay, twice, refuse, passed)
        return self._start(work if held is None else self._then(work, held))

    async def _then(self, work: Coroutine[Any, Any, None], held: asyncio.Future[None]) -> None:
        """Deliver one, and then let go of the one that it was to overtake."""
        try:
            await work
        finally:
            if not held.done():
                held.set_result(None)

    async def _deliver(
        self,
        key: str,
        kind: str,
        callback: Callback,
        params: Params,
        call: Call | None,
        delay: float = 0.0,
        twice: bool = False,
        refuse: bool = False,
        passed: asyncio.Future[None] | None = None,
    ) -> None:
        webhook = self._webhook(callback.url, callback.method, params)
        if delay:
            await self._clock.sleep(delay)
        if passed is not None:
            timer = self._clock.timer(_OVERTAKEN)
            await asyncio.wait([passed, timer], return_when=asyncio.FIRST_COMPLETED)
            if call is not None and self._held.get(call.sid) is passed:
                del self._held[call.sid]
        answer = await self._sender.send(webhook, refuse=refuse)
        self._write(kind, key, answer, call)
        if twice:
            again = await self._sender.send(webhook)
            self._write(kind, key, again, call)

    def _write(self, kind: str, key: str, answer: Answer, call: Call | None) -> None:
        self._journal.write(
            "webhook",
            sid=key,
            to=call.to if call else None,
            from_=call.from_ if call else None,
            kind=kind,
            status=answer.status,
            error=answer.error or None,
            attempts=answer.attempts if answer.attempts > 1 else None,
            ms=round(answer.seconds * 1000),
        )
        if answer.error:
            log.warning("webhook %s of %s failed with %s", kind, key, answer.error)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a notice failed", exc_info=task.exception())
