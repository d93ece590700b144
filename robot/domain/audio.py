"""What an audio file is and how long it lasts, read from its own bytes: WAV (PCM) and MP3 alone.

These two every carrier plays. Whatever else a file claims to be, it is refused.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_SECONDS: Final = 30.0
MIN_SECONDS: Final = 0.1

_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class AudioFault(StrEnum):
    """Why a file cannot be played to customers."""

    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    UNREADABLE = "unreadable"


class BadAudio(ValueError):
    """The file is refused."""

    def __init__(self, fault: AudioFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Audio:
    """A file that can be played."""

    data: bytes
    mime: str
    seconds: float


def read(data: bytes) -> Audio:
    """The audio in `data`; BadAudio if it is anything else, too large, too long or too short."""
    if len(data) > MAX_BYTES:
        raise BadAudio(AudioFault.TOO_LARGE)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        mime, seconds = "audio/wav", _wav(data)
    else:
        mime, seconds = "audio/mpeg", _mp3(data)
    if seconds > MAX_SECONDS:
        raise BadAudio(AudioFault.TOO_LONG)
    if seconds < MIN_SECONDS:
        raise BadAudio(AudioFault.TOO_SHORT)
    return Audio(data, mime, round(seconds, 2))


def _wav(data: bytes) -> float:
    try:
        with wave.open(io.BytesIO(data)) as file:
            a_second = file.getnchannels() * file.getsampwidth() * file.getframerate()
            # what is there, not what the header says
            seconds: float = len(file.readframes(file.getnframes())) / a_second
            return seconds
    except (wave.Error, EOFError, ZeroDivisionError, RuntimeError, ValueError) as error:
        raise BadAudio(AudioFault.UNREADABLE) from error


def _mp3(data: bytes) -> float:
    """The length of all frames of layer III, one after the other to the end of the file."""
    place = _after_tag(data)
    end = len(data) - 128 if data[-128:-125] == b"TAG" else len(data)
    seconds = 0.0
    while place + 4 <= end:
        frame = _frame(data[place : place + 4])
        if frame is None:
            break
        size, length = frame
        place += size
        seconds += length
    if not seconds or end - place > 4096:  # a little padding, or a tag of another kind, may follow
        raise BadAudio(AudioFault.UNREADABLE)
    return seconds


def _after_tag(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(head: bytes) -> tuple[int, float] | None:
    """A frame's bytes and seconds; None if there is none."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] >> 1 & 3 != 1:
        return None
    version, quality, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in _RATES or rate == 3 or quality in (0, 15):
        return None
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[quality]
    samples, hertz = (1152 if version == 3 else 576), _RATES[version][rate]
    size = samples * kbits * 125 // hertz + (head[2] >> 1 & 1)
    return size, samples / hertz
