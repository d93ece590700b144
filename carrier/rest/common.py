"""What every handler needs: the exchange behind the request, and paths."""

from __future__ import annotations

import asyncio
from datetime import datetime

from aiohttp import web

from carrier.core.exchange import Exchange
from carrier.core.notices import API_VERSION, rfc2822
from carrier.rest.errors import RestError

EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)
HANG_SECONDS = 30.0  # how long a lost reply keeps the client waiting, in real time


def account_path(exchange: Exchange) -> str:
    """Where the account's resources begin."""
    return f"/{API_VERSION}/Accounts/{exchange.settings.account_sid}"


def when(instant: datetime | None) -> str | None:
    """RFC 2822, or null."""
    return None if instant is None else rfc2822(instant)


async def strike_before(exchange: Exchange, to: str, request: web.Request) -> None:
    """Faults of a create that happen before anything is created. Raises RestError, or hangs up."""
    count = len(exchange.to(to)) + 1
    if exchange.faults.strikes("create_timeout", to, count):
        exchange.journal.write("fault", to=to, kind="create_timeout")
        await _keep_waiting(request)
        raise RestError(503, 20503)
    if exchange.faults.strikes("create_429", to, count):
        raise RestError(429, 20429)


async def strike_after(exchange: Exchange, to: str, nth: int, request: web.Request) -> None:
    """Faults of a create that happen after the call was created. Raises RestError, or hangs up."""
    if exchange.faults.strikes("create_500", to, nth):
        exchange.journal.write("fault", to=to, kind="create_500")
        raise RestError(500, 20500)
    if exchange.faults.strikes("create_reply_lost", to, nth):
        exchange.journal.write("fault", to=to, kind="create_reply_lost")
        await _keep_waiting(request)


async def _keep_waiting(request: web.Request) -> None:
    """Say nothing for as long as anybody would wait, then drop the connection."""
    await asyncio.sleep(HANG_SECONDS)
    if request.transport is not None:
        request.transport.abort()
