"""Reading what a client posts: form fields, checked, with Twilio's codes for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from carrier.core.calls import Callback
from carrier.rest.errors import RestError
from carrier.webhooks import is_web_url

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ADDRESS = re.compile(r"(client|sip|app):\S{1,256}")


class Form:
    """Form fields; a field may be given several times."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    @classmethod
    async def of(cls, request: web.Request) -> Form:
        """Read the body. A body that is no form counts as having no fields."""
        kind = request.content_type
        pairs: list[tuple[str, str]] = []
        try:
            if kind == "multipart/form-data":
                data = await request.post()
                pairs = [(k, v) for k, v in data.items() if isinstance(v, str)]
            elif kind in ("application/x-www-form-urlencoded", "application/octet-stream"):
                raw = await request.read()
                pairs = parse_qsl(
                    raw.decode("utf-8", errors="replace"),
                    keep_blank_values=True,
                    max_num_fields=2000,
                )
            else:
                await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise RestError(400, 20001, "The request body is too large") from error
        except (ValueError, LookupError, AssertionError, HttpProcessingError) as error:
            raise RestError(400, 20001, "The request body cannot be read") from error
        found: dict[str, list[str]] = {}
        for key, value in pairs:
            found.setdefault(key, []).append(value)
        return cls(found)

    def has(self, name: str) -> bool:
        """Whether a field was given, even empty."""
        return name in self._fields

    def text(self, name: str, default: str = "") -> str:
        """A field's value, the last if given several times."""
        values = self._fields.get(name)
        return values[-1].strip() if values else default

    def all(self, name: str) -> list[str]:
        """All values of a field; spaces and commas separate, too."""
        found: list[str] = []
        for value in self._fields.get(name, ()):
            found += value.replace(",", " ").split()
        return found

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """Truth in any spelling: the SDK sends ``True`` where Twilio means ``true``."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in ("true", "1", "yes"):
            return True
        if value in ("false", "0", "no"):
            return False
        raise RestError(400, 20001, f"{name} must be true or false")

    def number(
        self, name: str, default: float, low: float, high: float, code: int = 20001
    ) -> float:
        """A whole number within bounds."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise RestError(400, code, f"{name} must be between {low:g} and {high:g}")
        return float(value)

    def method(self, name: str) -> str:
        """GET or POST."""
        value = self.text(name, "POST").upper() or "POST"
        if value not in ("GET", "POST"):
            raise RestError(400, 20001, f"{name} must be GET or POST")
        return value

    def url(self, name: str, code: int = 21205) -> str:
        """An absolute URL, or an empty string."""
        value = self.text(name)
        if value and (not is_web_url(value) or len(value) > 4000):
            raise RestError(400, code, f"{name} is not a valid URL")
        return value

    def callback(
        self, prefix: str, known: tuple[str, ...], default: tuple[str, ...]
    ) -> Callback | None:
        """``<prefix>``, ``<prefix>Event`` and ``<prefix>Method`` together."""
        url = self.url(prefix, 21609)
        events = self.all(f"{prefix}Event")
        method = self.method(f"{prefix}Method")
        unknown = [event for event in events if event not in known]
        if unknown:
            raise RestError(400, 21626, f"{prefix}Event {unknown[0][:40]} is not valid")
        if not url:
            return None
        return Callback(url, method, _events(tuple(events or default)))


@lru_cache(maxsize=256)
def _events(names: tuple[str, ...]) -> frozenset[str]:
    """The same set for the same subscription: thousands of calls have it."""
    return frozenset(names)


def is_party(value: str) -> bool:
    """E.164, or client:, sip:, app:."""
    return bool(_E164.fullmatch(value) or _ADDRESS.fullmatch(value))


_MAGIC_TO = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}


def parties(form: Form) -> tuple[str, str]:
    """``To`` and ``From``, checked; Twilio's magic numbers answer with their errors."""
    to, from_ = form.text("To"), form.text("From")
    if not to:
        raise RestError(400, 21201)
    if not from_:
        raise RestError(400, 21213)
    if from_ == "+15005550001":
        raise RestError(400, 21212)
    if from_.startswith("+1500555") and from_ != "+15005550006":
        raise RestError(400, 21210)
    if to in _MAGIC_TO:
        raise RestError(400, _MAGIC_TO[to])
    if not is_party(to):
        raise RestError(
            400, 21211, f"The phone number you are attempting to call, {to[:40]}, is not valid."
        )
    if not is_party(from_):
        raise RestError(400, 21212)
    return to, from_
