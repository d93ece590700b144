"""Checks 20 to 22: conferences, participants, agents' legs and their captions."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.carrier.support import FROM, Bench, Hit

JOIN = (
    '<Response><Dial action="/after"><Conference {attributes} participantLabel="{label}" '
    'statusCallback="/{callback}" statusCallbackEvent="start end join leave">{room}</Conference>'
    "</Dial></Response>"
)


def join(room: str, label: str, attributes: str = "", callback: str = "conf") -> str:
    return JOIN.format(room=room, label=label, attributes=attributes, callback=callback)


def told(b: Bench, path: str = "/conf") -> list[tuple[str, str]]:
    hits = sorted(b.hooks.at(path), key=lambda hit: int(hit.params["SequenceNumber"]))
    return [
        (hit.params["StatusCallbackEvent"], hit.params.get("ParticipantLabel", "")) for hit in hits
    ]


def find(hits: list[Hit], event: str, label: str = "") -> Hit:
    return next(
        hit
        for hit in hits
        if hit.params["StatusCallbackEvent"] == event
        and (not label or hit.params.get("ParticipantLabel") == label)
    )


def inside(b: Bench, room: str, count: int) -> Any:
    """Wait until so many are in a room."""

    def look() -> Any:
        rooms = b.client.conferences.list(friendly_name=room, limit=1)
        if not rooms:
            return None
        members = b.client.conferences(rooms[0].sid).participants.list()
        return members if sum(m.status == "connected" for m in members) == count else None

    return b.until(look)


def agent(b: Bench, room: str, name: str, **more: Any) -> Any:
    more.setdefault("label", "agent")
    return b.client.conferences(room).participants.create(
        to=f"client:{name}", from_=FROM, beep="false", **more
    )


def test_check_20_starts_with_two_of_whom_one_starts_it(b: Bench) -> None:
    b.hooks.replies["/twiml"] = join(
        "room-a", "customer", 'startConferenceOnEnter="false" endConferenceOnExit="true"'
    )
    first = b.create(b.person("speaker"))
    inside(b, "room-a", 1)
    assert b.client.conferences.list(friendly_name="room-a")[0].status == "init"
    second = b.create(b.person("speaker"))  # the same label: refused
    b.ended(second.sid)
    assert b.journal(second.sid, "warning")[0]["code"] == 16025
    agent(
        b,
        "room-a",
        "ann",
        conference_status_callback=b.hooks.url("/other"),
        conference_status_callback_event=["start", "end", "join", "leave"],
    )
    ended = b.ended(first.sid)
    b.until(lambda: b.carrier.exchange.live == 0 and b.carrier.exchange.notices.under_way == 0)
    assert told(b)[:3] == [
        ("participant-join", "customer"),
        ("participant-join", "agent"),
        ("conference-start", ""),
    ]
    assert not b.hooks.at("/other")  # the first participant's callback counts
    hits = b.hooks.at("/conf")
    left = find(hits, "participant-leave", "customer").params
    assert left["ReasonParticipantLeft"] == "participant_hung_up"
    moderated = find(hits, "participant-leave", "agent").params
    assert moderated["ReasonParticipantLeft"] == "moderator_ended_conference"
    end = find(hits, "conference-end").params
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert end["CallSidEndingConference"] == first.sid
    assert end["ParticipantLabelEndingConference"] == "customer"
    assert all(hit.valid for hit in hits)
    assert int(ended.duration) >= 20  # the talk of this person


def test_check_20_ends_by_api_and_with_the_last(b: Bench) -> None:
    b.hooks.replies["/twiml"] = join("room-b", "customer")
    b.hooks.replies["/after"] = "<Response><Hangup/></Response>"
    call = b.create(b.person("mute"))
    inside(b, "room-b", 1)
    room = b.client.conferences.list(friendly_name="room-b")[0]
    assert b.client.conferences(room.sid).update(status="completed").status == "completed"
    b.ended(call.sid)
    hits = b.hooks.at("/conf")
    assert find(hits, "conference-end").params["Reason"] == "conference-ended-via-api"
    left = find(hits, "participant-leave").params
    assert left["ReasonParticipantLeft"] == "conference_ended_via_api"
    b.hooks.hits.clear()
    call = b.create(b.person("mute"))
    inside(b, "room-b", 1)
    b.client.calls(call.sid).update(status="completed")
    b.ended(call.sid)
    assert find(b.hooks.at("/conf"), "conference-end").params["Reason"] == "last-participant-left"


def test_check_21_an_agent_who_leaves_sends_the_customer_to_the_action(b: Bench) -> None:
    b.hooks.replies["/twiml"] = join("room-c", "customer")
    b.hooks.replies["/after"] = "<Response><Say>谢谢</Say></Response>"
    call = b.create(b.person("talker"))
    inside(b, "room-c", 1)
    member = agent(b, "room-c", "bob", end_conference_on_exit=True)
    inside(b, "room-c", 2)
    b.client.calls(member.call_sid).update(status="completed")
    b.ended(call.sid)
    after = b.hooks.at("/after")[0].params
    assert after["DialCallStatus"] == "answered"
    assert "DialCallSid" not in after and "DialCallDuration" not in after
    assert b.journal(call.sid, "said")[-1]["text"] == "谢谢"
    ended = b.client.conferences(member.conference_sid).fetch()
    assert ended.status == "completed" and ended.call_sid_ending_conference == member.call_sid
    assert ended.reason_conference_ended == "participant-with-end-conference-on-exit-left"


def test_check_21_redirecting_a_member_takes_them_out(b: Bench) -> None:
    b.hooks.replies["/twiml"] = join("room-d", "customer")
    b.hooks.replies["/new"] = "<Response><Pause length='5'/></Response>"
    call = b.create(b.person("mute"))
    inside(b, "room-d", 1)
    b.client.calls(call.sid).update(url=b.hooks.url("/new"))
    b.ended(call.sid)
    left = find(b.hooks.at("/conf"), "participant-leave").params
    assert left["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert not b.hooks.at("/after")


def test_check_22_participants_by_label(b: Bench) -> None:
    b.hooks.replies["/hold"] = "<Response><Say>请稍候</Say></Response>"
    room = "room-e"
    events = ["start", "end", "join", "leave", "mute", "hold", "modify"]
    first = agent(
        b,
        room,
        "eve",
        conference_status_callback=b.hooks.url("/conf"),
        conference_status_callback_event=events,
    )
    inside(b, room, 1)
    member = b.client.conferences(first.conference_sid).participants("agent")
    assert member.fetch().call_sid == first.call_sid
    assert member.update(muted=True).muted is True
    assert member.update(hold=True, hold_url=b.hooks.url("/hold")).hold is True
    assert member.update(hold=False, muted=False).muted is False
    with pytest.raises(TwilioRestException) as coach:
        member.update(coaching=True, call_sid_to_coach="CA" + "0" * 32)
    assert coach.value.code == 13240
    with pytest.raises(TwilioRestException) as taken:
        agent(b, room, "dan")
    assert (taken.value.status, taken.value.code) == (400, 16025)
    b.until(lambda: b.hooks.at("/hold"))
    assert member.delete()
    b.ended(first.call_sid)
    with pytest.raises(TwilioRestException) as gone:
        member.fetch()
    assert gone.value.code == 20404
    names = [event for event, _ in told(b)]
    assert names == [
        "participant-join",
        "participant-mute",
        "participant-hold",
        "participant-unmute",
        "participant-unhold",
        "participant-leave",
        "conference-end",
    ]
    assert find(b.hooks.at("/conf"), "conference-end").params["Reason"] == "last-participant-kicked"


def test_check_22_an_agent_who_does_not_answer(b: Bench) -> None:
    requests.post(
        f"{b.carrier.url}/_carrier/clients/away/reachable", json={"reachable": False}, timeout=5
    )
    member = agent(
        b,
        "room-f",
        "away",
        timeout=5,
        conference_status_callback=b.hooks.url("/conf"),
        conference_status_callback_event=["join", "leave"],
        status_callback=b.hooks.url("/status"),
    )
    assert b.ended(member.call_sid).status == "no-answer"
    left = b.hooks.at("/conf")[0].params
    assert left["StatusCallbackEvent"] == "participant-leave"
    assert left["ReasonParticipantLeft"] == "participant_add_failed"
    assert left["ParticipantCallStatus"] == "no-answer"
    assert b.hooks.statuses() == ["no-answer"]


def test_a_customer_who_hangs_up_in_the_room_still_reports_the_dial(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        "<Response><Say>请稍候</Say><Gather input='speech' timeout='1'/>"
        + join("room-g", "customer").removeprefix("<Response>")
    )
    call = b.create(b.person("impatient"))
    ended = b.ended(call.sid)
    assert 9 <= int(ended.duration) <= 13
    assert b.hooks.at("/after")[0].params["CallStatus"] == "completed"
    left = find(b.hooks.at("/conf"), "participant-leave").params
    assert left["ReasonParticipantLeft"] == "participant_hung_up"


def test_a_parked_customer_can_be_heard(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        "<Response><Say>请稍候，正在为您转接</Say><Redirect>/park</Redirect></Response>"
    )
    b.hooks.replies["/park"] = (
        '<Response><Gather input="speech dtmf" timeout="4" action="/parked" '
        'actionOnEmptyResult="true"><Play>/hold.wav</Play></Gather></Response>'
    )
    b.hooks.replies["/parked"] = lambda hit: (
        "<Response><Hangup/></Response>"
        if "SpeechResult" in hit.params
        else "<Response><Redirect>/park</Redirect></Response>"
    )
    b.ended(b.create(b.person("complains")).sid)
    assert b.hooks.at("/parked")[-1].params["SpeechResult"] == "算了别打了"
    assert len(b.hooks.at("/parked")) >= 2


def test_wait_documents_may_hold_prompts_only(b: Bench) -> None:
    b.hooks.replies["/twiml"] = join("room-h", "c", 'waitUrl="/wait"')
    b.hooks.replies["/wait"] = '<Response><Gather input="speech"/><Say>请稍候</Say></Response>'
    call = b.create(b.person("mute"))
    warning = b.until(lambda: b.journal(call.sid, "warning"))[0]
    assert warning["code"] == 13238
    b.client.calls(call.sid).update(status="completed")
    b.ended(call.sid)


def test_an_agents_telephone_shows_captions_and_takes_words(b: Bench) -> None:
    events: list[tuple[str, dict[str, Any]]] = []
    url = f"{b.carrier.url}/_carrier/clients/gil"
    stop = threading.Event()

    def follow() -> None:
        with requests.get(url + "/stream", stream=True, timeout=10) as stream:
            assert stream.headers["Access-Control-Allow-Origin"] == "*"
            name = ""
            for line in stream.iter_lines(decode_unicode=False, chunk_size=1):
                text = line.decode()
                if text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    events.append((name, json.loads(text.removeprefix("data: "))))
                if name == "ended" and text == "":
                    break
        stop.set()

    thread = threading.Thread(target=follow)
    thread.start()
    b.hooks.replies["/twiml"] = join("room-i", "customer", 'endConferenceOnExit="true"')
    call = b.create(b.person("speaker"))
    inside(b, "room-i", 1)
    agent(b, "room-i", "gil?xfer=12")
    b.until(lambda: any(name == "connected" for name, _ in events))
    said = requests.post(url + "/say", json={"text": "我是客户经理小李"}, timeout=5)
    assert said.status_code in (200, 409)
    b.ended(call.sid)
    assert stop.wait(10)
    thread.join(5)
    names = [name for name, _ in events]
    assert names[0] == "incoming" and names[-1] == "ended" and "connected" in names
    assert events[0][1]["params"] == "xfer=12"
    assert b.journal(event="caption")
    options = requests.options(url + "/say", timeout=5)
    assert options.status_code == 204
    assert "POST" in options.headers["Access-Control-Allow-Methods"]


def test_dial_to_a_number_rings_it_and_reports(b: Bench) -> None:
    other = b.person("speaker")
    b.hooks.replies["/twiml"] = (
        f'<Response><Dial action="/after" callerId="{FROM}"><Number>{other}</Number></Dial>'
        "</Response>"
    )
    call = b.create(b.person("talker"))
    b.ended(call.sid)
    after = b.hooks.at("/after")[0].params
    assert after["DialCallStatus"] == "completed" and int(after["DialCallDuration"]) >= 20
    child = b.client.calls(after["DialCallSid"]).fetch()
    assert child.parent_call_sid == call.sid and child.direction == "outbound-dial"
    assert [c.sid for c in b.client.calls.list(parent_call_sid=call.sid)] == [child.sid]


def test_dial_to_a_busy_number_reports_busy(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        f'<Response><Dial action="/after">{b.person("busy")}</Dial></Response>'
    )
    b.ended(b.create(b.person("mute")).sid)
    assert b.hooks.at("/after")[0].params["DialCallStatus"] == "busy"
