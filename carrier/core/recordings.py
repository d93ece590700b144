"""Recordings of calls and of conferences: what exists, how long it is, and the telling of it.

The sound is the backend's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from carrier.core.calls import Call, Callback
from carrier.core.conferences import Conference
from carrier.core.ids import sid
from carrier.core.notices import API_VERSION, rfc2822
from carrier.webhooks import fields

if TYPE_CHECKING:
    from carrier.core.exchange import Exchange

RUNNING = ("in-progress", "paused")


@dataclass(slots=True)
class Recording:
    """``seconds`` counts what was recorded, without pauses; status is Twilio's word.

    Of a call, or of a conference: then ``conference_sid`` is set and ``call_sid`` empty.
    """

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
    conference_sid: str = ""


class Recordings:
    """All recordings, by SID."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._all: dict[str, Recording] = {}
        self._counts: dict[str, int] = {}

    def reset(self) -> None:
        """Forget all."""
        self._all.clear()
        self._counts.clear()

    def get(self, key: str) -> Recording | None:
        """A recording by its SID."""
        return self._all.get(key)

    def of(self, owner: str = "") -> list[Recording]:
        """All recordings, or those of one call or conference, oldest first."""
        return [
            r for r in self._all.values() if not owner or owner in (r.call_sid, r.conference_sid)
        ]

    def current(self, owner: str) -> Recording | None:
        """The one being made of a call or conference."""
        running = [r for r in self.of(owner) if r.status in RUNNING]
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
        track: str = "",
    ) -> Recording:
        """Begin to record a call."""
        options = call.options
        recording = Recording(
            self._sid(call.sid),
            call.sid,
            source,
            channels or options.recording_channels,
            now := self._now(call),
            now,
            resumed=now,
            callback=callback or options.recording_callback,
            track=track or options.recording_track,
        )
        return self._begun(recording)

    def begin_conference(
        self, conference: Conference, callback: Callback | None, at: datetime
    ) -> Recording:
        """Begin to record a conference."""
        recording = Recording(
            self._sid(conference.sid),
            "",
            "Conference",
            1,
            at,
            at,
            resumed=at,
            callback=callback,
            conference_sid=conference.sid,
        )
        return self._begun(recording)

    def pause(self, recording: Recording, paused: bool) -> None:
        """Pause or go on."""
        now = self._now(self._call(recording))
        if paused and recording.resumed is not None:
            recording.seconds += (now - recording.resumed).total_seconds()
            recording.resumed = None
        elif not paused and recording.resumed is None:
            recording.resumed = now
        recording.status = "paused" if paused else "in-progress"
        recording.updated = now

    def finish(
        self,
        recording: Recording,
        seconds: float | None = None,
        callback: Callback | None = None,
        at: datetime | None = None,
    ) -> None:
        """End a recording, after ``seconds`` or after the time it ran."""
        if recording.status not in RUNNING:
            return
        now = at or self._now(self._call(recording))
        if seconds is not None:
            recording.seconds = seconds
        elif recording.resumed is not None:
            recording.seconds += max(0.0, (now - recording.resumed).total_seconds())
        recording.resumed = None
        recording.updated = now
        recording.status = "completed" if recording.seconds > 0 else "absent"
        recording.callback = callback or recording.callback
        self._tell(recording)

    def finish_of(self, owner: str, at: datetime | None = None) -> None:
        """The call or conference is over, and with it what was recorded of it."""
        if not self._counts.get(owner):
            return
        for recording in self.of(owner):
            self.finish(recording, at=at)

    def last_of(self, owner: str) -> Recording | None:
        """The latest recording of a call that can be listened to."""
        if not self._counts.get(owner):
            return None
        done = [r for r in self.of(owner) if r.status == "completed"]
        return done[-1] if done else None

    def url(self, recording: Recording) -> str:
        """Where the sound is."""
        account = self._exchange.settings.account_sid
        base = self._exchange.public_url
        return f"{base}/{API_VERSION}/Accounts/{account}/Recordings/{recording.sid}"

    def _sid(self, owner: str) -> str:
        nth = self._counts[owner] = self._counts.get(owner, 0) + 1
        return sid("RE", self._exchange.settings.seed, "recording", owner, nth)

    def _call(self, recording: Recording) -> Call | None:
        return self._exchange.calls.get(recording.call_sid)

    def _now(self, call: Call | None) -> datetime:
        if call is not None and call.runner is not None:
            return call.runner.now()
        return self._exchange.clock.now()

    def _begun(self, recording: Recording) -> Recording:
        self._all[recording.sid] = recording
        self._tell(recording)
        return recording

    def _tell(self, recording: Recording) -> None:
        callback = recording.callback
        if callback is None or recording.status not in (callback.events or {"completed"}):
            return
        params = fields(
            [
                ("AccountSid", self._exchange.settings.account_sid),
                ("CallSid", recording.call_sid or None),
                ("ConferenceSid", recording.conference_sid or None),
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
        call = self._call(recording)
        if call is not None:
            self._exchange.notices.plain(call, "recording", callback, params)
        else:
            notices = self._exchange.notices
            notices.conference(recording.conference_sid, callback, params, None, kind="recording")
