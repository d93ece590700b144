"""Recordings, whispers, and the rest of what a call can be asked to do."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest
import requests
import yaml
from twilio.base.exceptions import TwilioRestException

from carrier.backends.simulated.personas import load
from tests.carrier.support import ACCOUNT, TOKEN, Bench, bench


def test_a_recording_is_begun_paused_stopped_and_heard() -> None:
    with bench(speed=20) as b:
        b.hooks.replies["/twiml"] = '<Response><Pause length="600"/></Response>'
        call = b.create("+8613900000901")
        b.until(lambda: b.client.calls(call.sid).fetch().status == "in-progress")
        made = b.client.calls(call.sid).recordings.create(
            recording_status_callback=b.hooks.url("/rec"),
            recording_status_callback_event=["in-progress", "completed"],
        )
        assert made.status == "in-progress" and made.duration is None
        current = b.client.calls(call.sid).recordings("Twilio.CURRENT")
        assert current.update(status="paused", pause_behavior="skip").status == "paused"
        assert current.update(status="in-progress").sid == made.sid
        assert current.update(status="stopped").status == "completed"
        with pytest.raises(TwilioRestException):
            b.client.calls(call.sid).recordings(made.sid).update(status="paused")
        b.client.calls(call.sid).update(status="completed")
        b.ended(call.sid)
        statuses = [hit.params["RecordingStatus"] for hit in b.hooks.at("/rec")]
        assert sorted(statuses) == ["completed", "in-progress"]
        shown = b.client.recordings(made.sid).fetch()
        sound = requests.get(shown.media_url + ".wav", auth=(ACCOUNT, TOKEN), timeout=5)
        with wave.open(io.BytesIO(sound.content)) as heard:
            seconds = heard.getnframes() / heard.getframerate()
        assert abs(seconds - int(shown.duration)) <= 1
        assert [r.sid for r in b.client.recordings.list(call_sid=call.sid)] == [made.sid]
        assert b.client.recordings(made.sid).delete()
        assert b.client.recordings.list() == []


def test_a_recorded_call_and_a_record_verb_report_their_recordings(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        '<Response><Record action="/recorded" maxLength="8" timeout="2" '
        'recordingStatusCallback="/rec"/></Response>'
    )
    call = b.create(
        b.person("mute"),
        record=True,
        recording_channels="dual",
        recording_status_callback=b.hooks.url("/rec"),
    )
    b.ended(call.sid)
    sources = {hit.params["RecordingSource"] for hit in b.hooks.at("/rec")}
    assert sources == {"RecordVerb", "OutboundAPI"}
    recorded = b.hooks.at("/recorded")[0].params
    assert 1 <= int(recorded["RecordingDuration"]) <= 8
    assert recorded["RecordingSid"].startswith("RE") and recorded["RecordingUrl"]
    assert len(b.client.calls(call.sid).recordings.list()) == 2


def test_an_agent_hears_the_whisper_and_presses_a_key(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        '<Response><Dial action="/after" timeLimit="30"><Client url="/whisper">'
        "<Identity>hal</Identity></Client></Dial></Response>"
    )
    b.hooks.replies["/whisper"] = (
        '<Response><Gather numDigits="1" action="/pressed"><Say>按1接听</Say></Gather>'
        "<Hangup/></Response>"
    )
    call = b.create(b.person("talker"))
    b.ended(call.sid)
    b.until(lambda: b.hooks.at("/after"))
    assert b.hooks.at("/pressed")[0].params["Digits"] == "1"
    after = b.hooks.at("/after")[0].params
    assert after["DialCallStatus"] == "completed" and after["DialCallDuration"] == "30"


def test_a_call_that_has_ended_can_be_deleted(b: Bench) -> None:
    call = b.create(b.person("busy"))
    b.ended(call.sid)
    assert b.client.calls(call.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        b.client.calls(call.sid).fetch()
    assert gone.value.code == 20404


def test_personas_may_have_weights_of_an_hour(tmp_path: Path) -> None:
    text = {
        "weights": {"a": 1},
        "weights_by_hour": {12: {"a": 0, "b": 1}},
        "ideas": {},
        "personas": {"a": {"pickup": "busy"}, "b": {"pickup": "answers"}},
    }
    path = tmp_path / "people.yaml"
    path.write_text(yaml.safe_dump(text))
    cast = load(path)
    assert cast.persona_of("1", "+8613800000000", 11).name == "a"
    assert cast.persona_of("1", "+8613800000000", 12).name == "b"
    assert load().weights_by_hour == {}


def test_the_cost_of_a_fetch_is_the_same_however_long_it_took(b: Bench) -> None:
    b.hooks.replies["/twiml"] = "<Response><Redirect>/next</Redirect></Response>"
    b.hooks.replies["/next"] = '<Response><Pause length="10"/></Response>'
    call = b.create(b.person("mute"))
    assert b.ended(call.sid).duration == "10"  # 0.2 s for each of two fetches
