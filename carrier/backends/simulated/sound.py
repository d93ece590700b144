"""What recordings of simulated people sound like: silence of the right length."""

from __future__ import annotations

import struct

_RATE = 8000
_MAX_SECONDS = 600


def wav(seconds: float, channels: int) -> bytes:
    """A WAV file, 8 kHz, 16 bit; at most ten minutes of it."""
    size = int(min(_MAX_SECONDS, seconds) * _RATE) * 2 * channels
    block = 2 * channels
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        _RATE,
        _RATE * block,
        block,
        16,
        b"data",
        size,
    )
    return header + bytes(size)
