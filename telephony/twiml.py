"""What the robot does next, in the carrier's words (TwiML).

Silence is never allowed to fall through a Gather: `actionOnEmptyResult` brings us every turn, also
an empty one, so that a silent customer is a turn and not a hang-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from django.conf import settings
from twilio.twiml.voice_response import Conference, Dial, Gather, Play, Say, VoiceResponse

from telephony.events import CONFERENCE_EVENTS

#: Twilio's own limits on hints.
_MAX_HINTS = 500
_MAX_HINT_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio at an address, heard instead of words."""

    url: str


class _Voice(NamedTuple):
    """The carrier's voice that reads the words."""

    language: str
    name: str


#: What is heard: words that the carrier reads, or a clip.
Prompt = str | Clip


def gather(
    lines: Sequence[Prompt],
    *,
    action: str,
    wait_s: float,
    end_s: float,
    digits: int = 0,
    hints: Sequence[str] = (),
    barge_in: bool = True,
    overheard: str = "",
) -> str:
    """Say `lines`, then listen; what was heard is posted to `action`.

    `digits`: how many keys make an answer (0 = keys are not listened for). `wait_s`: seconds of
    silence until the turn counts as empty; `end_s`: seconds of silence that end an utterance.
    Without `barge_in` nothing interrupts the lines; words that are spoken over them are posted to
    `overheard` as they come, where it is given (what is answered there is of no account).
    """
    document = _gather(
        tuple(lines), _seconds(wait_s), _seconds(end_s), digits, _hints(hints), barge_in,
        bool(overheard), settings.SPEECH_LANGUAGE, _voice(),
    )  # fmt: skip
    for place, address in ((_ACTION, action), (_OVERHEARD, overheard)):
        document = document.replace(f'"{place}"', quoteattr(address))
    return document


#: Every turn has addresses of its own; the rest of a document is the same in call after call.
_ACTION, _OVERHEARD = "urn:sanshi:action", "urn:sanshi:overheard"


@lru_cache(maxsize=512)
def _gather(
    lines: tuple[Prompt, ...],
    wait_s: int,
    end_s: int,
    digits: int,
    hints: str,
    barge_in: bool,
    overheard: bool,
    speech: str,
    voice: _Voice,
) -> str:
    """The document with places for its addresses: to make one takes as long as to think."""
    response = VoiceResponse()
    listening = Gather(
        input="dtmf speech" if digits else "speech",
        action=_ACTION,
        method="POST",
        timeout=wait_s,
        speech_timeout=end_s,
        language=speech,
        action_on_empty_result=True,
        barge_in=barge_in,
        **({"num_digits": digits} if digits else {}),
        **({"hints": hints} if hints else {}),
        **(_told(_OVERHEARD) if overheard else {}),
    )
    # before the Gather nobody listens; within it somebody does
    listens = barge_in or overheard
    for line in lines:
        (listening if listens else response).append(_prompt(line, voice))
    response.append(listening)
    return str(response)


def hang_up(lines: Sequence[Prompt] = ()) -> str:
    """Say `lines` and end the call."""
    response = VoiceResponse()
    for line in lines:
        response.append(_prompt(line, _voice()))
    response.hangup()
    return str(response)


def say_and_redirect(lines: Sequence[Prompt], url: str) -> str:
    """Say `lines` and go on at `url`."""
    response = VoiceResponse()
    for line in lines:
        response.append(_prompt(line, _voice()))
    response.redirect(url, method="POST")
    return str(response)


def dial_conference(
    name: str,
    *,
    label: str,
    action: str,
    status_url: str,
    start_on_enter: bool = True,
    end_on_exit: bool = True,
    lines: Sequence[Prompt] = (),
) -> str:
    """Say `lines` and join the conference `name` under `label`.

    `start_on_enter`, `end_on_exit`: whether this one's coming starts and leaving ends it; `action`
    is fetched when it is over for this one; `status_url` gets the conference's events. No music, no
    beep.
    """
    response = VoiceResponse()
    for line in lines:
        response.append(_prompt(line, _voice()))
    dial = Dial(action=action, method="POST")
    dial.append(
        Conference(
            name,
            participant_label=label,
            start_conference_on_enter=start_on_enter,
            end_conference_on_exit=end_on_exit,
            beep="false",
            wait_url="",
            status_callback=status_url,
            status_callback_event=" ".join(CONFERENCE_EVENTS),
        )
    )
    response.append(dial)
    return str(response)


def _voice() -> _Voice:
    return _Voice(settings.SAY_LANGUAGE, settings.SAY_VOICE)


def _prompt(line: Prompt, voice: _Voice) -> Say | Play:
    if isinstance(line, Clip):
        return Play(line.url)
    return Say(line, language=voice.language, voice=voice.name)


def _told(url: str) -> dict[str, str]:
    return {"partial_result_callback": url, "partial_result_callback_method": "POST"}


def _seconds(value: float) -> int:
    """Whole seconds, at least one: the attribute is an integer."""
    return max(1, math.ceil(value))


def _hints(hints: Sequence[str]) -> str:
    # a comma separates hints, so none may hold one
    words = [hint.replace(",", " ").strip()[:_MAX_HINT_LENGTH] for hint in hints[:_MAX_HINTS]]
    return ",".join(word for word in words if word)
