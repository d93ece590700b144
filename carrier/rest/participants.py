"""``/Conferences/{CF or name}/Participants``: create, list, fetch, update, remove."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from carrier.core.calls import Callback, Inline
from carrier.core.conference_state import EVENT_GROUPS, ConferenceState, Left
from carrier.core.conferences import CannotJoin, Conference, Membership
from carrier.core.exchange import Exchange, TooMany
from carrier.core.notices import base_params
from carrier.core.verbs import ConferenceNoun
from carrier.rest import conferences
from carrier.rest.calls import options_of
from carrier.rest.common import EXCHANGE, account_path, strike_after, strike_before, when
from carrier.rest.errors import RestError, not_found
from carrier.rest.forms import Form, parties
from carrier.rest.paging import page


def render(exchange: Exchange, member: Membership) -> dict[str, Any]:
    """A participant as REST shows it: 15 keys, truth as JSON booleans."""
    conference, call = member.conference, member.call
    room = f"{account_path(exchange)}/Conferences/{conference.sid}"
    return {
        "account_sid": exchange.settings.account_sid,
        "call_sid": call.sid,
        "label": member.label or None,
        "call_sid_to_coach": member.coached_sid or None,
        "coaching": bool(member.coached_sid),
        "conference_sid": conference.sid,
        "date_created": when(member.created),
        "date_updated": when(member.updated),
        "end_conference_on_exit": member.end_on_exit,
        "muted": member.muted,
        "hold": member.hold,
        "start_conference_on_enter": member.start_on_enter,
        "status": member.status().value,
        "queue_time": str(call.queue_ms),
        "uri": f"{room}/Participants/{call.sid}.json",
    }


def _room(request: web.Request) -> Conference:
    """The conference of the path, made when its name is new. Raises RestError."""
    exchange = request.app[EXCHANGE]
    key = request.match_info["conference"]
    found = exchange.conferences.get(key) or exchange.conferences.named(key)
    if found is None:
        if key.startswith("CF") and len(key) == 34:
            raise not_found(request.path)
        return exchange.conferences.open(key, exchange.clock.now())
    if found.state is ConferenceState.COMPLETED:
        raise not_found(request.path)
    return found


def _find(request: web.Request) -> Membership:
    conference = conferences.find(request)
    member = conference.find(request.match_info["participant"])
    if member is None:
        raise not_found(request.path)
    return member


def _noun(form: Form, name: str) -> ConferenceNoun:
    callback = form.callback("ConferenceStatusCallback", tuple(EVENT_GROUPS), ("start", "end"))
    recording = form.callback(
        "ConferenceRecordingStatusCallback", ("in-progress", "completed", "failed"), ("completed",)
    )
    beep = form.text("Beep", "true")
    if beep.lower() not in ("true", "false", "onenter", "onexit"):
        raise RestError(400, 20001, "Beep is not valid")
    return ConferenceNoun(
        name=name,
        muted=form.flag("Muted") or False,
        start_on_enter=form.flag("StartConferenceOnEnter", True) is True,
        end_on_exit=form.flag("EndConferenceOnExit") or False,
        label=form.text("Label")[:128],
        coach=form.text("CallSidToCoach") if form.flag("Coaching") else "",
        beep=beep,
        wait_url=(form.url("WaitUrl") or "") if form.has("WaitUrl") else None,
        wait_method=form.method("WaitMethod"),
        max_participants=int(form.number("MaxParticipants", 250, 1, 250)),
        record=form.text("ConferenceRecord") in ("true", "record-from-start"),
        recording_callback=recording.url if recording else "",
        recording_method=recording.method if recording else "POST",
        recording_events=tuple(sorted(recording.events)) if recording else (),
        status_callback=callback.url if callback else "",
        status_method=callback.method if callback else "POST",
        status_events=tuple(sorted(callback.events)) if callback else (),
    )


async def create(request: web.Request) -> web.Response:
    """``POST …/Participants.json`` → 201; a new name makes the room."""
    exchange = request.app[EXCHANGE]
    form = await Form.of(request)
    to, from_ = parties(form)
    options = options_of(form, to, from_, Inline(""))
    options.timeout = form.number("Timeout", 60, 5, 600, 21208) + 5  # Twilio adds 5 s here, always
    url = form.url("AmdStatusCallback", 21609)
    if url:
        options.detection_callback = Callback(url, form.method("AmdStatusCallbackMethod"))
    options.detection_async = bool(options.detection)
    form.flag("EarlyMedia")  # checked: a conference begins when somebody answers, all the same
    noun = _noun(form, request.match_info["conference"])
    await strike_before(exchange, to, request)
    if exchange.live >= exchange.settings.max_calls:
        raise RestError(429, 20429)
    try:
        member = exchange.add_participant(_room(request), options, noun)
    except TooMany as error:
        raise RestError(429, 20429) from error
    except CannotJoin as error:
        raise RestError(400, error.code) from error
    if form.has("AsyncAmd") or form.has("AsyncAmdStatusCallback"):
        why = "participants take AmdStatusCallback"
        exchange.journal.write("warning", sid=member.call.sid, code=21263, why=why)
    body = render(exchange, member)
    await strike_after(exchange, to, member.call.nth, request)
    return web.json_response(body, status=201)


async def fetch(request: web.Request) -> web.Response:
    """``GET …/Participants/{CA or label}.json``."""
    return web.json_response(render(request.app[EXCHANGE], _find(request)))


async def listing(request: web.Request) -> web.Response:
    """``GET …/Participants.json`` with ``Muted Hold Coaching``."""
    exchange = request.app[EXCHANGE]
    conference = conferences.find(request)
    found = list(reversed(conference.members.values()))
    for name, value in (("Muted", "muted"), ("Hold", "hold")):
        if name in request.query:
            wanted = request.query[name].lower() == "true"
            found = [member for member in found if getattr(member, value) is wanted]
    if "Coaching" in request.query:
        wanted = request.query["Coaching"].lower() == "true"
        found = [member for member in found if bool(member.coached_sid) is wanted]
    return page(request, "participants", found, lambda m: m.call.sid, lambda m: render(exchange, m))


async def update(request: web.Request) -> web.Response:
    """``POST …/Participants/{CA or label}.json``: mute, hold, coach, announce."""
    exchange = request.app[EXCHANGE]
    member = _find(request)
    form = await Form.of(request)
    muted, hold = form.flag("Muted"), form.flag("Hold")
    end_on_exit, coaching = form.flag("EndConferenceOnExit"), form.flag("Coaching")
    hold_url, announce_url = form.url("HoldUrl"), form.url("AnnounceUrl")
    form.url("WaitUrl"), form.method("WaitMethod"), form.flag("BeepOnExit")  # checked, no more
    coached: str | None = form.text("CallSidToCoach") if form.has("CallSidToCoach") else None
    if coaching is False:
        coached = ""
    try:
        exchange.conferences.modify(member, end_on_exit=end_on_exit, coached_sid=coached)
    except CannotJoin as error:
        raise RestError(400, error.code) from error
    if muted is not None:
        exchange.conferences.mute(member, muted)
    if hold is not None:
        exchange.conferences.hold(member, hold)
        if hold and hold_url:
            method = form.text("HoldMethod", "GET").upper()
            exchange.notices.background(_hold_music(exchange, member, hold_url, method))
    if announce_url:
        method = form.method("AnnounceMethod")
        announcing = conferences.announce(exchange, member.conference, announce_url, method, member)
        exchange.notices.background(announcing)
    return web.json_response(render(exchange, member))


async def _hold_music(exchange: Exchange, member: Membership, url: str, method: str) -> None:
    """Fetch what a participant hears while on hold."""
    params = base_params(member.call, exchange.settings.account_sid)
    await exchange.notices.fetch(member.call, url, method, params, kind="hold")


async def delete(request: web.Request) -> web.Response:
    """``DELETE …/Participants/{CA or label}.json``: out of the room → 204."""
    exchange = request.app[EXCHANGE]
    member = _find(request)
    if member.joined:
        exchange.conferences.leave(member, Left.UPDATED_VIA_API, kicked=True)
    elif member.call.runner is not None:
        member.call.runner.finish()
        await exchange.settle(member.call)
    return web.Response(status=204)
