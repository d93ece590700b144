"""What a published version sounds like: its fixed words as clips, made once, hashed with it.

A piece of fixed text is heard as, first of all, a person's recording of exactly these words, then
as the voice of the bank's text-to-speech service where there is one, and else as the carrier's own
`<Say>`. Values are spliced in: from the service if their clip is there in time, else by `<Say>`.
With neither recordings nor a service there is no manifest, and all is said as it is written.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from database.kept_files import delete_file, keep_file
from robot.domain.audio import Audio
from robot.domain.documents import canonical_json, read_json
from robot.domain.pronouncing import as_spoken
from robot.domain.rendering import variables as clean_variables
from robot.domain.script import Script
from robot.domain.speech import Splitter, fixed, speakable
from robot.domain.validation.findings import Finding
from robot.models import LineRecording, ScriptVersion, VoiceClip
from robot.synthesising import SayVoice, Voice, key_of, voice

log = logging.getLogger(__name__)

#: Requests to the service at once, and how long publishing waits for all of them (real seconds).
AT_ONCE: Final = 4
PUBLISH_WAIT_S: Final = 30.0
#: Values are of single calls: names and sums are not kept longer than they are of use.
VALUES_KEPT: Final = timedelta(days=30)


class NotVoiced(ValueError):
    """Fixed words without audio although the bank has a voice (V18); `findings` names them."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.en for finding in findings[:5]))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Spoken:
    """A part of what is said: the words, and the clip (its sha256) that they are heard as."""

    text: str
    clip: str = ""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A version's voice, as calls need it."""

    script: Script
    splitter: Splitter
    manifest: Mapping[str, str]


# --- publishing ----------------------------------------------------------------------------------


def manifest(version: ScriptVersion, *, at: datetime) -> dict[str, str]:
    """The clip of every fixed piece that has one; raises NotVoiced where the voice fails.

    The clips are released: whoever places calls may have them played from now on.
    """
    script = read_json(version.document)
    wanted = fixed(script)
    recorded = dict(
        LineRecording.objects.filter(script_id=version.script_id, text__in=wanted).values_list(
            "text", "clip__sha256"
        )
    )
    missing = [text for text in wanted if text not in recorded]
    speaker = voice()
    made = {} if isinstance(speaker, SayVoice) else render(script, missing, speaker, at=at)
    if not isinstance(speaker, SayVoice) and len(made) < len(missing):
        raise NotVoiced([_finding(wanted[text], text) for text in missing if text not in made])
    found = {**recorded, **made}
    VoiceClip.objects.filter(sha256__in=found.values(), released_at__isnull=True).update(
        released_at=at
    )
    return found


def manifest_hash(found: Mapping[str, str]) -> str:
    """The identity of a version's sound; "" when nothing of it is fixed."""
    return hashlib.sha256(canonical_json(dict(found)).encode()).hexdigest() if found else ""


def render(
    script: Script, texts: Sequence[str], speaker: Voice, *, at: datetime, values: bool = False
) -> dict[str, str]:
    """The sha256 of each text's clip, made by the voice where it is not kept yet."""
    kept = clips_of(script, texts)
    for text, audio in _said(script, [text for text in texts if text not in kept], speaker):
        clip = keep(
            audio,
            key=key_of(speaker.name, reading(script, text)),
            text=text,
            source=VoiceClip.Source.VALUE if values else VoiceClip.Source.TTS,
            at=at,
        )
        kept[text] = clip.sha256
    return kept


def reading(script: Script, text: str) -> str:
    """The text as a voice reads it: numbers and ambiguous characters as they sound."""
    return text if script.locale == "en" else as_spoken(text, script.pronounce)


def clips_of(script: Script, texts: Sequence[str]) -> dict[str, str]:
    """The clips that the voice has already made of these texts."""
    speaker = voice()
    if isinstance(speaker, SayVoice):
        return {}
    keys = {text: key_of(speaker.name, reading(script, text)) for text in texts}
    kept = dict(VoiceClip.objects.filter(key__in=keys.values()).values_list("key", "sha256"))
    return {text: kept[key] for text, key in keys.items() if key in kept}


def render_draft(version_id: int, *, at: datetime) -> int:
    """Make a version's clips ahead of its publishing; how many of its pieces have one."""
    speaker = voice()
    if isinstance(speaker, SayVoice):
        return 0
    script = read_json(ScriptVersion.objects.get(pk=version_id).document)
    return len(render(script, list(fixed(script)), speaker, at=at))


def _said(script: Script, texts: Sequence[str], speaker: Voice) -> Iterable[tuple[str, Audio]]:
    """The texts and their audio as far as it came in time; the database is not touched here."""
    if not texts:
        return
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="voice")
    try:
        asked = {pool.submit(speaker.say, reading(script, text)): text for text in texts}
        done, _ = wait(asked, timeout=PUBLISH_WAIT_S)
        for future in done:
            audio = future.result()
            if audio is not None:
                yield asked[future], audio
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _finding(place: str, text: str) -> Finding:
    node = place.split(".")[1] if place.startswith("nodes.") else place
    return Finding(
        "V18",
        node,
        (node,),
        f"{place}：“{text}”没有合成出语音",
        f"{place}: no audio came for “{text}”",
        "检查语音合成服务后重试，或为这句话上传录音。",
        "Check the voice service and try again, or record this line.",
    )


# --- calls ---------------------------------------------------------------------------------------


def spoken(version: ScriptVersion, texts: Iterable[str]) -> list[Spoken]:
    """Lines of a conversation as they are heard with this version, in order.

    Of the version its two hashes are enough.
    """
    sound = _sound(version.pk, version.content_hash, version.voice_hash)
    return [part for text in texts for part in _heard(sound, text)]


def prepare_values(version: ScriptVersion, given: Mapping[str, object], *, at: datetime) -> int:
    """Have a call's values said while it rings, so that they are there when the line is spoken."""
    speaker = voice()
    if isinstance(speaker, SayVoice):
        return 0
    script = read_json(version.document)
    values = {value for value in clean_variables(script, given).values() if speakable(value)}
    forget_values(before=at - VALUES_KEPT)
    return len(render(script, sorted(values), speaker, at=at, values=True))


@lru_cache(maxsize=64)
def _sound(version_id: int, content_hash: str, voice_hash: str) -> _Sound:
    version = ScriptVersion.objects.get(pk=version_id)
    script = read_json(version.document)
    return _Sound(script, Splitter(script), version.voice_manifest)


def _heard(sound: _Sound, text: str) -> list[Spoken]:
    if not sound.manifest:
        return [Spoken(_for_the_carrier(sound, text))]
    segments = sound.splitter.split(text)
    values = _value_clips(sound, [part.text for part in segments if not part.fixed])
    found: list[Spoken] = []
    for part in segments:
        clip = _playable((sound.manifest if part.fixed else values).get(part.text.strip(), ""))
        if not clip and found and not found[-1].clip:
            found[-1] = Spoken(found[-1].text + part.text)
        else:
            found.append(Spoken(part.text, clip))
    return [
        one if one.clip else Spoken(_for_the_carrier(sound, one.text))
        for one in found
        if one.clip or speakable(one.text)
    ]


def _playable(sha256: str) -> str:
    """The clip, unless its file is gone: words that are read are better than silence."""
    if sha256 and not file_of(sha256).is_file():
        log.error("voice: the file of clip %s is missing", sha256)
        return ""
    return sha256


def _value_clips(sound: _Sound, texts: Sequence[str]) -> dict[str, str]:
    speaker = voice()
    if isinstance(speaker, SayVoice) or not texts:
        return {}
    keys = {key_of(speaker.name, reading(sound.script, text)): text.strip() for text in texts}
    clips = VoiceClip.objects.filter(key__in=keys, released_at__isnull=False)
    return {keys[key]: sha256 for key, sha256 in clips.values_list("key", "sha256")}


def _for_the_carrier(sound: _Sound, text: str) -> str:
    """What `<Say>` gets: the line itself, unless its writer has said how words sound."""
    return reading(sound.script, text) if sound.script.pronounce else text


# --- files ---------------------------------------------------------------------------------------


@transaction.atomic
def keep(
    audio: Audio,
    *,
    key: str,
    text: str,
    source: VoiceClip.Source,
    at: datetime,
    made_by_id: int | None = None,
) -> VoiceClip:
    """Keep audio under its own hash; what is there already stays as it is."""
    sha256 = hashlib.sha256(audio.data).hexdigest()
    place = file_of(sha256)
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(audio.data)
    keep_file(Path(name), place)
    clip, _ = VoiceClip.objects.get_or_create(
        key=key,
        defaults={
            "sha256": sha256,
            "text": text[:400],
            "source": source.value,
            "mime": audio.mime,
            "seconds": audio.seconds,
            "size": len(audio.data),
            "made_at": at,
            "made_by_id": made_by_id,
            "released_at": at if source is VoiceClip.Source.VALUE else None,
        },
    )
    return clip


def file_of(sha256: str) -> Path:
    """Where the audio of this hash lies."""
    folder: Path = settings.MEDIA_ROOT / "voice" / sha256[:2]
    return folder / sha256


def released(sha256: str) -> VoiceClip | None:
    """The clip of this hash if calls may play it."""
    return VoiceClip.objects.filter(sha256=sha256, released_at__isnull=False).first()


def forget_values(*, before: datetime) -> int:
    """Drop values that were said before then, rows and files; how many."""
    old = VoiceClip.objects.filter(source=VoiceClip.Source.VALUE, made_at__lt=before)
    gone = list(old.values_list("pk", "sha256")[:1000])
    VoiceClip.objects.filter(pk__in=[pk for pk, _ in gone]).delete()
    transaction.on_commit(lambda: _delete({sha256 for _, sha256 in gone}))
    return len(gone)


def _delete(hashes: Iterable[str]) -> None:
    for sha256 in hashes:
        delete_file(file_of(sha256), wanted=VoiceClip.objects.filter(sha256=sha256).exists)
