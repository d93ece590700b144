"""``/Conferences``: fetch, list, end."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from carrier.core.conference_state import ConferenceState, Ended, Left
from carrier.core.conferences import Conference, Membership
from carrier.core.exchange import Exchange
from carrier.core.notices import API_VERSION, base_params
from carrier.rest.common import EXCHANGE, account_path, when
from carrier.rest.dates import date_filter
from carrier.rest.errors import RestError, not_found
from carrier.rest.forms import Form
from carrier.rest.paging import page


def render(exchange: Exchange, conference: Conference) -> dict[str, Any]:
    """A conference as REST shows it."""
    path = f"{account_path(exchange)}/Conferences/{conference.sid}"
    return {
        "account_sid": exchange.settings.account_sid,
        "date_created": when(conference.created),
        "date_updated": when(conference.updated),
        "api_version": API_VERSION,
        "friendly_name": conference.name,
        "region": "sandbox",
        "sid": conference.sid,
        "status": conference.state.value,
        "uri": f"{path}.json",
        "subresource_uris": {
            "participants": f"{path}/Participants.json",
            "recordings": f"{path}/Recordings.json",
        },
        "reason_conference_ended": conference.why_ended.value if conference.why_ended else None,
        "call_sid_ending_conference": conference.ended_by or None,
    }


def find(request: web.Request) -> Conference:
    """The conference of the path: by SID, or a live one by its name. Raises RestError."""
    exchange = request.app[EXCHANGE]
    key = request.match_info["conference"]
    found = exchange.conferences.get(key) or exchange.conferences.named(key)
    if found is None:
        raise not_found(request.path)
    return found


async def fetch(request: web.Request) -> web.Response:
    """``GET /Conferences/{CF}.json``."""
    return web.json_response(render(request.app[EXCHANGE], find(request)))


async def listing(request: web.Request) -> web.Response:
    """``GET /Conferences.json`` with ``FriendlyName Status DateCreated DateUpdated``."""
    exchange = request.app[EXCHANGE]
    query = request.query
    created = date_filter(query, "DateCreated")
    updated = date_filter(query, "DateUpdated")
    name, status = query.get("FriendlyName", ""), query.get("Status", "")
    if status and status not in {state.value for state in ConferenceState}:
        raise RestError(400, 20001, "Status is not valid")
    found = [
        conference
        for conference in reversed(exchange.conferences.all())
        if (not name or conference.name == name)
        and (not status or conference.state.value == status)
        and created(conference.created)
        and updated(conference.updated)
    ]
    return page(request, "conferences", found, lambda c: c.sid, lambda c: render(exchange, c))


async def update(request: web.Request) -> web.Response:
    """``POST /Conferences/{CF}.json``: ``Status=completed`` ends it."""
    exchange = request.app[EXCHANGE]
    conference = find(request)
    form = await Form.of(request)
    status = form.text("Status")
    if status not in ("", "completed"):
        raise RestError(400, 20001, "Status must be completed")
    announce_url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
    if status:
        exchange.conferences.end(conference, Ended.VIA_API, Left.ENDED_VIA_API)
    elif announce_url:
        exchange.notices.background(announce(exchange, conference, announce_url, method))
    return web.json_response(render(exchange, conference))


async def announce(
    exchange: Exchange,
    conference: Conference,
    url: str,
    method: str,
    member: Membership | None = None,
) -> None:
    """Fetch what one participant, or everybody, is to hear; the end of it is told."""
    listeners = [member] if member is not None else conference.inside()
    worked = False
    if listeners:
        call = listeners[0].call
        params = base_params(call, exchange.settings.account_sid)
        params.append(("ConferenceSid", conference.sid))
        answer = await exchange.notices.fetch(call, url, method, params, kind="announce")
        worked = answer.ok
    if member is None or member.why_left is None:
        exchange.conferences.announced(conference, member, worked)
