"""What the core asks of whatever carries the voice: simulated people, or a real exchange.

The core knows lines (one leg to one party) and bridges (a room where legs hear each other). It
never learns whether somebody real is there. A line that simulates lets its delays pass on the
call's own ``Timeline``; a line to a real exchange waits for the exchange and the timeline follows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from carrier.core.timeline import Timeline
from carrier.core.verbs import Gather, Prompt


class Outcome(StrEnum):
    """How dialling ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Dialed:
    """``sip_code`` is the final SIP response, 200 when answered."""

    outcome: Outcome
    sip_code: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What a Gather brought: words (with or without confidence), digits, or nothing."""

    speech: str | None = None
    confidence: float | None = None
    digits: str | None = None
    finished_on_key: str | None = None


@dataclass(frozen=True, slots=True)
class DetectionWanted:
    """Answering machine detection. ``to_the_end``: wait for the end of the greeting."""

    to_the_end: bool
    timeout: float


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A leg to be made: ``nth`` is its number among the calls with this party, from 1.

    ``parameters`` are what a ``<Client>`` is given to know about the call.
    """

    sid: str
    to: str
    from_: str
    nth: int
    inbound: bool
    parameters: tuple[tuple[str, str], ...] = ()


class LineEvents(Protocol):
    """What a line tells the core by itself."""

    def hung_up(self) -> None:
        """The party hung up."""

    def pressed(self, key: str) -> None:
        """The party pressed a key while talking to another."""

    def note(self, event: str, **fields: Any) -> None:
        """Something for the journal."""


class Bridge(Protocol):
    """A room. Only lines that can hear each other are in it."""

    def add(self, line: Line) -> None: ...

    def remove(self, line: Line) -> None: ...

    def mute(self, line: Line, muted: bool) -> None: ...

    def coach(self, line: Line, coached: Line | None) -> None: ...


class Line(Protocol):
    """One leg to one party."""

    async def dial(self, timeout: float, ringing: Callable[[], None]) -> Dialed:
        """Ring the party for at most ``timeout`` seconds; call ``ringing`` when it rings."""

    def answered(self) -> None:
        """An inbound party was put through to us."""

    async def play(self, prompt: Prompt) -> None:
        """Say, play or pause, to the end."""

    async def gather(self, wanted: Gather, partial: Callable[[str], Awaitable[None]]) -> Heard:
        """Play the prompts and listen; ``partial`` is told words as they come, and waited for."""

    async def record(self, max_length: float, silence: float, keys: str) -> tuple[float, str]:
        """Record the party; gives seconds and the key that ended it, ``hangup`` or nothing."""

    def detect_machine(self, wanted: DetectionWanted, verdict: Callable[[str, int], None]) -> None:
        """Tell ``verdict`` who answered (human, machine_start, …) and after how many ms."""

    def missed(self) -> None:
        """It rang in vain: nobody answered, or we gave up."""

    def hang_up(self) -> None:
        """The call is over on our side."""


class Backend(Protocol):
    """Makes lines and bridges."""

    def line(self, request: LineRequest, timeline: Timeline, events: LineEvents) -> Line: ...

    def bridge(self, name: str) -> Bridge: ...

    def sound(self, seconds: float, channels: int) -> bytes:
        """The sound of a recording, as a WAV file."""

    def reset(self) -> None:
        """Forget everybody."""
