"""Requests to the client's URLs: signed, limited in real time, retried as the URL says.

Network time is never simulated: 5 s to connect and 15 s in all, whatever the clock does
(telephony.md §2). Overrides stand after ``#``: ``#ct=2000&rt=5000&tt=15000&rc=3&rp=ct,rt,5xx``.
"""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, quote_plus, unquote, urljoin, urlsplit

import aiohttp
from yarl import URL

from carrier.signing import signature, signed_url, wire_url

Params = list[tuple[str, str]]

MAX_BODY = 64 * 1024
MAX_REDIRECTS = 10
_AFTER_REDIRECT_DROPPED = {"Digits", "SpeechResult", "Confidence", "FinishedOnKey"}
_REDIRECTS = {301, 302, 303, 307, 308}
_KEPT_SECONDS = 1.5  # less than the 2 s after which common servers drop an idle connection
_POLICIES = {"ct", "rt", "4xx", "5xx"}
_USUAL = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,4})?/[A-Za-z0-9/._~?=&%#,-]*")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, to wait for data and in all; retries and what is retried."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retried: frozenset[str] = frozenset({"ct"})


def limits_of(url: str, default: Limits) -> Limits:
    """Read the overrides of a URL; unknown or unreadable ones are passed over."""
    overrides = url.partition("#")[2]
    if not overrides:
        return default
    given = dict(parse_qsl(overrides))

    def number(key: str, low: int, high: int) -> int | None:
        text = given.get(key, "")
        return min(high, max(low, int(text))) if text.isascii() and text.isdigit() else None

    def seconds(key: str, low: int, fallback: float) -> float:
        value = number(key, low, 15000 if key != "ct" else 10000)
        return fallback if value is None else value / 1000

    retried = default.retried
    if "rp" in given:
        named = {name.strip() for name in given["rp"].split(",")}
        retried = frozenset(_POLICIES if "all" in named else named & _POLICIES)
    retries = number("rc", 0, 5)
    return Limits(
        connect=seconds("ct", 100, default.connect),
        read=seconds("rt", 100, default.read),
        total=seconds("tt", 100, default.total),
        retries=default.retries if retries is None else retries,
        retried=retried,
    )


@dataclass(slots=True)
class Webhook:
    """One request to be made. ``cookies`` belong to the call and are kept between requests."""

    url: str
    method: str
    params: Params
    token: str
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``error`` is Twilio's number for what went wrong, 0 when nothing did."""

    url: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    error: int = 0
    attempts: int = 1
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether a document may be read from it."""
        return self.error == 0


class Failure(Exception):
    """One attempt failed: ``kind`` is ct, rt, 4xx or 5xx; ``code`` is Twilio's error number."""

    def __init__(self, kind: str, code: int, status: int = 0) -> None:
        super().__init__(f"{kind} {code}")
        self.kind, self.code, self.status = kind, code, status


class Sender:
    """Makes the requests: one session for all, as many connections as are needed."""

    def __init__(self, auth_token: str, default: Limits) -> None:
        self._auth_token = auth_token
        self._default = default
        self._session: aiohttp.ClientSession | None = None
        self.refused_next = 0

    async def start(self) -> None:
        """Open the session; needs the running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=400, ttl_dns_cache=300, keepalive_timeout=_KEPT_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, webhook: Webhook, *, refuse: bool = False) -> Answer:
        """Make a request with its retries. Never raises for what the other side does.

        ``refuse`` plays a connection that cannot be opened, for the first attempt.
        """
        limits = limits_of(webhook.url, self._default)
        begun = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            left = limits.total - (time.monotonic() - begun)
            try:
                if refuse and attempt == 1:
                    raise Failure("ct", 11205)
                answer = await self._attempt(webhook, limits, left)
            except Failure as failure:
                spent = time.monotonic() - begun
                again = attempt <= limits.retries and failure.kind in limits.retried
                if again and spent + 0.05 < limits.total:
                    await asyncio.sleep(min(0.1 * 2 ** (attempt - 1), limits.total - spent))
                    continue
                return Answer(
                    webhook.url,
                    status=failure.status,
                    error=failure.code,
                    attempts=attempt,
                    seconds=spent,
                )
            return Answer(
                answer.url,
                answer.status,
                answer.content_type,
                answer.body,
                answer.error,
                attempt,
                time.monotonic() - begun,
            )

    async def look_at(self, url: str) -> Mapping[str, str] | None:
        """The headers of a file that is fetched and thrown away; None when it cannot be had."""
        if self._session is None:
            return None
        timeout = aiohttp.ClientTimeout(
            total=self._default.total, sock_connect=self._default.connect
        )
        try:
            async with self._session.get(wire_url(url), timeout=timeout) as response:
                async for _ in response.content.iter_chunked(MAX_BODY):
                    pass
                return response.headers if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None

    async def _attempt(self, webhook: Webhook, limits: Limits, left: float) -> Answer:
        try:
            async with asyncio.timeout(max(0.001, left)):
                return await self._follow(webhook, limits)
        except TimeoutError as error:
            raise Failure("rt", 11200) from error

    async def _follow(self, webhook: Webhook, limits: Limits) -> Answer:
        url, method, params = webhook.url, webhook.method, webhook.params
        for _ in range(MAX_REDIRECTS + 1):
            status, location, answer = await self._request(webhook, limits, url, method, params)
            if status in _REDIRECTS and location:
                url = urljoin(wire_url(url), location)
                method = "GET"
                params = [pair for pair in params if pair[0] not in _AFTER_REDIRECT_DROPPED]
                continue
            if status >= 400:
                raise Failure("5xx" if status >= 500 else "4xx", 11200, status)
            return answer
        raise Failure("redirects", 11215)

    async def _request(
        self, webhook: Webhook, limits: Limits, url: str, method: str, params: Params
    ) -> tuple[int, str, Answer]:
        if self._session is None:
            raise Failure("ct", 11205)
        target, body, headers = self._prepare(webhook, url, method, params)
        try:
            async with self._session.request(
                method,
                URL(target, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    sock_connect=limits.connect,
                    # the total already ends a read that is given as much
                    sock_read=limits.read if limits.read < limits.total else None,
                ),
            ) as response:
                if "Set-Cookie" in response.headers:
                    for name, morsel in response.cookies.items():
                        webhook.cookies[name] = morsel.value
                raw = await response.content.read(MAX_BODY + 1)
                while len(raw) <= MAX_BODY and not response.content.at_eof():
                    raw += await response.content.read(MAX_BODY + 1 - len(raw))
                if len(raw) > MAX_BODY:
                    raise Failure("size", 11750, response.status)
                header = response.headers.get("Content-Type", "")
                answer = Answer(
                    target,
                    response.status,
                    header.partition(";")[0].strip().lower(),
                    raw.decode(response.charset or "utf-8", errors="replace"),
                )
                return response.status, response.headers.get("Location", ""), answer
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorDNSError) as error:
            code = 11210 if isinstance(error, aiohttp.ClientConnectorDNSError) else 11205
            raise Failure("ct", code) from error
        except aiohttp.ServerDisconnectedError as error:
            # hung up on without a word, as an idle connection that the server has just dropped
            raise Failure("ct", 11200) from error
        except aiohttp.SocketTimeoutError as error:
            raise Failure("rt", 11200) from error
        except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            kind = "ct" if isinstance(error, aiohttp.ClientConnectorError) else "rt"
            raise Failure(kind, 11205 if kind == "ct" else 11200) from error
        except (aiohttp.ClientError, ValueError, LookupError) as error:
            raise Failure("rt", 11200) from error

    def _prepare(
        self, webhook: Webhook, url: str, method: str, params: Params
    ) -> tuple[str, bytes | None, dict[str, str]]:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "I-Twilio-Idempotency-Token": webhook.token,
        }
        target = wire_url(url)
        body: bytes | None = None
        if method == "GET":
            target += ("&" if "?" in target else "?") + encode(params) if params else ""
            headers["X-Twilio-Signature"] = signature(self._auth_token, target)
        else:
            body = encode(params).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            headers["X-Twilio-Signature"] = signature(self._auth_token, target, params)
        split = urlsplit(target) if "@" in target else None
        user = split.netloc.rpartition("@")[0] if split else ""
        if split and user:
            headers["Authorization"] = "Basic " + b64encode(unquote(user).encode()).decode()
            target = split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
        if webhook.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in webhook.cookies.items())
        return target, body, headers


@lru_cache(maxsize=8192)
def _quoted(text: str) -> str:
    return quote_plus(text, errors="replace")


def encode(params: Params) -> str:
    """Form-encode. Names and most values come again and again: remembering them halves the cost."""
    return "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in params)


def is_web_url(url: str) -> bool:
    """Whether a URL can be requested: http(s), a host, no underscore in its name."""
    if _USUAL.fullmatch(url):
        return True
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    bad = any(ch.isspace() or ord(ch) < 32 for ch in url)
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and not bad


def fields(pairs: Sequence[tuple[str, object]]) -> Params:
    """Form fields as text: None is left out, truth is ``true`` or ``false``."""
    found: Params = []
    for key, value in pairs:
        if value is None:
            continue
        if isinstance(value, bool):
            found.append((key, "true" if value else "false"))
        else:
            found.append((key, str(value)))
    return found


__all__ = ["Answer", "Limits", "Params", "Sender", "Webhook", "fields", "is_web_url", "signed_url"]
