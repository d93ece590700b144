"""The unchanged SDK can do everything with the carrier, and knows every name the carrier uses."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.call import CallContext, CallList
from twilio.rest.api.v2010.account.call.recording import RecordingContext, RecordingList
from twilio.rest.api.v2010.account.call.recording import RecordingInstance as CallRecording
from twilio.rest.api.v2010.account.conference import ConferenceContext, ConferenceList
from twilio.rest.api.v2010.account.conference.participant import (
    ParticipantContext,
    ParticipantList,
)
from twilio.rest.api.v2010.account.conference.recording import (
    RecordingInstance as ConferenceRecording,
)
from twilio.rest.api.v2010.account.recording import RecordingInstance
from twilio.rest.api.v2010.account.recording import RecordingList as AccountRecordings

import carrier.rest
from tests.carrier.support import ACCOUNT, FROM, PEOPLE, TOKEN, Bench, bench

WAIT = '<Response><Pause length="600"/></Response>'

# accepted without effect: how a real network sets up a leg, what a recording sounds like
_WITHOUT_EFFECT = """
    RecordingConfigurationId SipAuthUsername SipAuthPassword Trim CallerId Passports Byoc CallReason
    CallToken ClientNotificationUrl MachineDetectionSpeechThreshold ConferenceTrim Region
    MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout JitterBufferSize
    CallerDisplayName EmergencyCallerPosition EmergencyCallerLocation EmergencyName EmergencyAddress
    EmergencyZipCode EmergencyCity EmergencyState EmergencyCountry IncludeSoftDeleted
"""
WITHOUT_EFFECT = set(_WITHOUT_EFFECT.split())


def sent_by(*functions: Any) -> set[str]:
    """The form and query names in the source of SDK functions."""
    found: set[str] = set()
    for function in functions:
        found |= set(re.findall(r'"([A-Z][A-Za-z]+[<>]?)":', inspect.getsource(function)))
    return found


def read_by_the_carrier() -> set[str]:
    """The form and query names in the carrier's source."""
    found: set[str] = set()
    for path in Path(carrier.rest.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        reading = r'(?:form\.(?:text|url|flag|number|has|method|all)|query\.get)\(\s*"([A-Z]\w+)"'
        found |= set(re.findall(reading, text))
        for name in re.findall(r'form\.callback\(\s*"(\w+)"', text):
            found |= {name, f"{name}Event", f"{name}Method"}
        for name in re.findall(r'date_filter\(query, "(\w+)"', text):
            found |= {name, f"{name}<", f"{name}>"}
    return found


SENT = sent_by(
    CallList._create, CallList.page, CallContext._update, ParticipantList._create,
    ParticipantList.page, ParticipantContext._update, ConferenceContext._update,
    ConferenceList.page, RecordingList._create, RecordingList.page, RecordingContext._update,
    AccountRecordings.page,
)  # fmt: skip


def test_every_name_the_carrier_reads_is_one_the_sdk_sends() -> None:
    assert len(SENT) > 70
    assert read_by_the_carrier() - SENT == set()


def test_every_name_the_sdk_sends_is_read_or_known_to_be_without_effect() -> None:
    missing = SENT - read_by_the_carrier() - WITHOUT_EFFECT
    assert missing == set()


def keys_of(instance: type) -> set[str]:
    return set(re.findall(r'payload\.get\(\s*"([^"]+)"', inspect.getsource(instance)))


def test_recordings_have_the_fields_the_sdk_reads(b: Bench) -> None:
    b.hooks.replies["/twiml"] = WAIT
    call = b.create(b.person("mute"))
    b.until(lambda: b.client.calls(call.sid).fetch().status == "in-progress")
    made = b.client.calls(call.sid).recordings.create()
    url = f"{b.carrier.url}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{made.sid}.json"
    shown = set(requests.get(url, auth=(ACCOUNT, TOKEN), timeout=10).json())
    wanted = keys_of(RecordingInstance) | keys_of(CallRecording) | keys_of(ConferenceRecording)
    assert len(keys_of(RecordingInstance)) == 19
    assert wanted == shown
    b.client.calls(call.sid).update(status="completed")
    b.ended(call.sid)


def everybody(b: Bench, room: str) -> Any:
    """The room, once two are in it."""

    def look() -> Any:
        rooms = b.client.conferences.list(friendly_name=room, status="in-progress")
        return rooms[0] if rooms else None

    return b.until(look)


def test_the_unchanged_sdk_can_do_every_operation() -> None:
    with bench(speed=60, personas=PEOPLE) as b:
        b.hooks.replies["/twiml"] = WAIT
        client = b.client
        assert client.api.v2010.accounts(ACCOUNT).fetch().status == "active"

        call = b.create(b.person("talker"))
        assert client.calls(call.sid).fetch().sid == call.sid
        b.until(lambda: client.calls(call.sid).fetch().status == "in-progress")
        assert [c.sid for c in client.calls.stream(limit=1)] == [call.sid]
        assert [c.sid for c in client.calls.page(to=call.to, status="in-progress")] == [call.sid]
        assert client.calls.list(from_=FROM, start_time_after=call.date_created, limit=5)

        recordings = client.calls(call.sid).recordings
        recording = recordings.create(recording_channels="dual", recording_track="inbound")
        assert recording.channels == 2 and recording.track == "inbound"
        assert client.calls(call.sid).recordings("Twilio.CURRENT").update(status="paused")
        assert client.calls(call.sid).recordings(recording.sid).update(status="stopped")
        assert [r.sid for r in recordings.list()] == [recording.sid]
        assert client.calls(call.sid).recordings(recording.sid).fetch().sid == recording.sid
        assert [r.sid for r in client.recordings.list()] == [recording.sid]
        assert client.recordings(recording.sid).fetch().call_sid == call.sid
        assert client.calls(call.sid).recordings(recording.sid).delete()

        join = '<Response><Dial><Conference participantLabel="c">all</Conference></Dial></Response>'
        client.calls(call.sid).update(twiml=join)
        b.until(lambda: client.conferences.list(friendly_name="all"))
        member = client.conferences("all").participants.create(
            to="client:ann",
            from_=FROM,
            label="agent",
            beep="false",
            conference_record="record-from-start",
            conference_recording_status_callback=b.hooks.url("/room-recording"),
        )
        room = everybody(b, "all")
        assert client.conferences(room.sid).fetch().friendly_name == "all"
        participants = client.conferences(room.sid).participants
        assert {p.label for p in participants.list()} == {"c", "agent"}
        assert len(participants.list(muted=True)) == 0
        assert participants("agent").fetch().call_sid == member.call_sid
        assert participants("agent").update(muted=True, hold=True).hold is True
        assert participants("c").delete()
        assert b.ended(call.sid).status == "completed"
        assert client.conferences(room.sid).update(status="completed").status == "completed"
        b.ended(member.call_sid)
        with pytest.raises(TwilioRestException):
            participants("agent").fetch()
        assert client.calls(call.sid).delete()


def test_a_room_is_recorded_heard_and_announced_to() -> None:
    with bench(speed=60, personas=PEOPLE) as b:
        b.hooks.replies["/say"] = "<Response><Say>会议将录音</Say></Response>"
        b.hooks.replies["/twiml"] = (
            '<Response><Dial><Conference record="record-from-start" '
            'recordingStatusCallback="/rec" statusCallback="/conf" '
            'statusCallbackEvent="start end announcement">taped</Conference></Dial></Response>'
        )
        call = b.create(b.person("talker"))
        b.until(lambda: b.client.conferences.list(friendly_name="taped"))
        b.client.conferences("taped").participants.create(to="client:bo", from_=FROM)
        room = everybody(b, "taped")
        running = b.client.conferences(room.sid).recordings("Twilio.CURRENT").fetch()
        assert (running.status, running.call_sid) == ("in-progress", None)
        assert b.client.conferences(room.sid).recordings("Twilio.CURRENT").update(status="paused")
        assert b.client.conferences(room.sid).recordings(running.sid).update(status="in-progress")
        assert b.client.conferences(room.sid).update(announce_url=b.hooks.url("/say")).sid
        b.until(lambda: b.hooks.at("/say"))
        b.until(
            lambda: [h for h in b.hooks.at("/conf") if "end" in h.params["StatusCallbackEvent"]]
        )
        assert b.hooks.at("/say")[0].params["ConferenceSid"] == room.sid
        b.client.conferences(room.sid).update(status="completed")
        b.ended(call.sid)
        b.until(lambda: b.hooks.at("/rec"))
        told = b.hooks.at("/rec")[0]
        assert told.valid and told.params["ConferenceSid"] == room.sid
        assert "CallSid" not in told.params and told.params["RecordingSource"] == "Conference"
        made = b.client.recordings.list(conference_sid=room.sid)
        assert [r.sid for r in made] == [running.sid] and int(made[0].duration) > 0
        assert b.client.conferences(room.sid).recordings(running.sid).delete()


def test_a_dial_is_recorded_and_the_star_ends_it() -> None:
    with bench(speed=30, personas=PEOPLE) as b:
        url = f"{b.carrier.url}/_carrier/clients/sam"
        b.hooks.replies["/twiml"] = (
            '<Response><Dial action="/after" record="record-from-answer-dual" hangupOnStar="true" '
            'recordingStatusCallback="/rec"><Client><Identity>sam</Identity>'
            '<Parameter name="lead" value="7"/></Client></Dial></Response>'
        )
        call = b.create(b.person("talker"))
        b.until(
            lambda: [c for c in b.client.calls.list(to="client:sam") if c.status == "in-progress"]
        )
        with requests.get(url + "/stream", stream=True, timeout=10) as stream:
            lines = (line.decode() for line in stream.iter_lines(chunk_size=1))
            assert any('"params": "lead=7"' in line for line in lines)
        # a key of the called party means nothing; the caller's star ends the Dial
        requests.post(url + "/press", json={"key": "*"}, timeout=5)
        assert not b.hooks.at("/after")
        runner = b.carrier.exchange.calls[call.sid].runner
        assert runner is not None
        b.call(lambda: runner.pressed("*"))
        b.ended(call.sid)
        after = b.hooks.at("/after")[0].params
        assert after["DialCallStatus"] == "completed"
        assert after["RecordingUrl"].startswith("http")
        (recording,) = b.client.recordings.list(call_sid=call.sid)
        assert (recording.source, recording.channels) == ("DialVerb", 2)
        done = next(h for h in b.hooks.at("/status") if h.params["CallStatus"] == "completed")
        assert done.params["RecordingSid"] == recording.sid
        assert int(done.params["RecordingDuration"]) == int(recording.duration)
