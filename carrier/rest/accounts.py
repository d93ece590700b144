"""``/Accounts/{AC}.json``: the one account there is."""

from __future__ import annotations

from aiohttp import web

from carrier.rest.common import EXCHANGE, account_path, when


async def fetch(request: web.Request) -> web.Response:
    """``GET /Accounts/{AC}.json``; the token is not shown."""
    exchange = request.app[EXCHANGE]
    path = account_path(exchange)
    made = when(exchange.clock.anchors.sim)
    return web.json_response(
        {
            "auth_token": None,
            "date_created": made,
            "date_updated": made,
            "friendly_name": "carrier",
            "owner_account_sid": exchange.settings.account_sid,
            "sid": exchange.settings.account_sid,
            "status": "active",
            "subresource_uris": {
                "calls": f"{path}/Calls.json",
                "conferences": f"{path}/Conferences.json",
                "recordings": f"{path}/Recordings.json",
            },
            "type": "Full",
            "uri": f"{path}.json",
        }
    )
