"""Checks 1, 2, 3, 10 and 24 of the conformance list, and what the SDK itself expects."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.call import CallInstance, CallList
from twilio.rest.api.v2010.account.conference import ConferenceInstance
from twilio.rest.api.v2010.account.conference.participant import ParticipantInstance

from carrier.core.call_state import REST_STATES, TERMINAL, TRANSITIONS, CallState
from tests.carrier.support import (
    ACCOUNT,
    FROM,
    KEY,
    SECRET,
    TOKEN,
    Bench,
    bench,
    say,
    sdk,
)

_KEYS = """
    sid account_sid parent_call_sid to to_formatted from from_formatted phone_number_sid status
    start_time end_time duration price price_unit direction answered_by api_version forwarded_from
    group_sid caller_name queue_time trunk_sid date_created date_updated uri subresource_uris
"""
CALL_KEYS = set(_KEYS.split())
RFC2822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")


def api(b: Bench, path: str) -> str:
    return f"{b.carrier.url}/2010-04-01/Accounts/{ACCOUNT}{path}"


def post(b: Bench, path: str, **more: Any) -> requests.Response:
    return requests.post(api(b, path), auth=(ACCOUNT, TOKEN), timeout=10, **more)


def keys_of(instance: type) -> set[str]:
    return set(re.findall(r'payload\.get\(\s*"([^"]+)"', inspect.getsource(instance)))


def test_check_01_the_unchanged_sdk_creates_a_call(b: Bench) -> None:
    to = b.person("speaker")
    call = b.create(to)
    assert re.fullmatch(r"CA[0-9a-f]{32}", call.sid)
    assert call.status == "queued"
    assert call.date_created is not None and call.start_time is None
    raw = requests.get(api(b, f"/Calls/{call.sid}.json"), auth=(ACCOUNT, TOKEN), timeout=10)
    body = raw.json()
    assert set(body) == CALL_KEYS and len(CALL_KEYS) == 26
    assert RFC2822.fullmatch(body["date_created"])
    assert body["uri"].endswith(".json") and body["uri"].startswith("/2010-04-01/")
    ended = b.ended(call.sid)
    assert ended.status == "completed" and ended.duration.isdigit()
    assert ended.start_time and ended.end_time


def test_what_rest_shows_has_the_fields_the_sdk_reads(b: Bench) -> None:
    call = b.create(b.person("no_answer"), timeout=600)
    body = requests.get(api(b, f"/Calls/{call.sid}.json"), auth=(ACCOUNT, TOKEN), timeout=10).json()
    assert keys_of(CallInstance) - set(body) <= {"stir_verstat"}
    statuses = {v for k, v in vars(CallInstance.Status).items() if k.isupper()}
    assert {state.value for state in REST_STATES} == statuses
    member = b.client.conferences("introspect").participants.create(
        to="client:intro", from_=FROM, label="x"
    )
    path = f"/Conferences/{member.conference_sid}"
    shown = requests.get(api(b, path + ".json"), auth=(ACCOUNT, TOKEN), timeout=10).json()
    assert keys_of(ConferenceInstance) == set(shown)
    shown = requests.get(
        api(b, f"{path}/Participants/x.json"), auth=(ACCOUNT, TOKEN), timeout=10
    ).json()
    assert keys_of(ParticipantInstance) == set(shown) and len(shown) == 15
    b.client.conferences(member.conference_sid).update(status="completed")
    b.client.calls(call.sid).update(status="completed")


def test_every_parameter_of_the_sdk_is_accepted(b: Bench) -> None:
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(CallList.create).parameters.items():
        if name in ("self", "to", "from_", "url", "twiml", "application_sid"):
            continue
        kind = str(parameter.annotation)
        if name == "machine_detection":
            given[name] = "Enable"
        elif "bool" in kind:
            given[name] = True
        elif "int" in kind:
            given[name] = 30
        elif "List" in kind:
            given[name] = ["completed"]
        elif name.endswith("method"):
            given[name] = "POST"
        elif name.endswith(("callback", "url")):
            given[name] = b.hooks.url("/any")
        else:
            given[name] = "x"
    call = b.client.calls.create(
        to=b.person("no_answer"), from_=FROM, url=b.hooks.url("/t"), **given
    )
    assert call.status == "queued"
    b.ended(call.sid)


def test_check_02_wrong_token_or_unknown_resource(b: Bench) -> None:
    with pytest.raises(TwilioRestException) as wrong:
        sdk(b.carrier.url, ACCOUNT, "wrong").calls(f"CA{'0' * 32}").fetch()
    assert (wrong.value.status, wrong.value.code) == (401, 20003)
    for path in (f"/Calls/CA{'0' * 32}.json", "/Calls/nonsense.json", "/Nothing.json"):
        answer = requests.get(api(b, path), auth=(ACCOUNT, TOKEN), timeout=10)
        body = answer.json()
        assert (answer.status_code, body["code"], body["status"]) == (404, 20404, 404)
        assert set(body) == {"code", "message", "more_info", "status"}
    other = f"{b.carrier.url}/2010-04-01/Accounts/AC{'9' * 32}/Calls.json"
    assert requests.get(other, auth=(ACCOUNT, TOKEN), timeout=10).status_code == 404
    assert sdk(b.carrier.url, KEY, SECRET).calls.list(limit=1) is not None
    assert b.client.api.accounts(ACCOUNT).fetch().sid == ACCOUNT


def test_check_03_subscribed_events_only(b: Bench) -> None:
    some = b.create(b.person("speaker"), status_callback_event=["initiated", "answered"])
    b.ended(some.sid)
    assert b.hooks.statuses(sid=some.sid) == ["initiated", "in-progress"]
    default = b.client.calls.create(
        to=b.person("speaker"),
        from_=FROM,
        url=b.hooks.url("/twiml"),
        status_callback=b.hooks.url("/status"),
    )
    b.ended(default.sid)
    assert b.hooks.statuses(sid=default.sid) == ["completed"]


def test_check_10_cancel_complete_and_update_after_the_end() -> None:
    with bench(speed=1, cps=0.5) as b:
        first, queued = b.create("+8613900000001"), b.create("+8613900000002")
        canceled = b.client.calls(queued.sid).update(status="canceled")
        assert canceled.status == "canceled"
        b.until(lambda: b.client.calls(first.sid).fetch().status == "ringing")
        assert b.client.calls(first.sid).update(status="canceled").status == "canceled"
        b.ended(first.sid)
        assert b.hooks.statuses(sid=queued.sid) == []
        assert b.hooks.statuses(sid=first.sid)[-1] == "canceled"
        with pytest.raises(TwilioRestException) as late:
            b.client.calls(first.sid).update(status="completed")
        assert (late.value.status, late.value.code) == (400, 21220)


def test_check_10_completed_hangs_up_a_live_call(b: Bench) -> None:
    b.hooks.replies["/twiml"] = '<Response><Pause length="600"/></Response>'
    call = b.create(b.person("speaker"))
    b.until(lambda: b.client.calls(call.sid).fetch().status == "in-progress")
    assert b.client.calls(call.sid).update(status="canceled").status == "in-progress"
    assert b.client.calls(call.sid).update(status="completed").status == "completed"
    b.ended(call.sid)
    assert b.hooks.statuses(sid=call.sid)[-1] == "completed"
    with pytest.raises(TwilioRestException) as late:
        b.client.calls(call.sid).update(twiml=say("再见"))
    assert (late.value.status, late.value.code) == (400, 21220)


def test_check_24_lists_are_paged_without_gap_or_duplicate() -> None:
    with bench(speed=1, cps=0.2, max_calls=500) as b:
        to = "+8613900004444"
        made = [b.create(to).sid for _ in range(120)]
        b.create("+8613900005555")
        rows = b.client.calls.list(to=to, page_size=50)
        assert sorted(row.sid for row in rows) == sorted(made)
        assert (len(rows) == 120 and rows[-1].start_time is None) or rows[0].start_time is None
        page = requests.get(
            api(b, "/Calls.json"), params={"To": to}, auth=(ACCOUNT, TOKEN), timeout=10
        ).json()
        assert page["next_page_uri"].startswith("/2010-04-01/") and len(page["calls"]) == 50
        started = b.client.calls.list(to=to, start_time_after="2026-03-10", page_size=50)
        assert 1 <= len(started) < 120
        assert b.client.calls.list(to=to, start_time_after="2030-01-01") == []
        assert len(b.client.calls.list(to=to, status="queued", page_size=50)) >= 118
        both = b.client.calls.list(to=to, start_time_after="2026-03-10", status="ringing")
        assert {row.status for row in both} <= {"ringing"} and len(both) <= len(started)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, 21201),
        ({"To": "+8613800000000"}, 21213),
        ({"To": "13800000000", "From": FROM, "Url": "http://h/"}, 21211),
        ({"To": "+8613800000000", "From": "bank", "Url": "http://h/"}, 21212),
        ({"To": "+8613800000000", "From": FROM}, 21205),
        ({"To": "+8613800000000", "From": FROM, "Url": "ftp://h/"}, 21205),
        ({"To": "+8613800000000", "From": FROM, "Url": "http://h/", "Timeout": "601"}, 21208),
        (
            {
                "To": "+8613800000000",
                "From": FROM,
                "Url": "http://h/",
                "StatusCallback": "http://a_b/",
            },
            21609,
        ),
        ({"To": "+15005550001", "From": "+15005550006", "Url": "http://h/"}, 21217),
        ({"To": "+15005550004", "From": "+15005550006", "Url": "http://h/"}, 21216),
        ({"To": "+8613800000000", "From": "+15005550001", "Url": "http://h/"}, 21212),
        ({"To": "+8613800000000", "From": "+15005550009", "Url": "http://h/"}, 21210),
    ],
)
def test_bad_parameters_have_twilios_codes(b: Bench, given: dict[str, str], code: int) -> None:
    answer = post(b, "/Calls.json", data=given)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"To=%FF%FE&From=%00", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b'{"To": 1}', "application/json"),
        (b"", "text/plain"),
        (b"a" * (10 * 1024 * 1024), "application/x-www-form-urlencoded"),
        (b"&".join(b"x%d=1" % i for i in range(3000)), "application/x-www-form-urlencoded"),
    ],
)
def test_rubbish_is_refused_politely(b: Bench, body: bytes, kind: str) -> None:
    for path in ("/Calls.json", "/Conferences/x/Participants.json"):
        answer = post(b, path, data=body, headers={"Content-Type": kind})
        assert answer.status_code == 400 and answer.json()["code"] >= 20001


def test_every_state_leads_to_an_end() -> None:
    assert set(TRANSITIONS) == set(CallState)
    assert all(not TRANSITIONS[state] for state in TERMINAL)
    assert all(TRANSITIONS[state] for state in CallState if state not in TERMINAL)
