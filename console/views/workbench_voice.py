"""What the lines of a script sound like: hearing them, recording them, taking a recording out."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseNotFound, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.permissions import Page, requires
from clock.reading import now as clock_now
from robot import recording, voicing
from robot.domain.audio import MAX_BYTES, AudioFault, BadAudio
from robot.domain.documents import ScriptUnreadable, read_yaml
from robot.domain.script import Script
from robot.models import LineRecording, ScriptVersion, VoiceClip

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FAULTS: Final[dict[AudioFault, str | Promise]] = {
    AudioFault.TOO_LARGE: gettext_lazy("The file is too large: 5 MB at most."),
    AudioFault.TOO_LONG: gettext_lazy("The recording is too long: 30 seconds at most."),
    AudioFault.TOO_SHORT: gettext_lazy("There is nothing in the recording."),
    AudioFault.UNREADABLE: gettext_lazy("This is not a WAV (PCM) or MP3 file."),
}

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _refusals(view: View[P]) -> View[P]:
    """What cannot be done is told in a sentence."""

    @wraps(view)
    def told(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ScriptUnreadable:
            return _refused(_("The source cannot be read: mend it first."))
        except BadAudio as error:
            return _refused(str(_FAULTS[error.fault]))
        except recording.NoSuchWords:
            return _refused(_("These words are no longer in the source."))
        except recording.RecordingLocked:
            return _refused(
                _("A version waits for a signature: take it back before you change recordings.")
            )

    return told


@require_POST
@requires(Page.WORKBENCH)
@_refusals
def pieces(request: HttpRequest, version_id: int) -> JsonResponse:
    """Every line of the source with its fixed words and what is heard for each of them."""
    version = _version(version_id)
    return JsonResponse(_document(version, read_yaml(request.POST.get("source", ""))))


@require_POST
@requires(Page.WRITING)
@_refusals
def record(request: HttpRequest, version_id: int) -> JsonResponse:
    """Put an uploaded file in place as the voice of `text`."""
    version = _version(version_id)
    script = read_yaml(request.POST.get("source", ""))
    file = request.FILES.get("audio")
    if file is None or not file.size:
        raise BadAudio(AudioFault.TOO_SHORT)
    if file.size > MAX_BYTES:
        raise BadAudio(AudioFault.TOO_LARGE)
    assert isinstance(request.user, User)
    recording.record(
        version,
        script,
        text=request.POST.get("text", ""),
        data=file.read(),
        by=request.user,
        at=clock_now(),
    )
    return JsonResponse(_document(version, script))


@require_POST
@requires(Page.WRITING)
@_refusals
def remove(request: HttpRequest, version_id: int, recording_id: int) -> JsonResponse:
    """Take a recording of this version's script out."""
    version = _version(version_id)
    kept = get_object_or_404(LineRecording, pk=recording_id, script_id=version.script_id)
    script = read_yaml(request.POST.get("source", ""))
    assert isinstance(request.user, User)
    recording.remove(kept, by=request.user, at=clock_now())
    return JsonResponse(_document(version, script))


@require_safe
@requires(Page.WORKBENCH)
def clip(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """One clip to be heard here; values of calls are not for listening."""
    found = (
        VoiceClip.objects.exclude(source=VoiceClip.Source.VALUE).filter(sha256=sha256).first()
        if _HASH.fullmatch(sha256)
        else None
    )
    if found is None or not voicing.file_of(sha256).is_file():
        return HttpResponseNotFound()
    response = FileResponse(voicing.file_of(sha256).open("rb"), content_type=found.mime)
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _document(version: ScriptVersion, script: Script) -> dict[str, Any]:
    found = recording.pieces_of(version.script, script)
    made = voicing.clips_of(script, [piece.text for piece in found])
    return {
        "service": bool(settings.VOICE_TTS_URL),
        "pieces": [
            {
                "place": piece.place,
                "line": piece.line,
                "text": piece.text,
                "recording": _recording(version, piece.recording),
                "stale": _recording(version, piece.stale),
                "made": _heard(made[piece.text]) if piece.text in made else "",
            }
            for piece in found
        ],
    }


def _recording(version: ScriptVersion, kept: LineRecording | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    by = kept.made_by
    return {
        "text": kept.text,
        "seconds": kept.clip.seconds,
        "who": by.get_full_name() if by else "",
        "at": kept.made_at.isoformat(),
        "heard": _heard(kept.clip.sha256),
        "remove": reverse("workbench-voice-remove", args=[version.pk, kept.pk]),
    }


def _heard(sha256: str) -> str:
    return reverse("workbench-clip", args=[sha256])


def _version(version_id: int) -> ScriptVersion:
    return get_object_or_404(ScriptVersion.objects.select_related("script"), pk=version_id)


def _refused(sentence: str) -> JsonResponse:
    return JsonResponse({"text": sentence}, status=422)
