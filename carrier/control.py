"""The control plane under ``/_carrier/``: open in a sandbox, not there elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from carrier.backends.simulated.agent import Desk
from carrier.backends.simulated.backend import SimulatedBackend
from carrier.core.call_state import EVENTS, rest_status
from carrier.core.calls import Callback, Fetch
from carrier.core.clock import Anchors
from carrier.core.exchange import TooMany
from carrier.rest.common import EXCHANGE
from carrier.rest.errors import RestError, not_found
from carrier.rest.forms import is_party
from carrier.webhooks import is_web_url

Streams = set[asyncio.Task[Any]]
BACKEND: web.AppKey[SimulatedBackend] = web.AppKey("backend", SimulatedBackend)
STREAMS: web.AppKey[Streams] = web.AppKey("streams", set)

_PING_SECONDS = 5.0
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_to(app: web.Application, backend: SimulatedBackend) -> None:
    """Add the control plane to an application."""
    app[BACKEND] = backend
    app[STREAMS] = set()
    client = "/_carrier/clients/{identity}"
    app.add_routes(
        [
            web.get("/_carrier/health", health),
            web.get("/_carrier/clock", sandbox(get_clock)),
            web.post("/_carrier/clock", sandbox(set_clock)),
            web.post("/_carrier/step", sandbox(step)),
            web.get("/_carrier/faults", sandbox(get_faults)),
            web.post("/_carrier/faults", sandbox(set_faults)),
            web.get("/_carrier/personas", sandbox(get_personas)),
            web.post("/_carrier/personas/assign", sandbox(assign)),
            web.get("/_carrier/seed", sandbox(get_seed)),
            web.post("/_carrier/seed", sandbox(set_seed)),
            web.get("/_carrier/calls", sandbox(get_calls)),
            web.get("/_carrier/calls/{call}/script", sandbox(get_script)),
            web.post("/_carrier/calls/{call}/script", sandbox(set_script)),
            web.post("/_carrier/scripts", sandbox(set_next_scripts)),
            web.get("/_carrier/journal", sandbox(get_journal)),
            web.post("/_carrier/reset", sandbox(reset)),
            web.post("/_carrier/inbound", sandbox(inbound)),
            web.get(client + "/stream", sandbox(stream)),
            web.post(client + "/say", sandbox(say)),
            web.post(client + "/hang-up", sandbox(hang_up)),
            web.post(client + "/press", sandbox(press)),
            web.post(client + "/reachable", sandbox(reachable)),
            web.options(client + "/{what}", sandbox(preflight)),
        ]
    )
    app.on_shutdown.append(_end_streams)


def sandbox(handler: Handler) -> Handler:
    """Let a handler be reached in a sandbox only."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if not request.app[EXCHANGE].settings.sandbox:
            raise not_found(request.path)
        return await handler(request)

    return guarded


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        data = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise _bad("the body is no JSON") from error
    if not isinstance(data, dict):
        raise _bad("the body is no JSON object")
    return data


def _bad(why: str) -> RestError:
    return RestError(400, 20001, why)


async def health(request: web.Request) -> web.Response:
    """Whether it runs, and how busy it is."""
    exchange = request.app[EXCHANGE]
    return web.json_response(
        {
            "ok": True,
            "live": exchange.live,
            "queued": len(exchange.queue),
            "calls": len(exchange.calls),
            "webhooks_under_way": exchange.notices.under_way,
            "webhooks_sent": exchange.notices.sent,
        }
    )


def _anchors(anchors: Anchors, now: datetime) -> dict[str, Any]:
    return {
        "anchor_real": anchors.real.isoformat(),
        "anchor_sim": anchors.sim.isoformat(),
        "speed": anchors.speed,
        "now": now.isoformat(),
    }


async def get_clock(request: web.Request) -> web.Response:
    """The three numbers, and now."""
    clock = request.app[EXCHANGE].clock
    return web.json_response(_anchors(clock.anchors, clock.now()))


def instant(value: object, name: str) -> datetime:
    """An ISO instant with its offset. Raises RestError."""
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise _bad(f"{name} is no ISO instant") from error
    if found.tzinfo is None:
        raise _bad(f"{name} has no offset")
    return found


async def set_clock(request: web.Request) -> web.Response:
    """Put three numbers in force; what is left out stays."""
    clock = request.app[EXCHANGE].clock
    data = await _body(request)
    old = clock.anchors
    speed = data.get("speed", old.speed)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 <= speed <= 10_000:
        raise _bad("speed must be between 0 and 10000")
    clock.set(
        Anchors(
            instant(data.get("anchor_real", old.real.isoformat()), "anchor_real"),
            instant(data.get("anchor_sim", old.sim.isoformat()), "anchor_sim"),
            float(speed),
        )
    )
    request.app[EXCHANGE].journal.write("clock", speed=speed)
    return web.json_response(_anchors(clock.anchors, clock.now()))


async def step(request: web.Request) -> web.Response:
    """Move the clock on by ``seconds``: for a stepped clock."""
    data = await _body(request)
    seconds = data.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 1e7:
        raise _bad("seconds must be positive")
    clock = request.app[EXCHANGE].clock
    clock.step(float(seconds))
    return web.json_response(_anchors(clock.anchors, clock.now()))


async def get_faults(request: web.Request) -> web.Response:
    """Faults per mille, by kind."""
    return web.json_response(request.app[EXCHANGE].faults.current())


async def set_faults(request: web.Request) -> web.Response:
    """Put faults in force; kinds left out stay."""
    exchange = request.app[EXCHANGE]
    data = await _body(request)
    try:
        exchange.faults.set(data)
    except ValueError as error:
        raise _bad(str(error)) from error
    exchange.journal.write("faults", rates=exchange.faults.current())
    return web.json_response(exchange.faults.current())


async def get_personas(request: web.Request) -> web.Response:
    """Personas with weight and pickup, and assignments; ``?number=`` tells one number's."""
    backend = request.app[BACKEND]
    number = request.query.get("number", "")
    if number:
        return web.json_response({"number": number, "persona": backend.persona_of(number).name})
    return web.json_response(
        {
            "personas": {
                name: {"weight": persona.weight, "pickup": persona.pickup}
                for name, persona in backend.cast.personas.items()
            },
            "assigned": backend.assigned,
        }
    )


async def assign(request: web.Request) -> web.Response:
    """``{number: persona}``; an empty persona takes an assignment back."""
    data = await _body(request)
    try:
        request.app[BACKEND].assign({str(k): str(v or "") for k, v in data.items()})
    except ValueError as error:
        raise _bad(str(error)) from error
    return web.json_response({"assigned": request.app[BACKEND].assigned})


async def get_seed(request: web.Request) -> web.Response:
    """The seed that everything is drawn from."""
    return web.json_response({"seed": request.app[EXCHANGE].settings.seed})


async def set_seed(request: web.Request) -> web.Response:
    """``{seed}``: from now on draw from another; calls in flight keep what they have drawn."""
    seed = (await _body(request)).get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int | str) or not str(seed).strip():
        raise _bad("seed must be a number or a word")
    exchange = request.app[EXCHANGE]
    exchange.reseed(str(seed))
    request.app[BACKEND].seed = str(seed)
    exchange.journal.write("seed", seed=str(seed))
    return web.json_response({"seed": str(seed)})


def _live_call(request: web.Request) -> str:
    call = request.app[EXCHANGE].calls.get(request.match_info["call"])
    if call is None or call.over:
        raise not_found(request.path)
    return call.sid


async def get_script(request: web.Request) -> web.Response:
    """How many turns of a call are still laid down."""
    turns = request.app[BACKEND].scripts.get(_live_call(request), [])
    return web.json_response({"turns_left": len(turns)})


async def set_script(request: web.Request) -> web.Response:
    """``{turns: [...]}``: what the party of this call does at its next turns."""
    sid = _live_call(request)
    return _scripted(request, {sid: (await _body(request)).get("turns")})


async def set_next_scripts(request: web.Request) -> web.Response:
    """``{number: [turns]}``: what the party does in the next call with a number."""
    data = await _body(request)
    if not all(is_party(str(number)) for number in data):
        raise _bad("scripts are given by number")
    return _scripted(request, data)


def _scripted(request: web.Request, scripts: dict[str, Any]) -> web.Response:
    try:
        for key, turns in scripts.items():
            request.app[BACKEND].script(key, turns)
    except ValueError as error:
        raise _bad(str(error)) from error
    return web.json_response({"ok": True})


async def get_calls(request: web.Request) -> web.Response:
    """Calls in flight, or the last ended ones too with ``?all=1``; newest first."""
    exchange = request.app[EXCHANGE]
    found = [
        {
            "sid": call.sid,
            "to": call.to,
            "from": call.from_,
            "status": rest_status(call.state),
            "direction": call.direction,
            "answered_by": call.answered_by or None,
            "duration": call.duration,
            "created": call.created.isoformat(),
            "conference": call.membership.conference.name if call.membership else None,
        }
        for call in reversed(list(exchange.calls.values())[-2000:])
        if request.query.get("all") or not call.over
    ]
    return web.json_response({"calls": found[:500], "live": exchange.live})


async def get_journal(request: web.Request) -> web.Response:
    """Journal lines after number ``since``, at most 1000; ``next`` is what to ask for then."""
    text = request.query.get("since", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise _bad("since must be a line number")
    lines = request.app[EXCHANGE].journal.since(int(text))
    return web.json_response({"events": lines, "next": lines[-1]["n"] if lines else int(text)})


async def reset(request: web.Request) -> web.Response:
    """Forget all calls, assignments and faults, without telling anybody."""
    exchange = request.app[EXCHANGE]
    exchange.reset()
    exchange.journal.write("reset")
    return web.json_response({"ok": True})


async def inbound(request: web.Request) -> web.Response:
    """A party calls in: ``{from, to, url?, status_callback?}`` → 201 with the call's SID."""
    exchange = request.app[EXCHANGE]
    data = await _body(request)
    from_, to = str(data.get("from", "")), str(data.get("to", ""))
    url = str(data.get("url") or exchange.settings.inbound_url)
    status_url = str(data.get("status_callback") or exchange.settings.inbound_status_url)
    if not is_party(from_) or not is_party(to):
        raise _bad("from and to must be numbers")
    if not is_web_url(url):
        raise _bad("url is missing or not valid")
    if status_url and not is_web_url(status_url):
        raise _bad("status_callback is not valid")
    events = frozenset(data.get("status_events") or ["completed"])
    if not events <= set(EVENTS):
        raise _bad("status_events are not valid")
    status = Callback(status_url, "POST", events) if status_url else None
    try:
        call = exchange.receive(from_, to, Fetch(url), status)
    except TooMany as error:
        raise RestError(429, 20429) from error
    return web.json_response({"sid": call.sid}, status=201)


def _desk(request: web.Request) -> Desk:
    return request.app[BACKEND].desk(request.match_info["identity"])


async def stream(request: web.Request) -> web.StreamResponse:
    """What happens on an agent's telephone, as server-sent events."""
    desk = _desk(request)
    response = web.StreamResponse(
        headers={**_CORS, "Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    queue = desk.subscribe()
    streams = request.app[STREAMS]
    task = asyncio.current_task()
    if task is not None:
        streams.add(task)
    try:
        await response.write(b": hello\n\n")
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), _PING_SECONDS)
            except TimeoutError:
                await response.write(b": ping\n\n")
                continue
            data = json.dumps(item["data"], ensure_ascii=False)
            await response.write(f"event: {item['event']}\ndata: {data}\n\n".encode())
    except (ConnectionError, asyncio.CancelledError):
        return response
    finally:
        desk.unsubscribe(queue)
        if task is not None:
            streams.discard(task)


async def _end_streams(app: web.Application) -> None:
    streams: Streams = app[STREAMS]
    for task in list(streams):
        task.cancel()


async def say(request: web.Request) -> web.Response:
    """The agent says ``{text}``."""
    text = str((await _body(request)).get("text", "")).strip()[:500]
    leg = _desk(request).leg
    if leg is None:
        return web.json_response({"ok": False, "why": "no call is up"}, status=409, headers=_CORS)
    if text:
        leg.say(text)
    return web.json_response({"ok": True}, headers=_CORS)


async def hang_up(request: web.Request) -> web.Response:
    """The agent hangs up."""
    leg = _desk(request).leg
    if leg is None:
        return web.json_response({"ok": False, "why": "no call is up"}, status=409, headers=_CORS)
    leg.hang_up_by_hand()
    return web.json_response({"ok": True}, headers=_CORS)


async def press(request: web.Request) -> web.Response:
    """The agent presses ``{key}`` while talking."""
    key = str((await _body(request)).get("key", ""))
    leg = _desk(request).leg
    if leg is None:
        return web.json_response({"ok": False, "why": "no call is up"}, status=409, headers=_CORS)
    leg.press(key)
    return web.json_response({"ok": True}, headers=_CORS)


async def reachable(request: web.Request) -> web.Response:
    """``{reachable: false}``: the agent's telephone rings unanswered from now on."""
    desk = _desk(request)
    desk.unreachable = (await _body(request)).get("reachable") is False
    return web.json_response({"reachable": not desk.unreachable}, headers=_CORS)


async def preflight(request: web.Request) -> web.Response:
    """What a browser asks before it posts from another origin."""
    return web.Response(status=204, headers=_CORS)
