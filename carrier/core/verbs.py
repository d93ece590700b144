"""The verbs of TwiML and their nouns, with Twilio's defaults (telephony.md §1.3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Play:
    """``words`` and ``seconds`` are known once the file was looked at (``core/media.py``)."""

    url: str = ""
    digits: str = ""
    loop: int = 1
    words: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float = 1.0


Prompt = Say | Play | Pause


@dataclass(frozen=True, slots=True)
class Gather:
    """``timeout`` counts from the end of the nested verbs; ``end_silence`` None means auto."""

    prompts: tuple[Prompt, ...] = ()
    speech: bool = False
    dtmf: bool = True
    timeout: float = 5.0
    end_silence: float | None = None
    num_digits: int = 0
    finish_on_key: str = "#"
    action: str | None = None
    method: str = "POST"
    action_on_empty: bool = False
    partial_url: str = ""
    partial_method: str = "POST"
    language: str = ""
    hints: tuple[str, ...] = ()
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class ConferenceNoun:
    """``wait_url`` None means Twilio's own music, an empty string silence."""

    name: str
    muted: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    label: str = ""
    coach: str = ""
    beep: str = "true"
    wait_url: str | None = None
    wait_method: str = "POST"
    max_participants: int = 250
    record: bool = False
    status_callback: str = ""
    status_method: str = "POST"
    status_events: tuple[str, ...] = ()
    recording_callback: str = ""
    recording_method: str = "POST"
    recording_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyNoun:
    """A number or a client to be rung by Dial; ``to`` as in REST."""

    to: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_method: str = "POST"
    status_events: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dial:
    noun: ConferenceNoun | None = None
    parties: tuple[PartyNoun, ...] = ()
    action: str | None = None
    method: str = "POST"
    timeout: float = 30.0
    time_limit: float = 14400.0
    caller_id: str = ""
    hangup_on_star: bool = False
    record: bool = False
    recording_channels: int = 1
    recording_callback: str = ""
    recording_method: str = "POST"
    recording_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    action: str | None = None
    method: str = "POST"
    timeout: float = 5.0
    max_length: float = 3600.0
    finish_on_key: str = "1234567890*#"
    status_callback: str = ""
    status_method: str = "POST"
    status_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str = "rejected"


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Verb = Say | Play | Pause | Gather | Dial | Record | Redirect | Reject | Hangup
