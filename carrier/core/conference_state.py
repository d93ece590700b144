"""The states of a conference, its events, and the words for why someone left or it ended."""

from __future__ import annotations

from enum import StrEnum


class ConferenceState(StrEnum):
    """Where a conference is."""

    INIT = "init"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"


TRANSITIONS: dict[ConferenceState, frozenset[ConferenceState]] = {
    ConferenceState.INIT: frozenset({ConferenceState.IN_PROGRESS, ConferenceState.COMPLETED}),
    ConferenceState.IN_PROGRESS: frozenset({ConferenceState.COMPLETED}),
    ConferenceState.COMPLETED: frozenset(),
}


class Left(StrEnum):
    """ReasonParticipantLeft: with underscores."""

    ENDED_VIA_API = "conference_ended_via_api"
    MODERATOR = "moderator_ended_conference"
    UPDATED_VIA_API = "participant_updated_via_api"
    HUNG_UP = "participant_hung_up"
    ADD_FAILED = "participant_add_failed"


class Ended(StrEnum):
    """ReasonConferenceEnded: with hyphens."""

    VIA_API = "conference-ended-via-api"
    LAST_LEFT = "last-participant-left"
    LAST_KICKED = "last-participant-kicked"
    MODERATOR_LEFT = "participant-with-end-conference-on-exit-left"
    MODERATOR_KICKED = "participant-with-end-conference-on-exit-kicked"


# what a client subscribes to → the events that then arrive
EVENT_GROUPS: dict[str, frozenset[str]] = {
    "start": frozenset({"conference-start"}),
    "end": frozenset({"conference-end"}),
    "join": frozenset({"participant-join"}),
    "leave": frozenset({"participant-leave"}),
    "mute": frozenset({"participant-mute", "participant-unmute"}),
    "hold": frozenset({"participant-hold", "participant-unhold"}),
    "modify": frozenset({"participant-modify"}),
    "speaker": frozenset({"participant-speech-start", "participant-speech-stop"}),
    "announcement": frozenset({"announcement-end", "announcement-fail"}),
}


class ParticipantState(StrEnum):
    """A participant's status in REST."""

    QUEUED = "queued"
    CONNECTING = "connecting"
    RINGING = "ringing"
    CONNECTED = "connected"
    COMPLETE = "complete"
    FAILED = "failed"
