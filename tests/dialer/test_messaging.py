"""Texts that customers asked for: promised in the call, through the gate, to the bank's gateway."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from clock.models import SandboxClock
from clock.reading import now, real
from compliance.models import Attempt, Contact, Suppression
from dialer import message_jobs, messaging, sweeping
from dialer.domain.message_state import RETRY_AFTER, MessageState
from dialer.models import Call, Message
from robot.publishing import NotPublishable, store, without_gateway
from robot.releasing import ask
from tests.cast import Cast
from tests.dialer.world import World
from tests.robot.scripts import SOURCES

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "gateway-secret"


@dataclass
class Gateway:
    """The bank's SMS gateway, played: it checks signatures and sends each key once."""

    url: str = ""
    status: int = 200
    hang_up: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    forged: int = 0


@pytest.fixture
def gateway(settings: Any) -> Iterator[Gateway]:
    state = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers["X-Sanshi-Timestamp"].encode() + b"." + body
            wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(wanted, self.headers["X-Sanshi-Signature"]):
                state.forged += 1
            content = json.loads(body)
            state.asked.append(content)
            if state.status == 200:
                state.sent.setdefault(self.headers["Idempotency-Key"], content)
            if state.hang_up:
                self.close_connection = True
                return
            reply = b'{"ref": "G-1"}'
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/send"
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET = state.url, SECRET
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def message(committed_world: World, gateway: Gateway) -> Message:
    """A text that Wang asked for in a call that is over."""
    call = committed_world.claim_only(committed_world.cast.wang)
    messaging.promise(
        call, template="instalment-info", values={"apr": "13.2%"}, evidence={"turn": 3}
    )
    later(minutes=1)
    return Message.objects.get(call=call)


def later(**span: float) -> None:
    """Let business time pass."""
    clock = SandboxClock.objects.get()
    clock.anchor_sim += timedelta(**span)
    clock.save(update_fields=["anchor_sim"])


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def retry_now(message: Message) -> None:
    """The real time until the next try is over."""
    Message.objects.filter(pk=message.pk).update(retry_at=real() - timedelta(seconds=1))


def test_a_text_passes_the_gate_and_reaches_the_gateway_signed_once(
    message: Message, gateway: Gateway
) -> None:
    messaging.deliver(message.pk)
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED
    assert gateway.forged == 0
    assert gateway.asked == [
        {
            "id": str(message.public_id),
            "to": message.number.e164,
            "template": "instalment-info",
            "values": {"apr": "13.2%"},
        }
    ]
    attempt = Attempt.objects.get(idempotency_key__startswith="message:")
    assert (attempt.purpose, attempt.state) == ("message", "closed")
    line = Contact.objects.get(attempt_id=attempt.pk)
    assert (line.purpose, line.channel) == ("message", "sms")
    entries = Entry.objects.filter(kind__startswith="message.").order_by("id")
    kinds = list(entries.values_list("kind", flat=True))
    assert kinds == ["message.promised", "message.sending", "message.accepted"]


def test_one_call_promises_one_text(message: Message) -> None:
    messaging.promise(message.call, template="another", values={}, evidence={})
    assert Message.objects.get().template == "instalment-info"


def test_who_refused_texts_or_complained_gets_none(message: Message, gateway: Gateway) -> None:
    Suppression.objects.create(
        source="complaint", customer=message.customer, channel="", since=now()
    )
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.REFUSED
    assert gateway.asked == []


def test_who_wants_no_more_calls_still_gets_the_text_asked_for_in_the_same_breath(
    message: Message,
) -> None:
    Suppression.objects.create(source="opt_out", customer=message.customer, since=now())
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED


def test_at_night_it_waits_for_the_morning(message: Message, gateway: Gateway) -> None:
    later(hours=9)  # 23:01
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.QUEUED, "WINDOW")
    assert message.due_at.astimezone().strftime("%H:%M") in {"08:00", "00:00"}
    later(hours=10)
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED


def test_a_third_text_within_a_day_waits(message: Message) -> None:
    for hours in (1, 2):
        Contact.objects.create(
            at=now() - timedelta(hours=hours),
            kind="attempt",
            customer_id=message.customer_id,
            actor="robot",
            purpose="message",
            channel="sms",
        )
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.QUEUED, "CAP_M4")


def test_a_text_counts_as_no_call(message: Message, committed_world: World) -> None:
    messaging.deliver(message.pk)
    marketing = Contact.objects.filter(customer_id=message.customer_id, purpose="marketing")
    assert not marketing.exists()


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_in_trouble_is_asked_again_and_then_a_person(
    message: Message, gateway: Gateway, status: int
) -> None:
    gateway.status = status
    for tried in range(len(RETRY_AFTER)):
        messaging.deliver(message.pk)
        assert state_of(message) == MessageState.QUEUED
        messaging.deliver(message.pk)  # not before its time
        assert len(gateway.asked) == tried + 1
        retry_now(message)
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.FAILED, f"http {status}")
    assert not Contact.objects.filter(purpose="message", kind="attempt").exclude(
        attempt_id__in=Contact.objects.filter(kind="release").values("attempt_id")
    )


def test_a_text_that_may_have_been_sent_counts(message: Message, gateway: Gateway) -> None:
    gateway.status = 500
    for _ in range(2):
        messaging.deliver(message.pk)
        retry_now(message)
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.QUEUED, "CAP_M4")
    assert len(gateway.asked) == 2


def test_an_answer_that_was_lost_is_asked_again_under_the_same_key(
    message: Message, gateway: Gateway
) -> None:
    gateway.hang_up = True
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.QUEUED
    gateway.hang_up = False
    retry_now(message)
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED
    assert len(gateway.asked) == 2
    assert list(gateway.sent) == [str(message.public_id)]


def test_a_sender_that_died_on_the_way_is_followed_by_another(
    message: Message, gateway: Gateway
) -> None:
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.SENDING.value, leased_until=real() - timedelta(seconds=1)
    )
    assert messaging.due() == [message.pk]
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED


def test_a_sender_that_died_before_it_sent_leaves_no_permission_behind(
    message: Message, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: Any, **_fields: Any) -> bool:
        raise KeyboardInterrupt  # kill -9, as far as the rows can tell

    with monkeypatch.context() as patch:
        patch.setattr(messaging, "_move", die)
        with pytest.raises(KeyboardInterrupt):
            messaging.deliver(message.pk)
    attempt = Attempt.objects.get(idempotency_key__startswith="message:")
    assert (attempt.state, gateway.asked) == ("reserved", [])
    later(minutes=2)
    assert sweeping.release_unused(at=now()) == 1
    attempt.refresh_from_db()
    assert attempt.state == "released"


def test_a_permission_that_a_text_is_being_sent_with_is_left_alone(
    message: Message, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: Any, **_fields: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(messaging, "_post", die)
        with pytest.raises(KeyboardInterrupt):
            messaging.deliver(message.pk)
    later(minutes=2)
    assert sweeping.release_unused(at=now()) == 0
    assert Attempt.objects.get(idempotency_key__startswith="message:").state == "reserved"


def test_what_the_gateway_refuses_waits_for_a_person_who_tries_again(
    message: Message, gateway: Gateway, client: Client, committed_world: World
) -> None:
    gateway.status = 400
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.FAILED
    client.force_login(committed_world.cast.operator)
    page = client.get("/messages/").content.decode()
    assert "instalment-info" in page
    assert message.customer.name not in page
    assert message.number.e164 not in page
    gateway.status = 200
    client.post(f"/messages/{message.public_id}/again/")
    messaging.deliver(message.pk)
    assert state_of(message) == MessageState.ACCEPTED
    client.post(f"/messages/{message.public_id}/again/")
    assert state_of(message) == MessageState.ACCEPTED


def test_without_a_gateway_it_fails_and_says_why(message: Message, settings: Any) -> None:
    settings.SMS_GATEWAY_URL = ""
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.FAILED, "no_gateway")


def test_a_text_nobody_expects_any_more_is_not_sent(message: Message, gateway: Gateway) -> None:
    later(days=4)
    messaging.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.REFUSED, "too_late")
    assert gateway.asked == []


def post_receipt(
    client: Client, content: dict[str, Any], *, age: int = 0, key: str = SECRET
) -> int:
    body = json.dumps(content).encode()
    at = str(int(real().timestamp()) - age)
    signature = hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    answer = client.post(
        "/hooks/sms/receipt/",
        body,
        content_type="application/json",
        headers={"X-Sanshi-Timestamp": at, "X-Sanshi-Signature": signature},
    )
    return answer.status_code


def test_a_receipt_settles_the_text_and_a_forged_or_old_one_does_not(
    message: Message, client: Client
) -> None:
    messaging.deliver(message.pk)
    said = {"id": str(message.public_id), "delivered": True}
    assert post_receipt(client, said, key="guessed") == 403
    assert post_receipt(client, said, age=3600) == 403
    assert state_of(message) == MessageState.ACCEPTED
    assert post_receipt(client, {"id": "nobody"}) == 400
    assert post_receipt(client, said) == 204
    assert post_receipt(client, {**said, "delivered": False}) == 204
    assert state_of(message) == MessageState.DELIVERED


def test_the_leader_brings_what_is_due_to_a_worker(message: Message) -> None:
    assert message_jobs.bring_due() == 1
    message_jobs.deliver_message(message.pk)
    assert message_jobs.bring_due() == 0


# --- scripts that promise a text -----------------------------------------------------------------

WITH_SMS = SOURCES["cc-instalment-prescreen"].replace(
    "end: INFO_WANTED, effects: [prefer.sms]", "end: INFO_WANTED, sms: instalment-info"
)


def test_no_script_may_promise_a_text_while_no_gateway_is_set_up(
    cast: Cast, client: Client, settings: Any
) -> None:
    version = store(WITH_SMS, author=cast.writer, at=now())
    settings.SMS_GATEWAY_URL = ""
    assert [finding.rule for finding in without_gateway(version.document)] == ["V22"]
    with pytest.raises(NotPublishable):
        ask(version, maker=cast.writer, at=now())
    client.force_login(cast.writer)
    found = client.post("/workbench/check/", {"source": WITH_SMS}).json()["findings"]
    assert "V22" in {one["rule"] for one in found}
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET = "http://127.0.0.1:9/", "s"
    assert without_gateway(version.document) == []


def test_an_ending_with_a_text_promises_it_in_the_turn(world: World, settings: Any) -> None:
    call = world.claim_only(world.cast.wang)
    assert isinstance(call, Call)
    messaging.promise(call, template="t", values={}, evidence={})
    assert Message.objects.get(call=call).state == MessageState.QUEUED
