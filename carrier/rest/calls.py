"""``/Calls``: create, fetch, list, update, delete."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from carrier.core.call_state import EVENTS, REST_STATES, CallState, rest_status
from carrier.core.calls import Call, Callback, CallOptions, Fetch, Inline, Source
from carrier.core.exchange import Exchange, NotLive, TooMany
from carrier.core.notices import API_VERSION
from carrier.rest.common import EXCHANGE, account_path, strike_after, strike_before, when
from carrier.rest.dates import date_filter
from carrier.rest.errors import RestError, not_found
from carrier.rest.forms import Form, parties
from carrier.rest.paging import page

_MAX_TWIML = 4000
_SUBRESOURCES = (
    ("events", "Events"),
    ("notifications", "Notifications"),
    ("payments", "Payments"),
    ("recordings", "Recordings"),
    ("siprec", "Siprec"),
    ("streams", "Streams"),
    ("transcriptions", "Transcriptions"),
    ("user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"),
    ("user_defined_messages", "UserDefinedMessages"),
)


def render(exchange: Exchange, call: Call) -> dict[str, Any]:
    """A call as REST shows it: 26 keys, numbers as strings."""
    path = f"{account_path(exchange)}/Calls/{call.sid}"
    talked = call.duration is not None
    return {
        "sid": call.sid,
        "account_sid": exchange.settings.account_sid,
        "parent_call_sid": call.options.parent_sid or None,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": None,
        "status": rest_status(call.state),
        "start_time": when(call.started),
        "end_time": when(call.ended),
        "duration": str(call.duration) if talked else None,
        "price": None,
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": call.answered_by or None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(call.queue_ms),
        "trunk_sid": None,
        "date_created": when(call.created),
        "date_updated": when(call.updated),
        "uri": f"{path}.json",
        "subresource_uris": {key: f"{path}/{name}.json" for key, name in _SUBRESOURCES},
    }


def options_of(form: Form, to: str, from_: str, source: Source) -> CallOptions:
    """The parameters that calls and participants share. Raises RestError."""
    fallback = form.url("FallbackUrl")
    return CallOptions(
        to=to,
        from_=from_,
        source=source,
        fallback=Fetch(fallback, form.method("FallbackMethod")) if fallback else None,
        status=form.callback("StatusCallback", EVENTS, ("completed",)),
        timeout=form.number("Timeout", 60, 1, 600, 21208),
        time_limit=form.number("TimeLimit", 14400, 1, 86400),
        detection=_detection(form),
        detection_timeout=form.number("MachineDetectionTimeout", 30, 3, 59),
        record=form.flag("Record") or False,
        recording_channels=2 if form.text("RecordingChannels") == "dual" else 1,
        recording_track=form.text("RecordingTrack") or "both",
        recording_callback=form.callback(
            "RecordingStatusCallback", ("in-progress", "completed", "absent"), ("completed",)
        ),
    )


def _detection(form: Form) -> str:
    wanted = form.text("MachineDetection")
    if not wanted or wanted.lower() == "none" or form.text("SendDigits"):
        return ""
    if wanted not in ("Enable", "DetectMessageEnd"):
        raise RestError(400, 20001, "MachineDetection must be Enable or DetectMessageEnd")
    return wanted


def _source(form: Form) -> Source:
    url = form.url("Url")
    if url:
        return Fetch(url, form.method("Method"))
    twiml = form.text("Twiml")
    if twiml:
        if len(twiml) > _MAX_TWIML:
            raise RestError(400, 20001, f"Twiml is longer than {_MAX_TWIML} characters")
        return Inline(twiml)
    if form.text("ApplicationSid"):
        raise RestError(400, 21218)
    raise RestError(400, 21205, "Url parameter is required.")


async def create(request: web.Request) -> web.Response:
    """``POST /Calls.json`` → 201, also when the call must queue."""
    exchange = request.app[EXCHANGE]
    form = await Form.of(request)
    to, from_ = parties(form)
    options = options_of(form, to, from_, _source(form))
    url = form.url("AsyncAmdStatusCallback", 21609)
    options.detection_async = bool(options.detection) and form.flag("AsyncAmd") is True
    if url:
        options.detection_callback = Callback(url, form.method("AsyncAmdStatusCallbackMethod"))
    await strike_before(exchange, to, request)
    try:
        call = exchange.create(options)
    except TooMany as error:
        raise RestError(429, 20429) from error
    if options.detection_async and not url:
        exchange.journal.write("warning", sid=call.sid, code=21262, why="no AMD callback URL")
    body = render(exchange, call)
    await strike_after(exchange, to, call.nth, request)
    return web.json_response(body, status=201)


def _find(request: web.Request) -> Call:
    call = request.app[EXCHANGE].calls.get(request.match_info["call"])
    if call is None:
        raise not_found(request.path)
    return call


async def fetch(request: web.Request) -> web.Response:
    """``GET /Calls/{CA}.json``."""
    return web.json_response(render(request.app[EXCHANGE], _find(request)))


async def listing(request: web.Request) -> web.Response:
    """``GET /Calls.json`` with ``To From ParentCallSid Status StartTime EndTime``."""
    exchange = request.app[EXCHANGE]
    query = request.query
    started = date_filter(query, "StartTime")
    ended = date_filter(query, "EndTime")
    to, from_ = query.get("To", ""), query.get("From", "")
    status, parent = query.get("Status", ""), query.get("ParentCallSid", "")
    if status and status not in {state.value for state in REST_STATES}:
        raise RestError(400, 20001, "Status is not valid")
    pool = exchange.to(to) if to else list(exchange.calls.values())
    found = [
        call
        for call in reversed(pool)
        if (not from_ or call.from_ == from_)
        and (not status or rest_status(call.state) == status)
        and (not parent or call.options.parent_sid == parent)
        and started(call.started)
        and ended(call.ended)
    ]
    return page(request, "calls", found, lambda c: c.sid, lambda c: render(exchange, c))


async def update(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}.json``: another document, or the end."""
    exchange = request.app[EXCHANGE]
    call = _find(request)
    form = await Form.of(request)
    status = form.text("Status")
    if status and status not in ("completed", "canceled"):
        raise RestError(400, 20001, "Status must be completed or canceled")
    url, twiml = form.url("Url"), form.text("Twiml")
    if url and twiml:
        raise RestError(400, 21224)
    if len(twiml) > _MAX_TWIML:
        raise RestError(400, 20001, f"Twiml is longer than {_MAX_TWIML} characters")
    limit = form.number("TimeLimit", 0, 1, 86400)
    fallback = form.url("FallbackUrl")
    callback = form.callback("StatusCallback", EVENTS, ("completed",))
    if call.over:
        raise RestError(400, 21220)
    if fallback:
        call.options.fallback = Fetch(fallback, form.method("FallbackMethod"))
    if callback is not None:
        events = call.options.status.events if call.options.status else callback.events
        call.options.status = Callback(callback.url, callback.method, events)
    if limit and call.runner is not None:
        call.runner.limit(limit)
    try:
        if status == "completed":
            exchange.finish(call)
        elif status == "canceled":
            exchange.cancel(call)
        elif url or twiml:
            exchange.redirect(call, Fetch(url, form.method("Method")) if url else Inline(twiml))
    except NotLive as error:
        raise RestError(400, 21220) from error
    if (status and call.state is not CallState.IN_PROGRESS) or status == "completed":
        await exchange.settle(call)
    return web.json_response(render(exchange, call))


async def delete(request: web.Request) -> web.Response:
    """``DELETE /Calls/{CA}.json``: only what has ended may be forgotten."""
    exchange = request.app[EXCHANGE]
    call = _find(request)
    if not call.over:
        raise RestError(409, 20409, "The call has not ended")
    exchange.forget(call)
    return web.Response(status=204)
