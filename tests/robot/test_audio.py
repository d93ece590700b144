"""Audio is what its bytes say it is, and no longer or larger than a line may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.domain import audio
from robot.domain.audio import AudioFault, BadAudio
from tests.robot.voice_server import mp3, wav


def test_the_length_of_a_wav_is_what_is_in_it() -> None:
    assert audio.read(wav(1.5)).seconds == 1.5
    cut = wav(1.5)[: 44 + 8000]  # the header promises more than there is
    assert audio.read(cut).seconds == 0.5
    assert audio.read(wav(1.5)).mime == "audio/wav"


def test_the_length_of_an_mp3_is_that_of_its_frames() -> None:
    read = audio.read(mp3(50))
    assert (read.mime, read.seconds) == ("audio/mpeg", 1.2)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", AudioFault.UNREADABLE),
        (b"<html>not here</html>" * 50, AudioFault.UNREADABLE),
        (b"RIFF\x00\x00\x00\x00WAVEjunk", AudioFault.UNREADABLE),
        (b"ID3", AudioFault.UNREADABLE),
        (mp3(50) + b"\x00" * 9000, AudioFault.UNREADABLE),
        (b"\x1aE\xdf\xa3" + bytes(2000), AudioFault.UNREADABLE),  # WebM, which carriers do not play
        (wav(0.05), AudioFault.TOO_SHORT),
        (wav(31), AudioFault.TOO_LONG),
        (bytes(audio.MAX_BYTES + 1), AudioFault.TOO_LARGE),
    ],
    ids=range(9),
)
def test_whatever_else_it_is_is_refused(data: bytes, fault: AudioFault) -> None:
    with pytest.raises(BadAudio) as caught:
        audio.read(data)
    assert caught.value.fault == fault


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"RIFF....WAVE", b"ID3", b"\xff\xfb\x90\x00"])
)
def test_no_bytes_crash_it(tail: bytes, head: bytes) -> None:
    try:
        assert audio.read(head + tail).seconds >= audio.MIN_SECONDS
    except BadAudio as error:
        assert error.fault in AudioFault
