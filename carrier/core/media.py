"""Files that are played: fetched as a real carrier fetches them, kept by their address.

Simulated people have no ears. A server that plays to them may say beside the audio what is heard
in it (``X-Sanshi-Words``, percent-encoded) and how long it takes (``X-Sanshi-Seconds``); a file
without these is four seconds of sound without words. A file that cannot be had is silence, with
Twilio's warning, and the call goes on.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from carrier.core.verbs import Play
from carrier.webhooks import Sender

_KEPT = 2000
_LONGEST = 3600.0


class Media:
    """What is known of the files that calls play."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known: dict[str, tuple[str, float | None]] = {}

    async def opened(self, play: Play, url: str) -> Play | None:
        """The verb with what is heard in its file; None when the file cannot be had."""
        known = self._known.get(url)
        if known is None:
            headers = await self._sender.look_at(url)
            if headers is None:
                return None
            words = unquote(headers.get("X-Sanshi-Words", ""))
            known = words, _seconds(headers.get("X-Sanshi-Seconds", ""))
            if len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[url] = known
        return replace(play, words=known[0], seconds=known[1])


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= _LONGEST else None
