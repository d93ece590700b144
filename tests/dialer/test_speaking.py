"""A published voice on a call: clips where there are any, words where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from clock.reading import now
from dialer import jobs, speaking
from robot import voicing
from robot.conversing import transcript
from robot.models import VoiceClip
from tests.cast import Cast
from tests.dialer.line import dial, make_running_campaign, verbs
from tests.dialer.stub_carrier import StubCarrier
from tests.robot.voice_server import VoiceServer, voice_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _carrier(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    settings.MEDIA_ROOT = tmp_path
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield
    stub.close()


@pytest.fixture
def service(settings: Settings) -> Iterator[VoiceServer]:
    with voice_server() as server:
        settings.VOICE_TTS_URL = server.url
        yield server


def heard(twiml: str) -> list[tuple[str, str]]:
    """Everything that is said or played, in order."""
    found = ElementTree.fromstring(twiml).iter()
    return [(each.tag, each.text or "") for each in found if each.tag in ("Say", "Play")]


def words(url: str) -> str:
    """What is heard in a clip, as the sandbox's customers read it."""
    reply = Client().get(url.partition("8000")[2])
    assert reply.status_code == 200
    assert reply.getvalue()[:4] == b"RIFF"
    return unquote(reply["X-Sanshi-Words"])


def test_without_a_voice_the_carrier_says_every_line(cast: Cast) -> None:
    line = dial(make_running_campaign(cast), cast.wang)
    assert {tag for tag, _ in heard(line.answer())} == {"Say"}


def test_a_call_plays_the_clips_and_says_what_is_not_ready(
    cast: Cast, service: VoiceServer
) -> None:
    line = dial(make_running_campaign(cast), cast.wang)
    opening = heard(line.answer())
    assert [text for tag, text in opening if tag == "Say"] == ["湖城银行"]
    said = "".join(words(text) if tag == "Play" else text for tag, text in opening)
    assert said == line_said(line.call.public_id)


def test_values_are_made_while_it_rings_and_played_when_it_is_answered(
    cast: Cast, service: VoiceServer
) -> None:
    line = dial(make_running_campaign(cast), cast.wang)
    jobs.voice_values(line.call.pk)
    opening = heard(line.answer())
    assert {tag for tag, _ in opening} == {"Play"}
    assert "".join(words(text) for _, text in opening) == line_said(line.call.public_id)
    asked = len(service.asked)
    jobs.voice_values(line.call.pk)  # answered by now: it would come too late
    assert len(service.asked) == asked
    assert verbs(line.say("别再打了"))[-1] == "Hangup"


def test_a_clip_is_given_to_whoever_has_its_hash_once_it_is_published(
    cast: Cast, service: VoiceServer
) -> None:
    line = dial(make_running_campaign(cast), cast.wang)
    version = speaking.version(line.call)
    played = VoiceClip.objects.filter(source="tts").first()
    assert played is not None
    address = f"/hooks/voice/{played.sha256}/"
    reply = Client().get(address)
    assert len(reply.getvalue()) == played.size
    assert reply["Content-Type"] == "audio/wav"
    assert "immutable" in reply["Cache-Control"]
    assert Client().get(address, headers={"If-None-Match": reply["ETag"]}).status_code == 304
    assert Client().post(address).status_code == 405
    for unknown in ("0" * 64, "..", played.key, played.sha256.upper()):
        assert Client().get(f"/hooks/voice/{unknown}/").status_code == 404
    VoiceClip.objects.filter(pk=played.pk).update(released_at=None)
    assert Client().get(address).status_code == 404
    assert voicing.prepare_values(version, {"name": "王"}, at=now()) >= 1
    value = VoiceClip.objects.filter(source="value").first()
    assert value is not None
    reply = Client().get(f"/hooks/voice/{value.sha256}/")
    assert len(reply.getvalue()) == value.size
    assert "private" in reply["Cache-Control"]


def test_the_words_beside_the_audio_are_the_sandboxs_alone(
    cast: Cast, service: VoiceServer, settings: Settings
) -> None:
    dial(make_running_campaign(cast), cast.wang)
    clip = VoiceClip.objects.filter(source="tts").first()
    assert clip is not None
    settings.CARRIER = "twilio"
    reply = Client().get(f"/hooks/voice/{clip.sha256}/")
    assert len(reply.getvalue()) == clip.size
    assert "X-Sanshi-Words" not in reply


def line_said(call_ref: UUID) -> str:
    """The opening as the transcript has it."""
    return transcript(call_ref)[0].text
