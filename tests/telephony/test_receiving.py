"""telephony.receiving and signing: genuine, and once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from twilio.request_validator import RequestValidator

from telephony.models import ReceivedWebhook
from telephony.receiving import BadSignature, Event, receive, remember_reply
from telephony.signing import is_genuine

BASE = "https://bank.example:8443"
SID = "CA" + "0" * 31 + "1"


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = BASE
    settings.TWILIO_AUTH_TOKEN = "12345"
    settings.ALLOWED_HOSTS = ["*"]


def request(
    path: str, params: dict[str, str], *, signed_path: str | None = None, raw: str | None = None
) -> HttpRequest:
    """A webhook as a proxy would hand it on: plain HTTP inside, another host name."""
    signature = RequestValidator("12345").compute_signature(BASE + (signed_path or path), params)
    made = RequestFactory().post(path, params, headers={"X-Twilio-Signature": signature})
    if raw is not None:
        made.META["RAW_URI"] = raw
    return made


def status(sequence: int, word: str) -> dict[str, str]:
    return {
        "CallSid": SID,
        "CallStatus": word,
        "SequenceNumber": str(sequence),
        "CallbackSource": "call-progress-events",
    }


def test_twilios_own_example_verifies() -> None:
    # https://www.twilio.com/docs/usage/security: the published vector
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    expected = "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert RequestValidator("12345").compute_signature(url, params) == expected


def test_a_webhook_behind_a_proxy_is_checked_against_the_public_address() -> None:
    assert is_genuine(request("/hooks/a/", {"SpeechResult": "别再打了", "Digits": ""}))


def test_a_changed_byte_or_a_missing_signature_is_refused() -> None:
    good = request("/hooks/a/", {"Digits": "1"})
    signature = good.headers["X-Twilio-Signature"]
    changed = RequestFactory().post(
        "/hooks/a/", {"Digits": "2"}, headers={"X-Twilio-Signature": signature}
    )
    assert is_genuine(good)
    assert not is_genuine(changed)
    assert not is_genuine(RequestFactory().post("/hooks/a/", {"Digits": "1"}))
    assert not is_genuine(request("/hooks/a/", {}, signed_path="/hooks/b/"))


def test_the_raw_request_target_counts_not_djangos_reading_of_it() -> None:
    target = "/hooks/a/?x=%7E%2F"
    assert is_genuine(request("/hooks/a/?x=~/", {}, signed_path=target, raw=target))


@pytest.mark.django_db
def test_a_bad_signature_stores_nothing() -> None:
    with pytest.raises(BadSignature):
        receive(RequestFactory().post("/hooks/a/", status(0, "ringing")), "status")
    assert not ReceivedWebhook.objects.exists()


@pytest.mark.django_db
def test_a_repeat_is_known_and_gets_the_first_reply() -> None:
    first = receive(request("/hooks/t/1/", {"CallSid": SID}), "turn")
    remember_reply(first, "<Response/>")
    again = receive(request("/hooks/t/1/", {"CallSid": SID}), "turn")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.stored_reply == "<Response/>"
    assert again.webhook_id == first.webhook_id


@pytest.mark.django_db
def test_what_makes_two_webhooks_the_same() -> None:
    def is_new(path: str, kind: str, **params: str) -> bool:
        return not receive(request(path, {"CallSid": SID, **params}), kind).is_repeat

    assert is_new("/hooks/s/", "status", **status(1, "ringing"))
    assert not is_new("/hooks/other/", "status", **status(1, "ringing"))
    assert is_new("/hooks/s/", "status", **status(2, "in-progress"))
    assert is_new("/hooks/t/1/", "turn")
    assert is_new("/hooks/t/2/", "turn")
    assert not is_new("/hooks/t/2/", "turn", SpeechResult="不同的话")
    assert is_new("/hooks/c/", "conference", ConferenceSid="CF1", SequenceNumber="1")
    assert not is_new("/hooks/c/", "conference", ConferenceSid="CF1", SequenceNumber="1")
    assert is_new("/hooks/m/", "amd", AnsweredBy="human")
    assert not is_new("/hooks/m/", "amd", AnsweredBy="human")


@pytest.mark.django_db
def test_an_event_carries_order_and_parameters() -> None:
    event = receive(request("/hooks/s/", status(3, "completed")), "status")
    assert (event.sid, event.sequence, event.params["CallStatus"]) == (SID, 3, "completed")


@pytest.mark.django_db
def test_a_nul_byte_does_not_stop_a_webhook() -> None:
    event = receive(request("/hooks/t/1/", {"CallSid": SID, "SpeechResult": "好\0的"}), "turn")
    assert event.params["SpeechResult"] == "好的"


@pytest.mark.django_db(transaction=True)
def test_two_copies_at_once_are_handled_once_and_answered_alike() -> None:
    first_stored, events = threading.Event(), list[Event]()

    def second() -> None:
        first_stored.wait(5)
        try:
            with transaction.atomic():
                events.append(receive(request("/hooks/t/1/", {"CallSid": SID}), "turn"))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        event = receive(request("/hooks/t/1/", {"CallSid": SID}), "turn")
        first_stored.set()
        thread.join(0.2)  # it waits for us: nothing may be answered before we are done
        assert not events
        remember_reply(event, "<Response/>")
    thread.join(5)
    assert [(each.is_repeat, each.stored_reply) for each in events] == [(True, "<Response/>")]


@pytest.mark.django_db(transaction=True)
def test_a_webhook_whose_handling_failed_is_handled_again() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        receive(request("/hooks/t/1/", {"CallSid": SID}), "turn")
        raise RuntimeError
    with transaction.atomic():
        assert not receive(request("/hooks/t/1/", {"CallSid": SID}), "turn").is_repeat
