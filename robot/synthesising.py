"""The bank's text-to-speech service behind one adapter (off unless VOICE_TTS_URL is set).

One POST a text: JSON `{"text", "voice", "format": "wav"}` with the key as a bearer token; the
answer is the audio itself, WAV or MP3, bounded in size, length and time. Whatever is wrong with it,
there is no audio, and nothing else fails.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Final, Protocol

import requests
from django.conf import settings

from robot.domain import audio
from robot.domain.audio import Audio, BadAudio

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 10.0


class Voice(Protocol):
    """Whoever says words."""

    @property
    def name(self) -> str:
        """Part of what a clip is made from."""
        ...

    def say(self, text: str) -> Audio | None:
        """The audio, or None when there is none to be had."""
        ...


@dataclass(frozen=True, slots=True)
class SayVoice:
    """The carrier's own voice: it reads the words itself during the call, so nothing is made."""

    name: str = "say"

    def say(self, text: str) -> Audio | None:
        return None


@dataclass(frozen=True, slots=True)
class HttpVoice:
    """A voice behind an HTTP address."""

    url: str
    key: str = ""
    name: str = "default"
    timeout_s: float = TIMEOUT_S

    def say(self, text: str) -> Audio | None:
        begun = time.monotonic()
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        body = {"text": text, "voice": self.name, "format": "wav"}
        try:
            with requests.post(
                self.url,
                json=body,
                headers=headers,
                timeout=self.timeout_s,
                stream=True,
                allow_redirects=False,
            ) as answer:
                if answer.status_code != 200:
                    log.warning("voice: the service answered %s", answer.status_code)
                    return None
                data = b""
                for chunk in answer.iter_content(1 << 16):
                    data += chunk
                    if len(data) > audio.MAX_BYTES or time.monotonic() - begun > self.timeout_s:
                        log.warning("voice: the answer is too large or too slow")
                        return None
            return audio.read(data)
        except BadAudio as error:
            log.warning("voice: the answer is no audio to play (%s)", error.fault)
        except requests.RequestException as error:
            log.warning("voice: the service did not answer (%s)", type(error).__name__)
        return None


def voice() -> Voice:
    """Who speaks in this installation."""
    if not settings.VOICE_TTS_URL:
        return SayVoice()
    return HttpVoice(
        settings.VOICE_TTS_URL, settings.VOICE_TTS_KEY, settings.VOICE_TTS_VOICE or "default"
    )


def key_of(voice_name: str, text: str) -> str:
    """What a clip of this voice is known by: the same words are made once."""
    return hashlib.sha256(f"{voice_name}\0{text}".encode()).hexdigest()
