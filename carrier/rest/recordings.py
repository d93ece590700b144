"""``/Recordings``: begin, fetch, list, pause and stop, delete, and the sound."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from carrier.core.call_state import CallState
from carrier.core.calls import Call
from carrier.core.exchange import Exchange
from carrier.core.notices import API_VERSION
from carrier.core.recordings import RUNNING, Recording
from carrier.rest import conferences
from carrier.rest.common import EXCHANGE, account_path, when
from carrier.rest.dates import date_filter
from carrier.rest.errors import RestError, not_found
from carrier.rest.forms import Form
from carrier.rest.paging import page


def render(exchange: Exchange, recording: Recording) -> dict[str, Any]:
    """A recording as REST shows it."""
    done = recording.status == "completed"
    path = f"{account_path(exchange)}/Recordings/{recording.sid}"
    return {
        "account_sid": exchange.settings.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid or None,
        "conference_sid": recording.conference_sid or None,
        "date_created": when(recording.started),
        "date_updated": when(recording.updated),
        "start_time": when(recording.started),
        "duration": str(round(recording.seconds)) if done else None,
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        "status": recording.status,
        "channels": recording.channels,
        "source": recording.source,
        "error_code": None,
        "track": recording.track,
        "encryption_details": None,
        "uri": f"{path}.json",
        "subresource_uris": {},
        "media_url": exchange.recordings.url(recording),
    }


def _call(request: web.Request) -> Call:
    call = request.app[EXCHANGE].calls.get(request.match_info["call"])
    if call is None:
        raise not_found(request.path)
    return call


def _find(request: web.Request) -> Recording:
    exchange = request.app[EXCHANGE]
    key = request.match_info["recording"]
    owner = _owner(request)
    if key == "Twilio.CURRENT":
        found = exchange.recordings.current(owner)
    else:
        found = exchange.recordings.get(key)
    if found is None or (owner and owner not in (found.call_sid, found.conference_sid)):
        raise not_found(request.path)
    return found


def _owner(request: web.Request) -> str:
    """The SID of the call or conference in the path, or an empty string."""
    if "conference" in request.match_info:
        return conferences.find(request).sid
    return request.match_info.get("call", "")


async def create(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Recordings.json``: only a live call can be recorded."""
    exchange = request.app[EXCHANGE]
    call = _call(request)
    form = await Form.of(request)
    callback = form.callback(
        "RecordingStatusCallback", ("in-progress", "completed", "absent"), ("completed",)
    )
    if call.state is not CallState.IN_PROGRESS:
        raise RestError(400, 21220, "Requested resource is not eligible for recording")
    channels = 2 if form.text("RecordingChannels") == "dual" else 1
    recording = exchange.recordings.begin(
        call,
        source="StartCallRecordingAPI",
        channels=channels,
        callback=callback,
        track=form.text("RecordingTrack"),
    )
    return web.json_response(render(exchange, recording), status=201)


async def fetch(request: web.Request) -> web.Response:
    """``GET …/Recordings/{RE}.json``."""
    return web.json_response(render(request.app[EXCHANGE], _find(request)))


async def listing(request: web.Request) -> web.Response:
    """``GET …/Recordings.json``, of the account, of a call or of a conference."""
    exchange = request.app[EXCHANGE]
    query = request.query
    created = date_filter(query, "DateCreated")
    owner = _owner(request) or query.get("CallSid", "") or query.get("ConferenceSid", "")
    found = [r for r in reversed(exchange.recordings.of(owner)) if created(r.started)]
    return page(request, "recordings", found, lambda r: r.sid, lambda r: render(exchange, r))


async def update(request: web.Request) -> web.Response:
    """``POST …/Recordings/{RE}.json``: pause, go on, stop (``Twilio.CURRENT``: what runs)."""
    exchange = request.app[EXCHANGE]
    recording = _find(request)
    form = await Form.of(request)
    form.text("PauseBehavior")  # skip or silence: the sound is the same here
    status = form.text("Status")
    if status not in ("paused", "in-progress", "stopped"):
        raise RestError(400, 20001, "Status must be paused, in-progress or stopped")
    if recording.status not in RUNNING:
        raise RestError(400, 21220, "The recording is not in progress")
    if status == "stopped":
        exchange.recordings.finish(recording)
    else:
        exchange.recordings.pause(recording, status == "paused")
    return web.json_response(render(exchange, recording))


async def delete(request: web.Request) -> web.Response:
    """``DELETE …/Recordings/{RE}.json`` → 204."""
    exchange = request.app[EXCHANGE]
    exchange.recordings.delete(_find(request).sid)
    return web.Response(status=204)


async def media(request: web.Request) -> web.Response:
    """``GET …/Recordings/{RE}`` or ``.wav``: the sound."""
    exchange = request.app[EXCHANGE]
    recording = _find(request)
    if recording.status != "completed":
        raise not_found(request.path)
    sound = exchange.backend.sound(recording.seconds, recording.channels)
    return web.Response(body=sound, content_type="audio/x-wav")
