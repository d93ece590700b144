"""Conferences: who is in, when one starts and ends, and what the client is told of it.

It starts when two are in and one of those in starts it; the first participant's callback counts
for all (telephony.md §1.1, §1.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from carrier.backends.protocol import Backend, Bridge, Line
from carrier.config import Settings
from carrier.core.call_state import CallState
from carrier.core.calls import Call, Callback
from carrier.core.clock import Clock
from carrier.core.conference_state import (
    EVENT_GROUPS,
    TRANSITIONS,
    ConferenceState,
    Ended,
    Left,
    ParticipantState,
)
from carrier.core.ids import sid
from carrier.core.notices import Notices, rfc2822
from carrier.core.verbs import ConferenceNoun
from carrier.journal import Journal
from carrier.webhooks import fields


class CannotJoin(Exception):
    """Not let in. ``code`` is Twilio's: 16025 label taken, 13240 nobody to coach, 16001 full."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(slots=True)
class Membership:
    """A call's place in a conference; ``over`` is done when it has left."""

    call: Call
    conference: Conference
    label: str
    start_on_enter: bool
    end_on_exit: bool
    muted: bool
    created: datetime
    updated: datetime
    over: asyncio.Future[None]
    hold: bool = False
    coached_sid: str = ""
    joined: bool = False
    why_left: Left | None = None

    def status(self) -> ParticipantState:
        """The participant's status in REST."""
        if self.joined:
            return ParticipantState.CONNECTED
        return {
            CallState.QUEUED: ParticipantState.QUEUED,
            CallState.INITIATED: ParticipantState.CONNECTING,
            CallState.RINGING: ParticipantState.RINGING,
            CallState.IN_PROGRESS: ParticipantState.CONNECTED,
            CallState.COMPLETED: ParticipantState.COMPLETE,
        }.get(self.call.state, ParticipantState.FAILED)


@dataclass(slots=True)
class Conference:
    """A room by name; ``members`` are those in it and those being rung for it, by call SID."""

    sid: str
    name: str
    created: datetime
    updated: datetime
    bridge: Bridge
    state: ConferenceState = ConferenceState.INIT
    members: dict[str, Membership] = field(default_factory=dict)
    callback: Callback | None = None
    callback_settled: bool = False
    sequence: int = 0
    recorded: bool = False
    recording_callback: Callback | None = None
    ever_joined: bool = False
    why_ended: Ended | None = None
    ended_by: str = ""
    ended_by_label: str = ""

    def find(self, key: str) -> Membership | None:
        """A member by call SID or by label."""
        if key in self.members:
            return self.members[key]
        return next((m for m in self.members.values() if m.label and m.label == key), None)

    def inside(self) -> list[Membership]:
        """Those who have come in and not left."""
        return [member for member in self.members.values() if member.joined]


class Conferences:
    """All rooms, the live ones by name."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        backend: Backend,
        notices: Notices,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._backend = backend
        self._notices = notices
        self._journal = journal
        self._all: dict[str, Conference] = {}
        self._live: dict[str, Conference] = {}
        self._counts: dict[str, int] = {}
        # told when one starts that is to be recorded, and when any ends
        self.on_start: Callable[[Conference, Callback | None, datetime], object] = _nothing
        self.on_end: Callable[[str, datetime], object] = _nothing

    def reset(self) -> None:
        """Forget all rooms."""
        self._all.clear()
        self._live.clear()
        self._counts.clear()

    def all(self) -> list[Conference]:
        """Every room, oldest first."""
        return list(self._all.values())

    def get(self, key: str) -> Conference | None:
        """A room by its SID."""
        return self._all.get(key)

    def named(self, name: str) -> Conference | None:
        """The live room of a name."""
        return self._live.get(name)

    def open(self, name: str, at: datetime) -> Conference:
        """The live room of a name, made when there is none."""
        found = self._live.get(name)
        if found is None:
            nth = self._counts.get(name, 0) + 1
            self._counts[name] = nth
            key = sid("CF", self._settings.seed, "conference", name, nth)
            found = Conference(key, name, at, at, self._backend.bridge(name))
            self._all[key] = self._live[name] = found
        return found

    def expect(self, conference: Conference, call: Call, noun: ConferenceNoun) -> Membership:
        """Enter a call that is still to come in. Raises CannotJoin."""
        if noun.label and conference.find(noun.label) is not None:
            raise CannotJoin(16025, "a participant with this label is in the conference")
        if len(conference.members) >= noun.max_participants:
            raise CannotJoin(16001, "the conference is full")
        now = call.runner.now() if call.runner else call.created
        member = Membership(
            call,
            conference,
            noun.label,
            noun.start_on_enter,
            noun.end_on_exit,
            noun.muted,
            now,
            now,
            asyncio.get_running_loop().create_future(),
            coached_sid=noun.coach,
        )
        self._settle_callback(conference, noun)
        conference.members[call.sid] = member
        call.membership = member
        return member

    def enter(self, member: Membership) -> None:
        """The call is in; the conference starts when that was what it waited for."""
        conference, call = member.conference, member.call
        if member.coached_sid and member.coached_sid not in conference.members:
            raise CannotJoin(13240, "nobody to coach")
        member.joined = True
        conference.ever_joined = True
        self._journal_member("joined", member)
        self._tell(conference, "participant-join", member=member, acting=call)
        if conference.state is ConferenceState.IN_PROGRESS:
            self._let_hear(member)
            return
        inside = conference.inside()
        if len(inside) >= 2 and any(other.start_on_enter for other in inside):
            self._change(conference, ConferenceState.IN_PROGRESS, call)
            self._journal.write(
                "conference-start",
                time=self._now(call),
                sid=conference.sid,
                name=conference.name,
            )
            self._tell(conference, "conference-start", acting=call)
            if conference.recorded:
                self.on_start(conference, conference.recording_callback, self._now(call))
            for other in inside:
                self._let_hear(other)

    def leave(self, member: Membership, why: Left, *, kicked: bool = False) -> None:
        """The call goes out; the room ends with its last member or with its moderator."""
        conference, call = member.conference, member.call
        if member.why_left is not None:
            return
        member.why_left = why
        line = _line(call)
        if line is not None:
            conference.bridge.remove(line)
        was_in, member.joined = member.joined, False
        conference.members.pop(call.sid, None)
        if call.membership is member:
            call.membership = None
        if not member.over.done():
            member.over.set_result(None)
        if was_in or why is Left.ADD_FAILED:
            self._journal_member("left", member, reason=why.value)
            status = call.state.value if why is Left.ADD_FAILED else self._leaving_status(call)
            self._tell(
                conference,
                "participant-leave",
                member=member,
                acting=call,
                extra=[("ParticipantCallStatus", status), ("ReasonParticipantLeft", why.value)],
            )
        if conference.state is ConferenceState.COMPLETED:
            return
        if was_in and member.end_on_exit:
            reason = Ended.MODERATOR_KICKED if kicked else Ended.MODERATOR_LEFT
            self.end(conference, reason, Left.MODERATOR, by=member)
        elif not conference.members:
            reason = Ended.LAST_KICKED if kicked else Ended.LAST_LEFT
            self.end(conference, reason, Left.HUNG_UP, by=member if was_in else None)

    def end(
        self, conference: Conference, reason: Ended, why: Left, by: Membership | None = None
    ) -> None:
        """Close a room and send everybody out."""
        if conference.state is ConferenceState.COMPLETED:
            return
        acting = by.call if by else None
        self._change(conference, ConferenceState.COMPLETED, acting)
        conference.why_ended = reason
        if by is not None:
            conference.ended_by, conference.ended_by_label = by.call.sid, by.label
        self._live.pop(conference.name, None)
        for member in list(conference.members.values()):
            if member.joined:
                self.leave(member, why)
            elif member.call.runner is not None:
                member.call.runner.finish()
        self.on_end(conference.sid, self._now(acting))
        if not conference.ever_joined:
            return
        self._journal.write(
            "conference-end",
            time=self._now(acting),
            sid=conference.sid,
            name=conference.name,
            reason=reason.value,
        )
        self._tell(
            conference,
            "conference-end",
            acting=acting,
            extra=[
                ("CallSidEndingConference", conference.ended_by or None),
                ("ParticipantLabelEndingConference", conference.ended_by_label or None),
                ("ReasonConferenceEnded", reason.value),
                ("Reason", reason.value),
            ],
        )

    def mute(self, member: Membership, muted: bool) -> None:
        """Take or give a member their voice."""
        if member.muted == muted:
            return
        member.muted = muted
        line = _line(member.call)
        if line is not None:
            member.conference.bridge.mute(line, muted)
        self._touch(member)
        event = "participant-mute" if muted else "participant-unmute"
        self._tell(member.conference, event, member=member, acting=member.call)

    def hold(self, member: Membership, hold: bool) -> None:
        """Take a member out of hearing, or back."""
        if member.hold == hold:
            return
        member.hold = hold
        line = _line(member.call)
        if line is not None and hold:
            member.conference.bridge.remove(line)
        elif member.joined and member.conference.state is ConferenceState.IN_PROGRESS:
            self._let_hear(member)
        self._touch(member)
        event = "participant-hold" if hold else "participant-unhold"
        self._tell(member.conference, event, member=member, acting=member.call)

    def modify(
        self, member: Membership, *, end_on_exit: bool | None, coached_sid: str | None
    ) -> None:
        """Change what a member's leaving does, or whom they coach. Raises CannotJoin 13240."""
        if coached_sid and coached_sid not in member.conference.members:
            raise CannotJoin(13240, "nobody to coach")
        changed = False
        if end_on_exit is not None and end_on_exit != member.end_on_exit:
            member.end_on_exit, changed = end_on_exit, True
        if coached_sid is not None and coached_sid != member.coached_sid:
            member.coached_sid, changed = coached_sid, True
            if member.joined and member.conference.state is ConferenceState.IN_PROGRESS:
                self._let_hear(member)
        if changed:
            self._touch(member)
            self._tell(member.conference, "participant-modify", member=member, acting=member.call)

    def announced(self, conference: Conference, member: Membership | None, worked: bool) -> None:
        """An announcement to one member or to all was played, or could not be."""
        event = "announcement-end" if worked else "announcement-fail"
        acting = member.call if member is not None else None
        self._tell(conference, event, member=member, acting=acting)

    def _let_hear(self, member: Membership) -> None:
        line = _line(member.call)
        if line is None or member.hold:
            return
        bridge = member.conference.bridge
        bridge.mute(line, member.muted)
        coached = member.conference.members.get(member.coached_sid)
        bridge.coach(line, _line(coached.call) if coached else None)
        bridge.add(line)

    def _settle_callback(self, conference: Conference, noun: ConferenceNoun) -> None:
        if conference.callback_settled:
            return
        conference.callback_settled = True
        conference.recorded = noun.record
        if noun.recording_callback:
            recording_events = frozenset(noun.recording_events or ("completed",))
            conference.recording_callback = Callback(
                noun.recording_callback, noun.recording_method, recording_events
            )
        if noun.status_callback:
            groups = noun.status_events or ("start", "end")
            events = frozenset[str]().union(*(EVENT_GROUPS.get(g, frozenset()) for g in groups))
            conference.callback = Callback(noun.status_callback, noun.status_method, events)

    def _leaving_status(self, call: Call) -> str:
        return CallState.IN_PROGRESS.value if not call.over else call.state.value

    def _touch(self, member: Membership) -> None:
        member.updated = self._now(member.call)

    def _now(self, call: Call | None) -> datetime:
        if call is not None and call.runner is not None:
            return call.runner.now()
        if call is not None and call.ended is not None:
            return call.ended
        return self._clock.now()

    def _change(self, conference: Conference, state: ConferenceState, acting: Call | None) -> None:
        if state not in TRANSITIONS[conference.state]:
            raise AssertionError(f"conference {conference.state} → {state}")
        conference.state = state
        conference.updated = self._now(acting)

    def _journal_member(self, event: str, member: Membership, **more: object) -> None:
        call = member.call
        self._journal.write(
            event,
            time=self._now(call),
            sid=call.sid,
            to=call.to,
            from_=call.from_,
            conference=member.conference.sid,
            name=member.conference.name,
            label=member.label or None,
            **more,
        )

    def _tell(
        self,
        conference: Conference,
        event: str,
        *,
        acting: Call | None = None,
        member: Membership | None = None,
        extra: list[tuple[str, object]] | None = None,
    ) -> None:
        callback = conference.callback
        if callback is None or event not in callback.events:
            return
        pairs: list[tuple[str, object]] = [
            ("ConferenceSid", conference.sid),
            ("FriendlyName", conference.name),
            ("AccountSid", self._settings.account_sid),
            ("SequenceNumber", conference.sequence),
            ("Timestamp", rfc2822(self._now(acting))),
            ("StatusCallbackEvent", event),
        ]
        conference.sequence += 1
        if member is not None:
            pairs += [
                ("CallSid", member.call.sid),
                ("Muted", member.muted),
                ("Hold", member.hold),
                ("Coaching", bool(member.coached_sid)),
                ("EndConferenceOnExit", member.end_on_exit),
                ("StartConferenceOnEnter", member.start_on_enter),
                ("ParticipantLabel", member.label or None),
            ]
        self._notices.conference(conference.sid, callback, fields(pairs + (extra or [])), acting)


def _nothing(*_: object) -> None:
    return None


def _line(call: Call) -> Line | None:
    return call.runner.line if call.runner is not None else None
