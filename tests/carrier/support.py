"""A carrier on a free port, a listener for its webhooks, and the official SDK between them.

Both run in one thread of their own with an event loop, so that tests can be plain functions and
the SDK (which blocks) can be used as the application uses it.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from carrier.config import Settings
from carrier.core.clock import Anchors
from carrier.process import Running, running

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "sandbox-token"
KEY, SECRET = "SK" + "f" * 32, "sandbox-secret"
START = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
FROM = "+8657112345678"
PEOPLE = Path(__file__).parent / "people.yaml"
EVENTS = ["initiated", "ringing", "answered", "completed"]


@dataclass(slots=True)
class Hit:
    """One webhook as it came in."""

    at: float
    method: str
    path: str
    url: str
    params: dict[str, str]
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    valid: bool


_NUMBERS = itertools.count(1000)

Reply = str | web.Response | Callable[[Hit], Any]


@dataclass
class Listener:
    """Answers by path; keeps what came in. ``replies`` values: TwiML, a response, or a function."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Hit]:
        with self.lock:
            return [hit for hit in self.hits if hit.path == path]

    def statuses(self, path: str = "/status", sid: str = "") -> list[str]:
        """CallStatus values at a path, by their sequence number."""
        hits = [h for h in self.at(path) if not sid or h.params["CallSid"] == sid]
        return [
            hit.params["CallStatus"]
            for hit in sorted(hits, key=lambda hit: int(hit.params["SequenceNumber"]))
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        form = [(k, str(v)) for k, v in (await request.post()).items()] if raw else []
        url = f"http://127.0.0.1:{self.port}{request.raw_path}"
        pairs = form if request.method == "POST" else [(k, v) for k, v in request.query.items()]
        valid = RequestValidator(TOKEN).validate(
            url, dict(form), request.headers.get("X-Twilio-Signature", "")
        )
        hit = Hit(
            time.monotonic(),
            request.method,
            request.path,
            url,
            dict(pairs),
            pairs,
            dict(request.headers),
            valid,
        )
        with self.lock:
            self.hits.append(hit)
        reply = self.replies.get(request.path, "<Response/>")
        if callable(reply):
            reply = reply(hit)
            if asyncio.iscoroutine(reply):
                reply = await reply
        if isinstance(reply, str):
            return web.Response(text=reply, content_type="text/xml")
        if isinstance(reply, web.Response):
            body = reply.body if isinstance(reply.body, bytes) else b""
            return web.Response(status=reply.status, body=body, headers=reply.headers.copy())
        return web.Response(status=204)


def say(text: str) -> str:
    return f"<Response><Say>{text}</Say></Response>"


@dataclass
class Bench:
    """What a test holds."""

    carrier: Running
    hooks: Listener
    client: Client
    loop: asyncio.AbstractEventLoop

    def create(self, to: str, path: str = "/twiml", **more: Any) -> Any:
        """Create a call with all status events."""
        more.setdefault("url", self.hooks.url(path))
        more.setdefault("status_callback", self.hooks.url("/status"))
        more.setdefault("status_callback_event", EVENTS)
        return self.client.calls.create(to=to, from_=FROM, **more)

    def assign(self, **personas: str) -> None:
        """``assign(interested="+86…")``."""
        self.call(lambda: self.carrier.backend.assign({n: p for p, n in personas.items()}))

    def person(self, persona: str) -> str:
        """A number nobody has had yet, whose owner is of this kind."""
        number = f"+861380000{next(_NUMBERS):04d}"
        self.assign(**{persona: number})
        return number

    def call(self, what: Callable[[], Any]) -> Any:
        """Run something in the carrier's thread."""

        async def run() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def until(self, what: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError("it did not happen in time")

    def ended(self, sid: str, seconds: float = 20.0) -> Any:
        """Wait for a call to end and for what was told of it to arrive."""
        exchange = self.carrier.exchange
        self.until(lambda: exchange.calls[sid].over, seconds)
        self.until(lambda: exchange.notices.under_way == 0, seconds)
        return self.client.calls(sid).fetch()

    def journal(self, sid: str = "", event: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        n = 0
        while lines := self.carrier.exchange.journal.since(n):
            found += lines
            n = lines[-1]["n"]
        return [
            line
            for line in found
            if (not sid or line["sid"] == sid) and (not event or line["event"] == event)
        ]


def settings(**more: Any) -> Settings:
    base = Settings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        api_keys={KEY: SECRET},
        seed="7",
        cps=1000.0,
        sandbox=True,
    )
    return replace(base, **more)


def sdk(url: str, user: str = ACCOUNT, password: str = TOKEN) -> Client:
    client = Client(
        user, password, ACCOUNT, http_client=TwilioHttpClient(timeout=10, pool_connections=True)
    )
    client.api.base_url = url
    return client


@contextmanager
def bench(
    speed: float = 200.0, journal: Path | None = None, incoming: str = "", **more: Any
) -> Iterator[Bench]:
    """A carrier, a listener and a client for as long as the context lasts.

    ``incoming`` is the path where calls from outside ask for their document; their end is told at
    the same path with ``/status``.
    """
    listener = Listener()
    started: threading.Event = threading.Event()
    box: dict[str, Any] = {}

    async def main() -> None:
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/{tail:.*}", listener.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        listener.port = runner.addresses[0][1]
        if incoming:
            more["inbound_url"] = listener.url(incoming)
            more["inbound_status_url"] = listener.url(f"{incoming}/status")
        anchors = Anchors(datetime.now(UTC), START, speed)
        try:
            async with running(settings(journal=journal, **more), anchors) as carrier:
                box["carrier"], box["loop"] = carrier, asyncio.get_running_loop()
                box["stop"] = asyncio.Event()
                started.set()
                await box["stop"].wait()
        finally:
            await runner.cleanup()

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # shown to the test, which waits for it
            box["error"] = error
        finally:
            started.set()

    worker = threading.Thread(target=thread, daemon=True)
    worker.start()
    started.wait(10)
    if "error" in box:
        raise box["error"]
    client = sdk(box["carrier"].url)
    try:
        yield Bench(box["carrier"], listener, client, box["loop"])
    finally:
        client.http_client.session.close()
        box["loop"].call_soon_threadsafe(box["stop"].set)
        worker.join(10)
    if "error" in box:
        raise box["error"]
