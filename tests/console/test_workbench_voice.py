"""The workbench's voice: who may hear, who may record, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import PAGES, Page
from clock.reading import now
from robot import releasing, voicing
from robot.models import LineRecording, ScriptVersion
from robot.publishing import store
from tests.cast import Cast
from tests.console.test_permissions import PEOPLE
from tests.console.test_workbench import SOURCE, signed_in
from tests.robot.voice_server import mp3, voice_server, wav


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def draft(cast: Cast) -> ScriptVersion:
    return store(SOURCE, author=cast.writer, at=now())


@pytest.fixture
def writer(cast: Cast, client: Client) -> Client:
    return signed_in(client, cast.writer)


def pieces(client: Client, version: ScriptVersion) -> list[dict[str, Any]]:
    answer = client.post(f"/workbench/{version.pk}/voice/", {"source": SOURCE})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["pieces"]
    return found


def upload(client: Client, version: ScriptVersion, text: str, data: bytes) -> Any:
    return client.post(
        f"/workbench/{version.pk}/voice/record/",
        {"source": SOURCE, "text": text, "audio": SimpleUploadedFile("line.wav", data)},
    )


def test_every_line_is_listed_with_its_fixed_words(writer: Client, draft: ScriptVersion) -> None:
    found = pieces(writer, draft)
    assert found[0]["place"] == "nodes.open.say"
    assert {one["place"].partition(".")[0] for one in found} == {
        "nodes",
        "faq",
        "no_input",
        "no_match",
    }
    assert not any(one["recording"] or one["made"] or "{{" in one["text"] for one in found)


@pytest.mark.parametrize("data", [wav(1.2), mp3(50)], ids=["wav", "mp3"])
def test_a_recording_is_put_in_heard_and_taken_out(
    writer: Client, draft: ScriptVersion, data: bytes
) -> None:
    text = pieces(writer, draft)[0]["text"]
    put = upload(writer, draft, text, data).json()["pieces"][0]["recording"]
    assert put["seconds"] == 1.2
    heard = writer.get(put["heard"])
    assert heard.status_code == 200
    assert heard.getvalue() == data
    gone = writer.post(put["remove"], {"source": SOURCE}).json()
    assert gone["pieces"][0]["recording"] is None
    assert not LineRecording.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>", "不是 WAV"),
        (wav(31), "30 秒"),
        (b"", "没有内容"),
        (bytes(5 * 1024 * 1024 + 1), "5 MB"),
    ],
    ids=["no audio", "too long", "empty", "too large"],
)
def test_a_file_that_cannot_be_played_is_refused_in_words(
    writer: Client, draft: ScriptVersion, data: bytes, words: str
) -> None:
    answer = upload(writer, draft, pieces(writer, draft)[0]["text"], data)
    assert answer.status_code == 422
    assert words in answer.json()["text"]
    assert not LineRecording.objects.exists()


def test_words_that_are_not_in_the_source_and_a_source_that_is_none_are_refused(
    writer: Client, draft: ScriptVersion
) -> None:
    assert "已不在" in upload(writer, draft, "没有这句话", wav(1)).json()["text"]
    answer = writer.post(f"/workbench/{draft.pk}/voice/", {"source": "nodes: ["})
    assert answer.status_code == 422


def test_while_a_version_waits_for_its_signature_nothing_changes(
    cast: Cast, writer: Client, draft: ScriptVersion
) -> None:
    releasing.ask(draft, maker=cast.writer, at=now())
    answer = upload(writer, draft, pieces(writer, draft)[0]["text"], wav(1))
    assert answer.status_code == 422
    assert "等待签批" in answer.json()["text"]


def test_what_the_service_has_made_can_be_heard_before_it_is_signed(
    writer: Client, draft: ScriptVersion, settings: Settings
) -> None:
    with voice_server() as server:
        settings.VOICE_TTS_URL = server.url
        assert pieces(writer, draft)[0]["made"] == ""
        assert voicing.render_draft(draft.pk, at=now()) > 20
        found = pieces(writer, draft)
    assert all(one["made"] for one in found)
    assert writer.get(found[0]["made"]).getvalue()[:4] == b"RIFF"


@pytest.mark.parametrize("role", list(Role))
def test_whoever_reads_scripts_may_listen_and_only_writers_record(
    role: Role, cast: Cast, client: Client, draft: ScriptVersion, writer: Client
) -> None:
    text = pieces(writer, draft)[0]["text"]
    put = upload(writer, draft, text, wav(1)).json()["pieces"][0]["recording"]
    other = Client()
    username = next(name for name, held in PEOPLE.items() if held == role)
    other.force_login(User.objects.get(username=username))
    listens = 200 if role in PAGES[Page.WORKBENCH] else 403
    changes = 200 if role in PAGES[Page.WRITING] else 403
    voice = f"/workbench/{draft.pk}/voice/"
    assert other.post(voice, {"source": SOURCE}).status_code == listens
    heard = other.get(put["heard"])
    assert heard.status_code == listens
    assert listens != 200 or heard.getvalue() == wav(1)
    assert upload(other, draft, text, wav(1)).status_code == changes
    assert other.post(put["remove"], {"source": SOURCE}).status_code in (changes, 404)


def test_a_stranger_is_asked_to_sign_in(client: Client, draft: ScriptVersion) -> None:
    for address in (f"/workbench/{draft.pk}/voice/", f"/workbench/{draft.pk}/voice/record/"):
        assert client.post(address).status_code == 302
    assert client.get("/workbench/clips/" + "0" * 64 + "/").status_code == 302
