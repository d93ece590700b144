"""Checks 4 to 9, 17 and 18: signatures, order, terminal events, failures and retries."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from carrier.signing import signature, signed_url, wire_url
from carrier.webhooks import Limits, limits_of
from tests.carrier.support import FROM, TOKEN, Bench, Hit, bench, say, settings

VECTORS = [  # Twilio's documentation, and the tests of its libraries
    ("https://example.com/myapp.php?foo=1&bar=2", "+14158675310", "L/OH5YylLD5NRKLltdqwSvS0BnU="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
]


@pytest.mark.parametrize(("url", "number", "expected"), VECTORS)
def test_check_04_the_documented_vector_is_reproduced(url: str, number: str, expected: str) -> None:
    params = [
        ("To", "+18005551212"),
        ("Digits", "1234"),
        ("From", number),
        ("Caller", number),
        ("CallSid", "CA1234567890ABCDE"),
    ]
    assert signature("12345", url, params) == expected
    assert RequestValidator("12345").compute_signature(url, dict(params)) == expected


def test_check_04_every_webhook_validates_and_one_changed_byte_does_not(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        '<Response><Gather input="speech" action="/turn?a=1&amp;b=%E4%B8%AD" '
        'actionOnEmptyResult="true" partialResultCallback="/part"><Say>您好</Say></Gather>'
        "</Response>"
    )
    call = b.create(
        b.person("speaker"),
        url=b.hooks.url("/twiml?x=%E5%88%86&empty="),
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=b.hooks.url("/amd"),
    )
    b.ended(call.sid)
    assert {hit.path for hit in b.hooks.hits} == {"/twiml", "/turn", "/status", "/part", "/amd"}
    assert all(hit.valid for hit in b.hooks.hits)
    turn = b.hooks.at("/turn")[0]
    signed = turn.headers["X-Twilio-Signature"]
    validator = RequestValidator(TOKEN)
    assert validator.validate(turn.url, turn.params, signed)
    changed = {**turn.params, "SpeechResult": turn.params["SpeechResult"] + "。"}
    assert not validator.validate(turn.url, changed, signed)
    assert not validator.validate(turn.url + "x", turn.params, signed)


def test_check_05_get_webhooks_carry_parameters_in_the_query(b: Bench) -> None:
    call = b.create(b.person("speaker"), url=b.hooks.url("/twiml?x=1"), method="GET")
    b.ended(call.sid)
    hit = b.hooks.at("/twiml")[0]
    assert hit.method == "GET" and hit.params["CallSid"] == call.sid and hit.params["x"] == "1"
    signed = hit.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(hit.url, {}, signed)


def test_check_06_ports_users_and_overrides_in_the_signature(b: Bench) -> None:
    assert signed_url("https://h:8443/p?q#rc=1") == "https://h/p?q"
    assert signed_url("http://h:8443/p?q#rc=1") == "http://h:8443/p?q"
    assert signed_url("http://u:p@h:81/p") == "http://h:81/p"
    assert signed_url("https://[::1]:8443/p") == "https://[::1]/p"
    assert wire_url("http://h/p?x=%41|中#rc=1") == "http://h/p?x=%41%7C%E4%B8%AD"
    url = b.hooks.url("/twiml?x=1#rc=2").replace("http://", "http://user:secret@")
    call = b.create(b.person("speaker"), url=url)
    b.ended(call.sid)
    hit = b.hooks.at("/twiml")[0]
    assert hit.valid and hit.headers["Authorization"].startswith("Basic ")


def test_check_07_events_in_order_and_no_initiated_in_rest() -> None:
    with bench(speed=15) as b:
        call = b.create("+8613900000901")
        seen = set()
        while (status := b.client.calls(call.sid).fetch().status) != "completed":
            seen.add(status)
        b.ended(call.sid)
        hits = b.hooks.at("/status")
        assert b.hooks.statuses() == ["initiated", "ringing", "in-progress", "completed"]
        assert sorted(int(h.params["SequenceNumber"]) for h in hits) == [0, 1, 2, 3]
        assert all(h.params["CallbackSource"] == "call-progress-events" for h in hits)
        last = next(h for h in hits if h.params["CallStatus"] == "completed")
        assert int(last.params["CallDuration"]) == int(b.client.calls(call.sid).fetch().duration)
        assert last.params["Duration"] == "1" and last.params["SipResponseCode"] == "200"
        assert seen <= {"queued", "ringing", "in-progress"}


@pytest.mark.parametrize(
    ("persona", "status", "sip"),
    [("busy", "busy", "486"), ("no_answer", "no-answer", "487"), ("failed", "failed", "404")],
)
def test_check_08_unanswered_calls_end_once_and_fetch_nothing(
    b: Bench, persona: str, status: str, sip: str
) -> None:
    call = b.create(b.person(persona))
    ended = b.ended(call.sid)
    assert ended.status == status and not ended.duration
    terminal = [h for h in b.hooks.at("/status") if h.params["CallStatus"] == status]
    assert len(terminal) == 1
    assert terminal[0].params["CallDuration"] == "0"
    assert terminal[0].params["SipResponseCode"] == sip
    assert not b.hooks.at("/twiml")


def test_check_08_last_four_digits_decide() -> None:
    with bench(speed=500) as b:
        wanted = {"0486": "busy", "0487": "no-answer", "0404": "failed", "0901": "completed"}
        for ending, status in wanted.items():
            call = b.create(f"+861380000{ending}")
            assert b.ended(call.sid).status == status


def test_check_09_the_ring_timeout_is_kept(b: Bench) -> None:
    call = b.create(b.person("no_answer"), timeout=17)
    b.ended(call.sid)
    times = {line["event"]: line["time"] for line in b.journal(call.sid)}
    rang = _seconds(times["no-answer"]) - _seconds(times["ringing"])
    assert 17 <= rang <= 22


def _seconds(iso: str) -> float:
    hours, minutes, seconds = iso[11:].split("+")[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _refused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (lambda: web.Response(status=500, text="oops"), "11200"),
        (lambda: web.Response(status=404, text="no"), "11200"),
        (lambda: web.Response(text="<Response><Say>", content_type="text/xml"), "12100"),
        (lambda: web.Response(text="<Other/>", content_type="text/xml"), "12100"),
        (lambda: web.Response(text="{}", content_type="application/json"), "12300"),
        (lambda: web.Response(text="x" * 70_000, content_type="text/xml"), "11750"),
        (lambda: web.Response(status=302, headers={"Location": "/twiml"}), "11215"),
    ],
)
def test_check_17_a_failed_document_goes_to_the_fallback(b: Bench, reply: Any, code: str) -> None:
    b.hooks.replies["/twiml"] = lambda _: reply()
    b.hooks.replies["/fallback"] = say("请稍后再试")
    call = b.create(b.person("mute"), fallback_url=b.hooks.url("/fallback"))
    assert b.ended(call.sid).status == "completed"
    hit = b.hooks.at("/fallback")[0]
    assert hit.params["ErrorCode"] == code and hit.params["ErrorUrl"] == b.hooks.url("/twiml")
    assert [line["text"] for line in b.journal(call.sid, "said")] == ["请稍后再试"]


def test_check_17_without_a_fallback_the_call_ends_completed(b: Bench) -> None:
    b.hooks.replies["/twiml"] = lambda _: web.Response(status=500)
    call = b.create(b.person("mute"))
    assert b.ended(call.sid).status == "completed"
    assert len(b.hooks.at("/twiml")) == 1
    assert b.journal(call.sid, "warning")[0]["code"] == 11200


def test_check_17_a_document_has_fifteen_real_seconds_whatever_the_clock() -> None:
    assert (Limits().connect, Limits().total) == (5.0, 15.0)
    assert (settings().webhook_connect_timeout, settings().webhook_timeout) == (5.0, 15.0)
    with bench(speed=600, webhook_timeout=0.5) as b:

        async def slow(_: Hit) -> str:
            await asyncio.sleep(0.3)
            return say("好")

        async def too_slow(_: Hit) -> str:
            await asyncio.sleep(1.0)
            return say("好")

        b.hooks.replies["/twiml"] = slow
        call = b.create("+8613900000901")
        b.ended(call.sid)
        assert b.journal(call.sid, "said")[0]["text"] == "好"
        assert 0 <= int(b.client.calls(call.sid).fetch().duration) <= 3
        b.hooks.replies["/twiml"] = too_slow
        b.hooks.replies["/fallback"] = say("请稍后再试")
        call = b.create("+8613901000901", fallback_url=b.hooks.url("/fallback"))
        b.ended(call.sid)
        assert b.hooks.at("/fallback")[0].params["ErrorCode"] == "11200"


def test_after_a_redirect_the_answer_is_lost_as_with_twilio(b: Bench) -> None:
    b.hooks.replies["/twiml"] = (
        '<Response><Gather input="speech" action="/turn"><Say>您好</Say></Gather></Response>'
    )
    b.hooks.replies["/turn"] = lambda _: web.Response(status=301, headers={"Location": "/turn/"})
    b.ended(b.create(b.person("speaker")).sid)
    hit = b.hooks.at("/turn/")[0]
    assert hit.method == "GET" and "SpeechResult" not in hit.params and "CallSid" in hit.params


def test_cookies_are_kept_per_call(b: Bench) -> None:
    b.hooks.replies["/twiml"] = lambda _: web.Response(
        text="<Response><Redirect>/next</Redirect></Response>",
        content_type="text/xml",
        headers={"Set-Cookie": "who=me; Path=/"},
    )
    b.ended(b.create(b.person("mute")).sid)
    assert b.hooks.at("/next")[0].headers["Cookie"] == "who=me"
    assert "Cookie" not in b.hooks.at("/twiml")[0].headers


def test_check_18_refused_connections_are_tried_once_more_and_500_never() -> None:
    with bench(speed=500) as b:
        refused = f"http://127.0.0.1:{_refused_port()}/status"
        call = b.create("+8613900000486", status_callback=refused)
        b.ended(call.sid)
        hooks = [line for line in b.journal(call.sid, "webhook") if line["kind"] == "status"]
        assert {line["attempts"] for line in hooks} == {2}
        b.hooks.replies["/status"] = lambda _: web.Response(status=500)
        call = b.create("+8613901000486")
        b.ended(call.sid)
        assert len(b.hooks.at("/status")) == 3


def test_check_18_overrides_ask_for_more_and_repeats_can_be_told() -> None:
    with bench(speed=500) as b:
        b.hooks.replies["/status"] = lambda _: web.Response(status=500)
        call = b.create(
            "+8613900000486",
            status_callback=b.hooks.url("/status#rc=3&rp=ct,rt,5xx"),
            status_callback_event=["completed"],
        )
        b.ended(call.sid)
        hits = b.hooks.at("/status")
        assert len(hits) == 4  # the request itself and three repeats
        assert len({hit.headers["I-Twilio-Idempotency-Token"] for hit in hits}) == 1
        assert all(hit.valid for hit in hits)


def test_a_server_that_drops_the_connection_is_asked_once_more(b: Bench) -> None:
    dropped: list[str] = []

    def serve(server: socket.socket) -> None:
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                connection.settimeout(5)
                dropped.append(connection.recv(65536).decode()[:4])
                if len(dropped) == 2:
                    body = say("好").encode()
                    head = (
                        f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}"
                    )
                    connection.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)

    with socket.create_server(("127.0.0.1", 0)) as server:
        worker = threading.Thread(target=serve, args=(server,))
        worker.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/twiml"
        call = b.create(b.person("mute"), url=url)
        b.ended(call.sid)
        worker.join(5)
    assert dropped == ["POST", "POST"]
    assert b.journal(call.sid, "said")[0]["text"] == "好"


def test_overrides_are_kept_within_their_bounds() -> None:
    default = Limits()
    assert limits_of("http://h/", default) == default
    assert limits_of("http://h/#rc=9&ct=1&rt=99999&tt=20000", default) == Limits(
        0.1, 15.0, 15.0, 5, frozenset({"ct"})
    )
    found = limits_of("http://h/#rc=x&rp=all", default)
    assert found.retries == 1 and found.retried == {"ct", "rt", "4xx", "5xx"}


def test_a_queued_then_failed_create_is_told_nothing_of(b: Bench) -> None:
    answer = b.client.calls.create(to=b.person("failed"), from_=FROM, twiml=say("好"))
    assert b.ended(answer.sid).status == "failed"
    assert not b.hooks.hits
