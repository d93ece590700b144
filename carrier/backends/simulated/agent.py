"""A simulated agent's telephone: a ``client:`` leg whose sound is captions on a stream."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from carrier.backends.protocol import (
    DetectionWanted,
    Dialed,
    Heard,
    LineEvents,
    LineRequest,
    Outcome,
)
from carrier.backends.simulated.speech import prompt_seconds, seconds_of
from carrier.core.timeline import Timeline
from carrier.core.verbs import Gather, Prompt, Say

if TYPE_CHECKING:
    from carrier.backends.simulated.bridge import SimulatedBridge

_PICKUP = 0.5


class Desk:
    """Whoever follows an identity: streams of events, and the leg that is up."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.leg: AgentLeg | None = None
        self.unreachable = False
        self._streams: set[asyncio.Queue[dict[str, Any]]] = set()
        self._recent: deque[dict[str, Any]] = deque(maxlen=100)

    def subscribe(self) -> asyncio.Queue[dict[str, Any]]:
        """A new stream; it begins with what has happened on the leg that is up."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1000)
        if self.leg is not None:
            for item in self._recent:
                queue.put_nowait(item)
        self._streams.add(queue)
        return queue

    def unsubscribe(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        """Nobody follows this stream any more."""
        self._streams.discard(queue)

    def push(self, event: str, **data: Any) -> None:
        """Tell all streams."""
        if event == "incoming":
            self._recent.clear()
        item = {"event": event, "data": data}
        self._recent.append(item)
        for queue in self._streams:
            if not queue.full():
                queue.put_nowait(item)


class AgentLeg:
    """One call to an agent. Picks up by itself; presses 1 when asked for a key."""

    is_agent = True

    def __init__(
        self,
        request: LineRequest,
        desk: Desk,
        timeline: Timeline,
        events: LineEvents,
    ) -> None:
        self.request = request
        self.desk = desk
        self.is_typed = False
        self._timeline = timeline
        self._events = events
        self._bridge: SimulatedBridge | None = None
        self._up = False

    async def dial(self, timeout: float, ringing: Callable[[], None]) -> Dialed:
        await self._timeline.spend(0.1)
        ringing()
        if self.desk.unreachable:
            await self._timeline.spend(timeout)
            return Dialed(Outcome.NO_ANSWER, 487)
        self.desk.leg = self
        self._up = True
        given = [self.request.to.partition("?")[2], urlencode(self.request.parameters)]
        params = "&".join(part for part in given if part)
        self.desk.push("incoming", sid=self.request.sid, params=params)
        await self._timeline.spend(_PICKUP)
        return Dialed(Outcome.ANSWERED, 200)

    def answered(self) -> None:
        self.desk.leg = self
        self._up = True

    async def play(self, prompt: Prompt) -> None:
        if isinstance(prompt, Say) and prompt.text:
            self.desk.push("caption", who="system", text=prompt.text)
        await self._timeline.spend(prompt_seconds(prompt))

    async def gather(self, wanted: Gather, partial: Callable[[str], Awaitable[None]]) -> Heard:
        for prompt in wanted.prompts:
            if isinstance(prompt, Say) and prompt.text:
                self.desk.push("caption", who="system", text=prompt.text)
        await self._timeline.spend(0.8)
        if wanted.dtmf:
            return Heard(digits="1" * max(1, min(1, wanted.num_digits or 1)))
        words = "好的"
        await self._timeline.spend(seconds_of(words))
        return Heard(speech=words, confidence=0.9)

    async def record(self, max_length: float, silence: float, keys: str) -> tuple[float, str]:
        await self._timeline.spend(min(max_length, silence))
        return 0.0, ""

    def detect_machine(self, wanted: DetectionWanted, verdict: Callable[[str, int], None]) -> None:
        self._timeline.after(1.0, lambda: verdict("human", 1000))

    def missed(self) -> None:
        """Agents do not ring back."""

    def hang_up(self) -> None:
        if self._up:
            self._up = False
            self.desk.push("ended", sid=self.request.sid)
            if self.desk.leg is self:
                self.desk.leg = None

    # what the person at the desk does

    def say(self, text: str) -> None:
        """Say something to the room; from now on no lines are made up for this agent."""
        self.is_typed = True
        if self._bridge is not None:
            self._bridge.say(self, text)

    def press(self, key: str) -> None:
        """Press a key while talking."""
        self._events.pressed(key)

    def hang_up_by_hand(self) -> None:
        """Put the receiver down."""
        self._events.hung_up()

    # the room

    def bridged(self, bridge: SimulatedBridge) -> None:
        """Somebody else came or went."""
        others = [line for line in bridge.lines if line is not self]
        if others and self._bridge is None:
            self._bridge = bridge
            self.desk.push("connected", sid=self.request.sid, room=bridge.name)
        elif not others:
            self._bridge = None

    def unbridged(self) -> None:
        """Out of the room."""
        self._bridge = None

    def hear(self, bridge: SimulatedBridge, who: str, text: str) -> None:
        """Somebody in the room said something."""
        self.desk.push("caption", who=who, text=text)

    def caption(self, who: str, text: str) -> None:
        """What this agent says, on the agent's own screen and in the journal."""
        self.desk.push("caption", who=who, text=text)
        self._events.note("caption", who=who, text=text)
