"""A call: what was asked for, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from carrier.core.call_state import TERMINAL, CallState
from carrier.core.verbs import ConferenceNoun

if TYPE_CHECKING:
    from carrier.core.conferences import Membership
    from carrier.core.runner import CallRunner


@dataclass(frozen=True, slots=True)
class Callback:
    """Where to tell what: ``events`` in the subscriber's words."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fetch:
    """TwiML to be fetched."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Inline:
    """TwiML given with the request."""

    twiml: str


@dataclass(frozen=True, slots=True)
class Join:
    """Straight into a conference: a participant made by REST."""

    conference_sid: str
    noun: ConferenceNoun


@dataclass(slots=True)
class Link:
    """The other end of a ``<Dial>`` to a number or client."""

    parent: CallRunner
    whisper: Fetch | None = None


Source = Fetch | Inline | Join | Link


@dataclass(slots=True)
class CallOptions:
    """What the creator of a call asked for; seconds, and Twilio's defaults."""

    to: str
    from_: str
    source: Source
    fallback: Fetch | None = None
    status: Callback | None = None
    timeout: float = 60.0
    time_limit: float = 14400.0
    detection: str = ""
    detection_timeout: float = 30.0
    detection_async: bool = False
    detection_callback: Callback | None = None
    record: bool = False
    recording_channels: int = 1
    recording_callback: Callback | None = None
    recording_track: str = "both"
    direction: str = "outbound-api"
    parent_sid: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Call:
    """One leg. Times are the call's own, in UTC; ``duration`` counts from the answer.

    ``entered``: what the clock had elapsed at ``created``, for the queue. ``sequence`` counts the
    status callbacks sent, ``hooks`` all requests made for the call.
    """

    sid: str
    options: CallOptions
    nth: int
    created: datetime
    entered: float
    updated: datetime
    state: CallState = CallState.QUEUED
    started: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    duration: int | None = None
    answered_by: str = ""
    queue_ms: int = 0
    sip_code: int = 0
    sequence: int = 0
    hooks: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    membership: Membership | None = None
    runner: CallRunner | None = None

    @property
    def over(self) -> bool:
        """Whether the call has come to its end."""
        return self.state in TERMINAL

    @property
    def to(self) -> str:
        return self.options.to

    @property
    def from_(self) -> str:
        return self.options.from_

    @property
    def direction(self) -> str:
        return self.options.direction
