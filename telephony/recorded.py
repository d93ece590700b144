"""The carrier's recordings: fetched once, then deleted there. Imported by the dialer alone."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from django.conf import settings

from telephony.client import client
from telephony.controlling import ControlFailed
from telephony.errors import SDK_ERRORS, status_of

_API = "2010-04-01"
_CHUNK = 64 * 1024
#: Real seconds for the connection, and for each next piece.
_TIMEOUT_S = (5.0, 20.0)
#: Bytes: the longest call there may be, in both directions (30 minutes), and some more.
MAX_BYTES = 128 * 1024 * 1024
_NOT_FOUND = 404


class NotFetched(Exception):
    """The carrier did not give the whole recording; `gone`: it has none (any more)."""

    def __init__(self, cause: str, *, gone: bool = False) -> None:
        super().__init__(cause)
        self.gone = gone


def sound(sid: str) -> Iterator[bytes]:
    """The WAV file of a recording, piece by piece. Raises NotFetched, also half-way.

    The address is made of our own settings and not taken from a webhook.
    """
    base = settings.TWILIO_API_BASE.rstrip("/")
    url = f"{base}/{_API}/Accounts/{settings.TWILIO_ACCOUNT_SID}/Recordings/{sid}.wav"
    who = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
    try:
        with requests.get(url, auth=who, stream=True, timeout=_TIMEOUT_S) as answer:
            if answer.status_code != 200:
                gone = answer.status_code == _NOT_FOUND
                raise NotFetched(f"http:{answer.status_code}", gone=gone)
            length, got = answer.headers.get("Content-Length"), 0
            for piece in answer.iter_content(_CHUNK):
                got += len(piece)
                if got > MAX_BYTES:
                    raise NotFetched("too_large")
                yield piece
            if length is not None and got != int(length):
                raise NotFetched("cut_short")
    except requests.RequestException as error:
        raise NotFetched(type(error).__name__) from error


def delete(sid: str) -> None:
    """Have the carrier delete a recording; one that is not there is deleted.

    Raises ControlFailed.
    """
    try:
        client().recordings(sid).delete()
    except SDK_ERRORS as error:
        if status_of(error) != _NOT_FOUND:
            raise ControlFailed(type(error).__name__) from error
