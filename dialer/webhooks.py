"""The carrier's webhooks: verified, stored once and settled inside their request.

One transaction holds the stored webhook and everything it changes. A repeat (same provider ids)
gets the same answer and changes nothing. A failure answers 500, and the URL's overrides
(`#rc=3&rp=ct,rt,5xx`) bring the webhook again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clock.reading import now, real
from database.prepared import Write
from dialer import (
    conversing,
    cutting,
    inbound,
    messaging,
    progress,
    recordings,
    sms_gateway,
    transferring,
)
from dialer.domain.said import MAX_TEXT, Said
from robot.conversing import must_stop
from telephony import twiml
from telephony.receiving import BadSignature, Event, read, receive, remember_reply, store_answered
from telephony.signing import is_genuine

log = logging.getLogger(__name__)

P = ParamSpec("P")
Handler = Callable[Concatenate[Event, P], str]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def webhook(kind: str) -> Callable[[Handler[P]], View[P]]:
    """A view around a handler that returns TwiML ("" = nothing to say)."""

    def decorate(handle: Handler[P]) -> View[P]:
        @csrf_exempt
        @require_POST
        @wraps(handle)
        def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                with transaction.atomic():
                    event = receive(request, kind)
                    if event.is_repeat:
                        reply = event.stored_reply
                    else:
                        reply = handle(event, *args, **kwargs)
                        remember_reply(event, reply)
            except BadSignature:
                return _refused(kind)
            return _twiml(reply) if reply else HttpResponse(status=204)

        return view

    return decorate


@webhook("answer")
def answer(event: Event, public_id: UUID) -> str:
    """The customer picked up: what the robot says first."""
    found = progress.lock_with_customer(public_id)
    if found is None or not progress.bind(found.call, event.sid):
        return twiml.hang_up([])
    return conversing.answered(found.call, at=found.at)


@csrf_exempt
@require_POST
def turn(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """The customer said something, pressed a key, or stayed silent.

    As `webhook` does it, in fewer round trips, for somebody is listening to the silence: the lock
    on the call is what a repeat waits for, and the webhook is stored with its answer.
    """
    try:
        sent = read(request, "turn")
    except BadSignature:
        return _refused("turn")
    with transaction.atomic():
        found = progress.lock_with_answer(public_id, sent.key)
        if found is None:
            return _twiml(twiml.hang_up([]))
        (call, at), reply = found
        if reply is None:
            writes: list[Write] = []
            reply = (
                conversing.heard(call, turn=number, said=Said.of(sent.params), at=at, writes=writes)
                if call.sid == sent.sid
                else twiml.hang_up([])
            )
            store_answered(sent, reply, writes)
    return _twiml(reply or twiml.hang_up([]))  # of an erased person the answer is gone


def _refused(kind: str) -> HttpResponse:
    log.warning("webhook %s refused: its signature is wrong", kind)
    return HttpResponse(status=403)


def _twiml(reply: str) -> HttpResponse:
    return HttpResponse(reply, content_type="text/xml; charset=utf-8")


@csrf_exempt
@require_POST
def overheard(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """Words spoken over a line, as far as they were heard. Most of them change nothing: only what
    ends the line is stored.
    """
    if not is_genuine(request):
        return _refused("overheard")
    words = request.POST.get("UnstableSpeechResult", "").replace("\0", "")[:MAX_TEXT]
    if must_stop(words):
        with transaction.atomic():
            event = receive(request, "overheard")
            found = None if event.is_repeat else progress.lock(public_id)
            cut = (
                found is not None
                and found.call.sid == event.sid
                and cutting.take(found.call, turn=number, words=words, at=found.at)
            )
        if cut:
            cutting.stop(event.sid, public_id, number)
    return HttpResponse(status=204)


@webhook("status")
def status(event: Event, public_id: UUID) -> str:
    """The call's progress, in whatever order it arrives."""
    found = progress.lock_with_lead(public_id)
    if found is not None and progress.bind(found.call, event.sid):
        progress.advance(found.call, event, at=found.at)
    return ""


@webhook("amd")
def amd(event: Event, public_id: UUID) -> str:
    """The machine detector's vote. It is kept, and never ends a call by itself."""
    found = progress.lock(public_id)
    if found is not None:
        progress.note_answered_by(found.call, event.params.get("AnsweredBy", ""))
    return ""


@webhook("recording")
def recording(event: Event, public_id: UUID) -> str:
    """The carrier has recorded the call, or had nothing to record."""
    found = progress.lock(public_id)
    if found is not None and found.call.sid == event.sid:
        recordings.announced(found.call, event.params, at=found.at)
    return ""


@webhook("park")
def park(event: Event, transfer_id: UUID, offer: int, number: int) -> str:
    """One waiting loop of a customer who is being connected."""
    said = Said.of(event.params)
    return conversing.parked(transfer_id, offer=offer, loop=number, said=said, at=now())


@webhook("bridge")
def bridge(event: Event, transfer_id: UUID, offer: int) -> str:
    """The customer's way into the conference."""
    return transferring.bridge(transfer_id)


@webhook("after")
def after(event: Event, transfer_id: UUID, offer: int) -> str:
    """The conference is over for the customer."""
    return conversing.after_talk(transfer_id, at=now())


@webhook("conference")
def conference(event: Event, transfer_id: UUID) -> str:
    """Somebody joined or left the conference."""
    transferring.conference_event(transfer_id, event.params, at=now())
    return ""


@webhook("inbound")
def ring_back(event: Event) -> str:
    """Somebody rings one of our caller IDs back."""
    return inbound.answered(event, at=now())


@webhook("inbound_turn")
def ring_back_turn(event: Event, number: int) -> str:
    """What the one who rang back says."""
    said = Said.of(event.params)
    return inbound.heard(event, turn=number, said=said, at=now())


@webhook("inbound_status")
def ring_back_status(event: Event) -> str:
    """The progress of a ring-back."""
    inbound.advance(event, at=now())
    return ""


@csrf_exempt
@require_POST
def message_receipt(request: HttpRequest) -> HttpResponse:
    """The SMS gateway's receipt: {"id", "delivered": true|false, "cause"}; signed as ours are."""
    given = request.headers.get(sms_gateway.SIGNATURE_HEADER, "")
    timestamp = request.headers.get(sms_gateway.TIMESTAMP_HEADER, "")
    if not sms_gateway.is_genuine(request.body, timestamp, given, now_s=real().timestamp()):
        log.warning("a message's receipt was refused: its signature is wrong")
        return HttpResponse(status=403)
    try:
        said = _Receipt.model_validate_json(request.body)
    except ValidationError:
        return HttpResponse(status=400)
    messaging.receipt(said.id, delivered=said.delivered, cause=said.cause)
    return HttpResponse(status=204)


class _Receipt(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: UUID
    delivered: bool
    cause: str = Field(default="", max_length=120)
