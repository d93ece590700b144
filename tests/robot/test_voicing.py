"""A version's voice: recordings first, then the bank's service, else the carrier's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from approvals.deciding import withdraw
from audit.models import Entry
from clock.reading import now
from robot import recording, releasing, voicing
from robot.domain.documents import read_json
from robot.domain.speech import fixed
from robot.models import LineRecording, ScriptVersion, VoiceClip
from robot.publishing import NotPublishable, install_shipped_scripts, store
from robot.recording import NoSuchWords, RecordingLocked
from robot.synthesising import HttpVoice
from robot.voicing import Spoken
from tests.robot.scripts import SOURCES
from tests.robot.voice_server import VoiceServer, mp3, voice_server, wav

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def service(settings: Settings) -> Iterator[VoiceServer]:
    with voice_server() as server:
        settings.VOICE_TTS_URL = server.url
        settings.VOICE_TTS_KEY = "secret"
        settings.VOICE_TTS_VOICE = "xiaoyun"
        yield server


@pytest.fixture
def writer(db: None) -> User:
    return User.objects.create_user("writer", is_superuser=True)


def opening(version: ScriptVersion, bank: str = "江南银行") -> str:
    said = read_json(version.document).nodes["open"].say
    assert said
    return said.replace("{{bank}}", bank)


def first_piece(version: ScriptVersion) -> str:
    return next(iter(fixed(read_json(version.document))))


def published(code: str = "cc-instalment-prescreen") -> ScriptVersion:
    install_shipped_scripts()
    return ScriptVersion.objects.get(script__code=code, state="published")


def draft(writer: User) -> ScriptVersion:
    source = SOURCES["cc-instalment-prescreen"].replace("不打扰您了，再见", "那就不打扰您了，再见")
    return store(source, author=writer, at=now())


def test_with_nothing_set_up_every_line_is_said_as_it_is_written() -> None:
    version = published()
    assert (version.voice_manifest, version.voice_hash) == ({}, "")
    text = opening(version)
    assert voicing.spoken(version, [text, "别的话 3.6%"]) == [
        Spoken(text),
        Spoken("别的话 3.6%"),
    ]
    assert not VoiceClip.objects.exists()


def test_with_a_service_publishing_makes_a_clip_of_every_fixed_piece(service: VoiceServer) -> None:
    version = published()
    pieces = fixed(read_json(version.document))
    assert set(version.voice_manifest) == set(pieces)
    assert version.voice_hash == voicing.manifest_hash(version.voice_manifest)
    assert set(service.keys) == {"Bearer secret"}
    assert {asked["voice"] for asked in service.asked} == {"xiaoyun"}
    for sha256 in version.voice_manifest.values():
        clip = voicing.released(sha256)
        assert clip is not None
        assert voicing.file_of(sha256).stat().st_size == clip.size
    entry = Entry.objects.filter(kind="robot.version_published").latest("id")
    assert "voice" in entry.payload


def test_the_service_reads_numbers_and_ambiguous_words_as_they_sound(service: VoiceServer) -> None:
    version = published()
    assert "还款" in "".join(version.voice_manifest) or "银行" in "".join(version.voice_manifest)
    assert not any(word in text for text in service.texts for word in ("还款", "银行"))
    assert not any(char.isdigit() for text in service.texts for char in text)


def test_the_same_words_are_made_once(service: VoiceServer) -> None:
    published()
    made = len(service.asked)
    assert len(set(service.texts)) == made
    ScriptVersion.objects.update(state="draft")
    install_shipped_scripts()
    assert len(service.asked) == made


@pytest.mark.parametrize("answer", [b"<html>", b"", wav(40), mp3(3) + b"x" * 9000])
def test_a_service_without_audio_stops_publishing_and_names_the_lines(
    service: VoiceServer, writer: User, answer: bytes
) -> None:
    service.audio = lambda text: answer
    with pytest.raises(NotPublishable) as caught:
        install_shipped_scripts()
    assert {finding.rule for finding in caught.value.findings} == {"V18"}
    assert not ScriptVersion.objects.filter(state="published").exists()


def test_a_broken_a_slow_and_an_absent_service_give_no_audio(service: VoiceServer) -> None:
    speaker = HttpVoice(service.url, timeout_s=0.3)
    assert speaker.say("您好") is not None
    service.status = 500
    assert speaker.say("您好") is None
    service.status, service.delay_s = 200, 1.0
    assert speaker.say("您好") is None
    assert HttpVoice("http://127.0.0.1:1/", timeout_s=0.3).say("您好") is None


def test_values_are_spliced_in_and_read_by_the_carrier_until_they_are_made(
    service: VoiceServer,
) -> None:
    version = published()
    text = opening(version)
    heard = voicing.spoken(version, [text])
    assert "".join(part.text for part in heard) == text
    assert [part.text for part in heard if not part.clip] == ["江南银行"]
    assert voicing.prepare_values(version, {"bank": "江南银行"}, at=now()) >= 1
    heard = voicing.spoken(version, [text])
    assert all(part.clip for part in heard)
    assert "".join(part.text for part in heard) == text
    assert service.texts.count("江南银杭") == 1


def test_a_clip_whose_file_is_gone_is_read_by_the_carrier_instead(service: VoiceServer) -> None:
    version = published()
    text = opening(version)
    lost = next(part.clip for part in voicing.spoken(version, [text]) if part.clip)
    voicing.file_of(lost).unlink()
    heard = voicing.spoken(version, [text])
    assert lost not in {part.clip for part in heard}
    assert "".join(part.text for part in heard) == text


def test_values_are_forgotten_after_a_while_rows_and_files(
    service: VoiceServer, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    version = published()
    voicing.prepare_values(version, {"bank": "江南银行", "name": "张伟"}, at=now())
    kept = list(VoiceClip.objects.filter(source="value").values_list("sha256", flat=True))
    assert kept
    assert voicing.forget_values(before=now() - timedelta(days=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert voicing.forget_values(before=now() + timedelta(seconds=1)) == len(kept)
    assert not any(voicing.file_of(sha256).exists() for sha256 in kept)
    assert all(voicing.file_of(sha256).exists() for sha256 in version.voice_manifest.values())


def test_a_recording_is_heard_instead_of_the_voice_and_the_rest_is_said(writer: User) -> None:
    version = draft(writer)
    document = read_json(version.document)
    text = first_piece(version)
    kept = recording.record(version, document, text=text, data=wav(2), by=writer, at=now())
    found = voicing.manifest(version, at=now())
    assert found == {text: kept.clip.sha256}
    ScriptVersion.objects.filter(pk=version.pk).update(
        voice_manifest=found, voice_hash=voicing.manifest_hash(found)
    )
    version.refresh_from_db()
    line = opening(version)
    first, *rest = voicing.spoken(version, [line])
    assert first == Spoken(text, kept.clip.sha256)
    assert len(rest) == 1
    assert not rest[0].clip
    assert first.text + rest[0].text == line


def test_a_recording_belongs_to_the_exact_words(writer: User) -> None:
    version = draft(writer)
    document = read_json(version.document)
    text = first_piece(version)
    recording.record(version, document, text=text, data=wav(2), by=writer, at=now())
    changed = SOURCES["cc-instalment-prescreen"].replace(text, "早上好，" + text, 1)
    after = read_json(store(changed, author=writer, at=now()).document)
    pieces = recording.pieces_of(version.script, after)
    stale = [piece for piece in pieces if piece.stale]
    assert [piece.text for piece in stale if piece.text.startswith("早上好")]
    assert all(piece.recording is None for piece in stale)
    with pytest.raises(NoSuchWords):
        recording.record(version, after, text="没有这句", data=wav(2), by=writer, at=now())


def test_recordings_stand_still_while_a_version_waits_for_its_signature(writer: User) -> None:
    version = draft(writer)
    document, text = read_json(version.document), first_piece(version)
    approval = releasing.ask(version, maker=writer, at=now())
    with pytest.raises(RecordingLocked):
        recording.record(version, document, text=text, data=wav(2), by=writer, at=now())
    withdraw(approval=approval, actor=writer, reason="")
    kept = recording.record(version, document, text=text, data=wav(2), by=writer, at=now())
    recording.remove(kept, by=writer, at=now())
    assert not LineRecording.objects.exists()
    kinds = Entry.objects.filter(subject=f"script:{version.script_id}").values_list(
        "kind", flat=True
    )
    assert list(kinds.order_by("id")) == ["robot.line_recorded", "robot.recording_removed"]


def test_a_scripts_own_sounds_reach_the_carrier_too(writer: User) -> None:
    source = SOURCES["cc-instalment-prescreen"].replace(
        "nodes:", "pronounce: {江南: 姜南}\nnodes:", 1
    )
    version = store(source, author=writer, at=now())
    (only,) = voicing.spoken(version, [opening(version)])
    assert "姜南银杭" in only.text
