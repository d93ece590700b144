"""Recordings: what exists, how long it is, and the telling of it. The sound itself is silence."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from carrier.core.calls import Call, Callback
from carrier.core.ids import sid
from carrier.core.notices import API_VERSION, rfc2822
from carrier.webhooks import fields

if TYPE_CHECKING:
    from carrier.core.exchange import Exchange

_RATE = 8000
_MAX_MEDIA_SECONDS = 600


@dataclass(slots=True)
class Recording:
    """``seconds`` counts what was recorded, without pauses; status is Twilio's word."""

    sid: str
    call_sid: str
    source: str
    channels: int
    started: datetime
    updated: datetime
    status: str = "in-progress"
    seconds: float = 0.0
    resumed: datetime | None = None
    callback: Callback | None = None
    track: str = "both"


class Recordings:
    """All recordings, by SID."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._all: dict[str, Recording] = {}

    def reset(self) -> None:
        """Forget all."""
        self._all.clear()

    def get(self, key: str) -> Recording | None:
        """A recording by its SID."""
        return self._all.get(key)

    def of(self, call_sid: str = "") -> list[Recording]:
        """All recordings, or those of one call, oldest first."""
        return [r for r in self._all.values() if not call_sid or r.call_sid == call_sid]

    def current(self, call_sid: str) -> Recording | None:
        """The one being made of a call."""
        running = [r for r in self.of(call_sid) if r.status in ("in-progress", "paused")]
        return running[-1] if running else None

    def delete(self, key: str) -> bool:
        """Delete one; False when there is none."""
        return self._all.pop(key, None) is not None

    def begin(
        self,
        call: Call,
        *,
        source: str,
        channels: int | None = None,
        callback: Callback | None = None,
    ) -> Recording:
        """Begin to record a call."""
        settings = self._exchange.settings
        now = call.runner.now() if call.runner else self._exchange.clock.now()
        nth = len(self.of(call.sid)) + 1
        recording = Recording(
            sid("RE", settings.seed, "recording", call.sid, nth),
            call.sid,
            source,
            channels or call.options.recording_channels,
            now,
            now,
            resumed=now,
            callback=callback or call.options.recording_callback,
        )
        self._all[recording.sid] = recording
        self._tell(recording, call)
        return recording

    def pause(self, recording: Recording, call: Call, paused: bool) -> None:
        """Pause or go on."""
        now = call.runner.now() if call.runner else self._exchange.clock.now()
        if paused and recording.resumed is not None:
            recording.seconds += (now - recording.resumed).total_seconds()
            recording.resumed = None
        elif not paused and recording.resumed is None:
            recording.resumed = now
        recording.status = "paused" if paused else "in-progress"
        recording.updated = now

    def finish(
        self, recording: Recording, seconds: float | None = None, callback: Callback | None = None
    ) -> None:
        """End a recording, after ``seconds`` or after the time it ran."""
        call = self._exchange.calls.get(recording.call_sid)
        if recording.status not in ("in-progress", "paused") or call is None:
            return
        now = call.runner.now() if call.runner else self._exchange.clock.now()
        if seconds is not None:
            recording.seconds = seconds
        elif recording.resumed is not None:
            recording.seconds += (now - recording.resumed).total_seconds()
        recording.resumed = None
        recording.updated = now
        recording.status = "completed" if recording.seconds > 0 else "absent"
        recording.callback = callback or recording.callback
        self._tell(recording, call)

    def finish_of(self, call: Call) -> None:
        """The call is over, and with it what was recorded of it."""
        if not self._all:
            return
        for recording in self.of(call.sid):
            self.finish(recording)

    def url(self, recording: Recording) -> str:
        """Where the sound is."""
        account = self._exchange.settings.account_sid
        base = self._exchange.public_url
        return f"{base}/{API_VERSION}/Accounts/{account}/Recordings/{recording.sid}"

    def wav(self, recording: Recording) -> bytes:
        """The sound: as many seconds of silence, 8 kHz, 16 bit."""
        seconds = min(_MAX_MEDIA_SECONDS, recording.seconds)
        size = int(seconds * _RATE) * 2 * recording.channels
        block = 2 * recording.channels
        header = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF",
            36 + size,
            b"WAVE",
            b"fmt ",
            16,
            1,
            recording.channels,
            _RATE,
            _RATE * block,
            block,
            16,
            b"data",
            size,
        )
        return header + bytes(size)

    def _tell(self, recording: Recording, call: Call) -> None:
        callback = recording.callback
        if callback is None or recording.status not in (callback.events or {"completed"}):
            return
        params = fields(
            [
                ("AccountSid", self._exchange.settings.account_sid),
                ("CallSid", call.sid),
                ("RecordingSid", recording.sid),
                ("RecordingUrl", self.url(recording)),
                ("RecordingStatus", recording.status),
                ("RecordingDuration", round(recording.seconds)),
                ("RecordingChannels", recording.channels),
                ("RecordingStartTime", rfc2822(recording.started)),
                ("RecordingSource", recording.source),
                ("RecordingTrack", recording.track),
            ]
        )
        self._exchange.notices.plain(call, "recording", callback, params)
