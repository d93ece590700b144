"""People's voices for the lines of a script: taken in, put in place, taken out again.

A recording belongs to the exact words. Customers hear it only with a version that is published
after it, and a reviewer signs what they can hear: while a version waits for a signature, the
recordings of its script stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from approvals.reading import pending
from audit import recording as audit
from robot.domain import audio
from robot.domain.script import Script as Document
from robot.domain.speech import lines, pieces
from robot.domain.versions import VersionState
from robot.models import LineRecording, Script, ScriptVersion, VoiceClip
from robot.voicing import keep


class RecordingLocked(PermissionError):
    """A version of the script waits for a signature."""


class NoSuchWords(LookupError):
    """These words are not a line of the script, or no recording of them exists."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Fixed words of a line, and their recording if there is one; `stale` was made for the same
    place when its words were others.
    """

    place: str
    line: str
    text: str
    recording: LineRecording | None
    stale: LineRecording | None


def pieces_of(script: Script, document: Document) -> list[Piece]:
    """Every line's fixed words, place by place, with what is recorded of them."""
    kept = {one.text: one for one in script.recordings.select_related("clip", "made_by")}
    places = [(line, text) for line in lines(document) for text in pieces(line.text)]
    used = {text for _, text in places}
    left = {one.place: one for one in kept.values() if one.text not in used}
    return [
        Piece(line.place, line.text, text, kept.get(text), left.get(line.place))
        for line, text in places
    ]


@transaction.atomic
def record(
    version: ScriptVersion, document: Document, *, text: str, data: bytes, by: User, at: datetime
) -> LineRecording:
    """Put a recording in place of whatever was there for these words.

    Raises BadAudio, NoSuchWords (they are not fixed words of `document`), RecordingLocked.
    """
    script = _unlocked(version.script_id, at)
    places = [line.place for line in lines(document) if text in pieces(line.text)]
    if not places:
        raise NoSuchWords(text)
    read = audio.read(data)
    digest = hashlib.sha256(data).hexdigest()
    clip = keep(
        read,
        key=hashlib.sha256(f"recording\0{script.pk}\0{digest}".encode()).hexdigest(),
        text=text,
        source=VoiceClip.Source.RECORDING,
        at=at,
        made_by_id=by.pk,
    )
    kept, _ = LineRecording.objects.update_or_create(
        script=script,
        text_hash=_hash(text),
        defaults={
            "text": text,
            "place": places[0],
            "clip": clip,
            "made_at": at,
            "made_by": by,
        },
    )
    _write_down("robot.line_recorded", kept, by)
    return kept


@transaction.atomic
def remove(recording: LineRecording, *, by: User, at: datetime) -> None:
    """Take a recording out; published versions that hold its clip keep it. Raises
    RecordingLocked.
    """
    _unlocked(recording.script_id, at)
    _write_down("robot.recording_removed", recording, by)
    recording.delete()


def _unlocked(script_id: int, at: datetime) -> Script:
    script = Script.objects.select_for_update().get(pk=script_id)
    drafts = script.versions.exclude(state=VersionState.PUBLISHED.value).values_list(
        "pk", flat=True
    )
    if any(pending(f"script_version:{pk}", at) for pk in drafts):
        raise RecordingLocked
    return script


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_down(kind: str, kept: LineRecording, by: User) -> None:
    audit.record(
        kind=kind,
        actor_id=by.pk,
        subject=f"script:{kept.script_id}",
        payload={"place": kept.place, "words": kept.text_hash, "clip": kept.clip.sha256},
    )
