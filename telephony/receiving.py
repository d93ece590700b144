"""Webhooks: verified, then stored once by the provider's own ids.

Call `receive` inside the transaction that settles the webhook: the stored row and what follows
from it commit together, or neither does and the carrier's retry starts afresh. Two copies that
arrive at once meet at the unique key: the second waits for the first and gets its reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest

from database.prepared import Prepared, Write, run
from telephony.models import ReceivedWebhook
from telephony.signing import is_genuine, raw_target

_CALL_PROGRESS = "call-progress-events"
_KEY_LENGTH = 200
_SID_LENGTH = 34
_STORE = Prepared(
    "webhook",
    """
    INSERT INTO telephony_receivedwebhook (key, kind, sid, sequence, params, reply, received_at)
    VALUES (%(key)s, %(kind)s, %(sid)s, %(sequence)s, %(params)s, '', clock_timestamp())
    ON CONFLICT (key) DO NOTHING RETURNING id
    """,
)
_ANSWERED = Prepared(
    "webhook_answered",
    """
    INSERT INTO telephony_receivedwebhook (key, kind, sid, sequence, params, reply, received_at)
    VALUES (%(key)s, %(kind)s, %(sid)s, %(sequence)s, %(params)s, %(reply)s, now())
    """,
)
_REPLY = Prepared(
    "webhook_reply", "UPDATE telephony_receivedwebhook SET reply = %(reply)s WHERE id = %(id)s"
)


class BadSignature(Exception):
    """Not from our carrier: nothing was stored or changed."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the carrier sent. `sid` is the call's; `sequence` the provider's order, None where it
    has none; `key` is made of the provider's own ids, so that a repeat is known.
    """

    kind: str
    sid: str
    params: dict[str, str]
    sequence: int | None
    key: str


@dataclass(frozen=True, slots=True)
class Event(Sent):
    """A webhook that is stored. A repeat carries what was answered the first time."""

    is_repeat: bool
    stored_reply: str
    webhook_id: int


def read(request: HttpRequest, kind: str) -> Sent:
    """Verify and read one webhook of a kind (the view's name). Raises BadSignature."""
    if not is_genuine(request):
        raise BadSignature
    # PostgreSQL's JSON cannot hold a NUL
    params = {name: str(value).replace("\0", "") for name, value in request.POST.items()}
    sid = params.get("CallSid", "")[:_SID_LENGTH]
    sequence = _number(params.get("SequenceNumber"))
    return Sent(kind, sid, params, sequence, key_of(kind, params, raw_target(request)))


def receive(request: HttpRequest, kind: str) -> Event:
    """Verify and store one webhook of a kind. Raises BadSignature."""
    sent = read(request, kind)
    stored = _store(sent)
    if stored is not None:
        return _event(sent, is_repeat=False, reply="", webhook_id=stored)
    first = ReceivedWebhook.objects.only("id", "reply").get(key=sent.key)
    return _event(sent, is_repeat=True, reply=first.reply, webhook_id=first.id)


def _event(sent: Sent, *, is_repeat: bool, reply: str, webhook_id: int) -> Event:
    return Event(
        sent.kind, sent.sid, sent.params, sent.sequence, sent.key, is_repeat, reply, webhook_id
    )


def store_answered(sent: Sent, reply: str, writes: Iterable[Write] = ()) -> None:
    """Store a webhook together with its answer, once, in one round trip with what else is written.

    For who holds a lock that the webhook's repeat would wait for, and has looked under it whether
    this is a repeat.
    """
    with connection.cursor() as cursor:
        run(cursor, *writes, (_ANSWERED, {**_columns(sent), "reply": reply}))


def remember_reply(event: Event, reply: str) -> None:
    """Keep what was answered, for a repeat."""
    if reply:
        with connection.cursor() as cursor:
            run(cursor, (_REPLY, {"reply": reply, "id": event.webhook_id}))


def key_of(kind: str, params: dict[str, str], target: str) -> str:
    """What makes a webhook the same one, by kind.

    - a call's progress: (CallSid, SequenceNumber, CallStatus)
    - a conference's: (ConferenceSid, SequenceNumber)
    - the machine detector's: (CallSid)
    - a recording's: (CallSid, RecordingSid, RecordingStatus)
    - words that are not final: (CallSid, address, SequenceNumber)
    - a fetch of what to say: (CallSid, address): each turn has an address of its own
    """
    sid = params.get("CallSid", "")
    sequence = params.get("SequenceNumber", "")
    if kind == "conference":
        key = f"conf:{params.get('ConferenceSid', '')}:{sequence}"
    elif kind == "amd":
        key = f"amd:{sid}"
    elif kind == "recording":
        key = f"rec:{sid}:{params.get('RecordingSid', '')}:{params.get('RecordingStatus', '')}"
    elif kind == "overheard":
        key = f"part:{sequence}:{sid}:{target}"
    elif params.get("CallbackSource") == _CALL_PROGRESS or kind.endswith("status"):
        key = f"status:{sid}:{sequence}:{params.get('CallStatus', '')}"
    else:
        key = f"turn:{sid}:{target}"
    return key[:_KEY_LENGTH]


def _store(sent: Sent) -> int | None:
    """Store the webhook; its id, or None when it is stored already."""
    with connection.cursor() as cursor:
        run(cursor, (_STORE, _columns(sent)))
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _columns(sent: Sent) -> dict[str, object]:
    return {
        "key": sent.key,
        "kind": sent.kind,
        "sid": sent.sid,
        "sequence": sent.sequence,
        "params": json.dumps(sent.params, ensure_ascii=False),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 9 else None
