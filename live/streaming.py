"""The pushing process: server-sent events from Redis pub/sub, async, without the ORM.

A plain ASGI application: one stream costs one subscription and one coroutine. It speaks only
`GET /live/?ticket=…` and `GET /healthz`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio as redis
from django.conf import settings

from live.publishing import CHANNEL_PREFIX
from live.tickets import BadTicket, read

PING_S = 5.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class LiveApplication:
    """ASGI: `/live/?ticket=…` streams the ticket's channels until the browser leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == "/healthz":
            await _answer(send, 200, b"ok")
        elif scope["type"] == "http" and scope["path"] == "/live/":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, 404, b"not found")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
        try:
            channels = read(query.get("ticket", [""])[0])
        except BadTicket:
            await _answer(send, 403, b"forbidden")
            return
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                    *_cors(),
                ],
            }
        )
        streaming = asyncio.create_task(_stream(channels, send))
        leaving = asyncio.create_task(_until_disconnect(receive))
        await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (streaming, leaving):
            task.cancel()
            # a stream that ended by the browser's leaving is no error
            with contextlib.suppress(asyncio.CancelledError, redis.RedisError, OSError):
                await task


async def _stream(channels: list[str], send: Send) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub()
    try:
        await pubsub.subscribe(*[CHANNEL_PREFIX + channel for channel in channels])
        # the browser asks for the state once it hears this, so nothing falls between
        await _chunk(send, b"event: open\ndata: {}\n\n")
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=PING_S)
            if message is None:
                await _chunk(send, b": ping\n\n")
            else:
                await _chunk(send, _event(message["data"]))
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()


def _event(raw: bytes) -> bytes:
    message = json.loads(raw)
    data = json.dumps(message["data"], ensure_ascii=False)
    return f"event: {message['event']}\ndata: {data}\n\n".encode()


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _chunk(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), *_cors()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _cors() -> list[tuple[bytes, bytes]]:
    origin = settings.PUBLIC_BASE_URL.encode()
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
