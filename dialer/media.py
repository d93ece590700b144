"""Audio for the carrier: clips of published versions and values of calls, by their own hash.

The hash is the address: it cannot be guessed by anybody who does not have the audio already, and
what lies behind it never changes.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from robot import voicing
from robot.models import VoiceClip

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
#: A value may be a customer's name: only the carrier keeps it, and not for long.
_BRIEFLY: Final = "private, max-age=3600"


@require_safe
def voice(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """One clip; 404 unless calls may play it."""
    clip = voicing.released(sha256) if _HASH.fullmatch(sha256) else None
    path = voicing.file_of(sha256)
    if clip is None or not path.is_file():
        return HttpResponseNotFound()
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == f'"{sha256}"':
        response = HttpResponse(status=304)
    else:
        response = FileResponse(path.open("rb"), content_type=clip.mime)
        if settings.CARRIER == "sandbox":
            # its customers have no ears: they read what is said, and how long it takes
            response["X-Sanshi-Words"] = quote(clip.text)
            response["X-Sanshi-Seconds"] = str(clip.seconds)
    response["ETag"] = f'"{sha256}"'
    value = clip.source == VoiceClip.Source.VALUE
    response["Cache-Control"] = _BRIEFLY if value else _FOR_EVER
    return response
