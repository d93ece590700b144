"""Reading TwiML: a document becomes a tuple of verbs; what cannot be understood becomes a warning.

Attributes and their defaults: telephony.md §1.3. An attribute with an impossible value counts as
absent, an unknown verb is skipped, and both leave a warning; only a document that is no XML or has
no ``<Response>`` fails as a whole (12100).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from xml.etree import ElementTree

from carrier.core.verbs import (
    ConferenceNoun,
    Dial,
    Gather,
    Hangup,
    PartyNoun,
    Pause,
    Play,
    Prompt,
    Record,
    Redirect,
    Reject,
    Say,
    Verb,
)

_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)


class DocumentError(Exception):
    """The document cannot be used. ``code`` is Twilio's error number."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """Verbs in order; ``warnings`` are pairs of Twilio's number and a sentence."""

    verbs: tuple[Verb, ...]
    warnings: tuple[tuple[int, str], ...] = ()


_Warnings = list[tuple[int, str]]


class _Attributes:
    """Attributes of one element, read with defaults; impossible values leave a warning."""

    def __init__(self, element: ElementTree.Element, warnings: list[tuple[int, str]]) -> None:
        self._element = element
        self._warnings = warnings

    def text(self, name: str, default: str = "") -> str:
        return self._element.get(name, default).strip()

    def optional(self, name: str) -> str | None:
        value = self._element.get(name)
        return None if value is None else value.strip()

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if value in ("true", "1", "yes"):
            return True
        if value in ("false", "0", "no"):
            return False
        if value:
            self._bad(name)
        return default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.text(name)
        if not value:
            return default
        try:
            number = float(value)
        except ValueError:
            self._bad(name)
            return default
        if not low <= number <= high:
            self._bad(name)
            return default
        return number

    def method(self, name: str) -> str:
        value = self.text(name).upper()
        if value not in ("GET", "POST"):
            if value:
                self._bad(name)
            return "POST"
        return value

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self.text(name).split())

    def _bad(self, name: str) -> None:
        self._warnings.append((12200, f"{self._element.tag}: attribute {name} is not valid"))


V = TypeVar("V")
_Reader = Callable[[ElementTree.Element, _Attributes, _Warnings], V]


def parse(text: str) -> Document:
    """Read a document. Raises DocumentError when it is no TwiML at all."""
    if _DOCTYPE.search(text):
        raise DocumentError(12100, "document type declarations are not allowed")
    try:
        root = ElementTree.fromstring(text.strip().encode())  # noqa: S314  no DOCTYPE, no entities
    except (ElementTree.ParseError, UnicodeError, ValueError) as error:
        raise DocumentError(12100, f"not well formed: {error}") from error
    if root.tag != "Response":
        raise DocumentError(12100, "the root is not <Response>")
    warnings: list[tuple[int, str]] = []
    verbs: list[Verb] = []
    for element in root:
        reader = _VERBS.get(element.tag) if isinstance(element.tag, str) else None
        if reader is None:
            warnings.append((12200, f"unknown verb {str(element.tag)[:40]}"))
            continue
        verbs.append(reader(element, _Attributes(element, warnings), warnings))
    return Document(tuple(verbs), tuple(warnings))


def _words(element: ElementTree.Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def _say(element: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Say:
    loop = int(at.number("loop", 1, 0, 1000))
    return Say(_words(element), at.text("voice"), at.text("language"), loop)


def _play(element: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Play:
    loop = int(at.number("loop", 1, 0, 1000))
    return Play(_words(element), at.text("digits"), loop)


def _pause(_e: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Pause:
    return Pause(at.number("length", 1, 0, 3600))


def _prompts(element: ElementTree.Element, warnings: list[tuple[int, str]]) -> tuple[Prompt, ...]:
    found: list[Prompt] = []
    for child in element:
        reader = _PROMPTS.get(child.tag) if isinstance(child.tag, str) else None
        if reader is None:
            warnings.append((12200, f"{element.tag} cannot hold {str(child.tag)[:40]}"))
            continue
        found.append(reader(child, _Attributes(child, warnings), warnings))
    return tuple(found)


def _gather(
    element: ElementTree.Element, at: _Attributes, warnings: list[tuple[int, str]]
) -> Gather:
    kinds = set(at.text("input", "dtmf").split()) & {"dtmf", "speech"}
    end = at.text("speechTimeout")
    timeout = at.number("timeout", 5, 0, 600)
    end_silence: float | None
    if end == "auto":
        end_silence = None
    else:
        end_silence = at.number("speechTimeout", timeout, 0, 60)
    if end == "auto" and at.text("speechModel"):
        warnings.append((12200, "Gather: with a speechModel, speechTimeout must be a number"))
    hints = tuple(hint.strip()[:100] for hint in at.text("hints").split(",") if hint.strip())
    return Gather(
        prompts=_prompts(element, warnings),
        speech="speech" in kinds,
        dtmf="dtmf" in kinds or not kinds,
        timeout=timeout,
        end_silence=end_silence,
        num_digits=int(at.number("numDigits", 0, 0, 1000)),
        finish_on_key=at.text("finishOnKey", "#"),
        action=at.optional("action"),
        method=at.method("method"),
        action_on_empty=at.flag("actionOnEmptyResult", False),
        partial_url=at.text("partialResultCallback"),
        partial_method=at.method("partialResultCallbackMethod"),
        language=at.text("language"),
        hints=hints[:500],
        barge_in=at.flag("bargeIn", True),
    )


def _dial(element: ElementTree.Element, at: _Attributes, warnings: list[tuple[int, str]]) -> Dial:
    noun: ConferenceNoun | None = None
    parties: list[PartyNoun] = []
    for child in element:
        own = _Attributes(child, warnings)
        if child.tag == "Conference":
            noun = _conference(child, own)
        elif child.tag in ("Number", "Client"):
            parties.append(_party(child, own))
        else:
            warnings.append((12200, f"Dial cannot hold {str(child.tag)[:40]}"))
    number = (element.text or "").strip()
    if number and noun is None and not parties:
        parties.append(PartyNoun(number))
    return Dial(
        noun=noun,
        parties=tuple(parties),
        action=at.optional("action"),
        method=at.method("method"),
        timeout=at.number("timeout", 30, 1, 600),
        time_limit=at.number("timeLimit", 14400, 1, 86400),
        caller_id=at.text("callerId"),
        hangup_on_star=at.flag("hangupOnStar", False),
        record=_recorded(at),
        recording_channels=2 if at.text("record").endswith("dual") else 1,
        recording_callback=at.text("recordingStatusCallback"),
        recording_method=at.method("recordingStatusCallbackMethod"),
        recording_events=at.words("recordingStatusCallbackEvent"),
    )


def _recorded(at: _Attributes) -> bool:
    """``record-from-…`` and the older ``true`` record, ``do-not-record`` and none do not."""
    wanted = at.text("record")
    return wanted == "true" or wanted.startswith("record-from-")


def _conference(element: ElementTree.Element, at: _Attributes) -> ConferenceNoun:
    return ConferenceNoun(
        name=_words(element),
        muted=at.flag("muted", False),
        start_on_enter=at.flag("startConferenceOnEnter", True),
        end_on_exit=at.flag("endConferenceOnExit", False),
        label=at.text("participantLabel")[:128],
        coach=at.text("coach"),
        beep=at.text("beep", "true"),
        wait_url=at.optional("waitUrl"),
        wait_method=at.method("waitMethod"),
        max_participants=int(at.number("maxParticipants", 250, 1, 250)),
        record=_recorded(at),
        status_callback=at.text("statusCallback"),
        status_method=at.method("statusCallbackMethod"),
        status_events=at.words("statusCallbackEvent"),
        recording_callback=at.text("recordingStatusCallback"),
        recording_method=at.method("recordingStatusCallbackMethod"),
        recording_events=at.words("recordingStatusCallbackEvent"),
    )


def _party(element: ElementTree.Element, at: _Attributes) -> PartyNoun:
    identity = element.findtext("Identity") if element.tag == "Client" else None
    target = identity.strip() if identity else (element.text or "").strip()
    if element.tag == "Client" and not target.startswith("client:"):
        target = "client:" + target
    return PartyNoun(
        to=target,
        url=at.text("url"),
        method=at.method("method"),
        status_callback=at.text("statusCallback"),
        status_method=at.method("statusCallbackMethod"),
        status_events=at.words("statusCallbackEvent"),
        parameters=tuple(
            (child.get("name", "")[:128], child.get("value", "")[:1000])
            for child in element.findall("Parameter")
        ),
    )


def _record(_e: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Record:
    return Record(
        action=at.optional("action"),
        method=at.method("method"),
        timeout=at.number("timeout", 5, 0, 600),
        max_length=at.number("maxLength", 3600, 1, 14400),
        finish_on_key=at.text("finishOnKey", "1234567890*#"),
        status_callback=at.text("recordingStatusCallback"),
        status_method=at.method("recordingStatusCallbackMethod"),
        status_events=at.words("recordingStatusCallbackEvent"),
    )


def _redirect(element: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Redirect:
    return Redirect(_words(element), at.method("method"))


def _reject(_e: ElementTree.Element, at: _Attributes, _: list[tuple[int, str]]) -> Reject:
    return Reject("busy" if at.text("reason") == "busy" else "rejected")


def _hangup(_e: ElementTree.Element, _at: _Attributes, _: list[tuple[int, str]]) -> Hangup:
    return Hangup()


_PROMPTS: dict[str, _Reader[Prompt]] = {"Say": _say, "Play": _play, "Pause": _pause}
_VERBS: dict[str, _Reader[Verb]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Dial": _dial,
    "Record": _record,
    "Redirect": _redirect,
    "Reject": _reject,
    "Hangup": _hangup,
}
