"""Text messages that customers asked for in a call: an outbox, the gate, the bank's own gateway.

    QUEUED ──gate── allowed ─▶ SENDING (committed) ─▶ POST ─▶ ACCEPTED ─▶ receipt
       │  ▲            │                               ├──▶ FAILED    the gateway refuses
       │  └── later ───┴─ killed here, or uncertain ◀──┘
       └── refused for good, or too late ─▶ REFUSED

The row is written in the transaction of the turn that promised it. It passes the same gate as every
call, as a message (purpose `message`, no call is placed), and counts from then on.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from audit.recording import record
from clock.reading import now, real
from compliance import gate
from compliance.domain.decision import Outcome
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from database.session_locks import alone
from dialer import sms_gateway
from dialer.domain.message_state import RETRY_AFTER, MessageState, sources
from dialer.locks import Space
from dialer.models import Call
from dialer.models.message import Message

log = logging.getLogger(__name__)

#: A message is about a call just held: after this (business time) nobody expects it any more.
KEEPS: Final = timedelta(days=3)
#: The call it was promised in must be over first: its own permission still stands until then.
AFTER_THE_CALL: Final = timedelta(seconds=30)
LEASE: Final = timedelta(seconds=60)
SWEPT: Final = 200


def promise(call: Call, *, template: str, values: dict[str, Any], evidence: dict[str, Any]) -> None:
    """Write down, in the caller's transaction, that this customer is to get a message."""
    if call.customer_id is None or call.number_id is None:
        return
    at = now()
    message, created = Message.objects.get_or_create(
        call=call,
        defaults={
            "customer_id": call.customer_id,
            "number_id": call.number_id,
            "template": template,
            "values": values,
            "evidence": evidence,
            "created_at": at,
            "due_at": at + AFTER_THE_CALL,
        },
    )
    if created:
        _record("message.promised", message, {"template": template})


def due(limit: int = SWEPT) -> list[int]:
    """The ids of messages to be sent now, the longest due first."""
    return list(_due().order_by("due_at").values_list("pk", flat=True)[:limit])


def _due() -> QuerySet[Message]:
    """What is due, and what somebody died over."""
    waiting = Q(state=MessageState.QUEUED.value, due_at__lte=now())
    waiting &= Q(retry_at__isnull=True) | Q(retry_at__lte=real())
    dead = Q(state=MessageState.SENDING.value, leased_until__lt=real())
    return Message.objects.filter(waiting | dead)


def deliver(message_id: int) -> None:
    """Send one message, if it is its time. A second run does nothing, whenever it comes."""
    with alone(Space.MESSAGING, message_id) as mine:
        message = _due().select_related("number", "call").filter(pk=message_id).first()
        if not mine or message is None:
            return
        if message.state == MessageState.SENDING:
            # an earlier run died on the way: the key makes the repeat harmless
            _post(message)
        elif now() - message.created_at > KEEPS:
            _move(message, MessageState.REFUSED, cause="too_late")
        elif not sms_gateway.is_configured():
            _move(message, MessageState.FAILED, cause="no_gateway")
        else:
            _through_the_gate(message)


def try_again(message: Message, *, actor_id: int | None) -> bool:
    """A person has a failed message tried again, through the gate as before. False: it was not."""
    moved = _move(message, MessageState.QUEUED, cause="", due_at=now(), retry_at=None)
    if moved:
        _record("message.tried_again", message, {}, actor_id)
    return moved


@transaction.atomic
def receipt(public_id: UUID, *, delivered: bool, cause: str) -> bool:
    """The gateway says what became of a message. False when it says nothing new."""
    message = Message.objects.filter(public_id=public_id).first()
    if message is None:
        return False
    new = MessageState.DELIVERED if delivered else MessageState.UNDELIVERED
    return _move(message, new, cause=cause)


def failures() -> QuerySet[Message]:
    """What a person should look at, the newest first."""
    wanted = [
        s.value for s in (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.REFUSED)
    ]
    return Message.objects.filter(state__in=wanted).order_by("-created_at")


def _through_the_gate(message: Message) -> None:
    result = gate.reserve(lambda: _intent(message))
    if result.attempt_id is None:
        decision = result.decision
        if decision.verdict is Outcome.BLOCK_TERMINAL:
            _move(message, MessageState.REFUSED, cause=",".join(decision.codes))
            return
        later = decision.earliest_next or now() + timedelta(hours=1)
        Message.objects.filter(pk=message.pk, state=MessageState.QUEUED.value).update(
            due_at=max(later, now() + AFTER_THE_CALL), cause=",".join(decision.codes)[:120]
        )
        return
    begun = {
        "attempt_id": result.attempt_id,
        "leased_until": real() + LEASE,
        "tries": F("tries") + 1,
    }
    if _move(message, MessageState.SENDING, cause="", **begun):
        message.refresh_from_db(fields=["attempt_id", "tries"])
        _post(message)
    else:
        gate.release(result.attempt_id, "taken_over")


def _post(message: Message) -> None:
    try:
        accepted = sms_gateway.send(
            key=str(message.public_id),
            to=message.number.e164,
            template=message.template,
            values=message.values,
            at_s=int(real().timestamp()),
        )
    except sms_gateway.GatewayRefused as error:
        with transaction.atomic():
            _move(message, MessageState.FAILED, cause=str(error))
            _settle(message, sent=False)
    except sms_gateway.GatewayBusy as error:
        with transaction.atomic():
            _later(message, str(error))
            _settle(message, sent=False)
    except sms_gateway.GatewayUncertain as error:
        with transaction.atomic():
            _later(message, str(error))
            _settle(message, sent=True)
    else:
        with transaction.atomic():
            _move(message, MessageState.ACCEPTED, cause="", gateway_ref=accepted.ref)
            _settle(message, sent=True)


def _settle(message: Message, *, sent: bool) -> None:
    """The permission: spent if the text was sent or may have been, else given back."""
    if message.attempt_id is None:
        return
    if sent:
        gate.close(message.attempt_id)
    else:
        gate.release(message.attempt_id, "not_taken")


def _later(message: Message, cause: str) -> None:
    """Back to the queue for another try, or to a person once there were enough."""
    if message.tries > len(RETRY_AFTER):
        _move(message, MessageState.FAILED, cause=cause)
        return
    again = real() + RETRY_AFTER[max(message.tries - 1, 0)]
    _move(message, MessageState.QUEUED, cause=cause, retry_at=again)


def _intent(message: Message) -> Intent:
    return Intent(
        purpose=Purpose.MESSAGE,
        actor=Actor.ROBOT,
        kind=DialKind.MESSAGE,
        customer_id=message.customer_id,
        number_id=message.number_id,
        campaign_id=message.call.campaign_id,
        carrier="sandbox" if settings.SANDBOX else "sms",
        idempotency_key=f"message:{message.public_id}:{message.tries}",
    )


def _move(message: Message, new: MessageState, *, cause: str, **fields: Any) -> bool:
    """Change the state as the table allows, and write it down; False: somebody was faster."""
    ends = new not in (MessageState.QUEUED, MessageState.SENDING)
    with transaction.atomic():
        moved = Message.objects.filter(pk=message.pk, state__in=sources(new)).update(
            state=new.value, cause=cause[:120], settled_at=now() if ends else None, **fields
        )
        if moved:
            _record(f"message.{new.value}", message, {"cause": cause[:120]})
    if moved:
        message.state = new.value
    return bool(moved)


def _record(
    kind: str, message: Message, payload: dict[str, Any], actor_id: int | None = None
) -> None:
    record(
        kind=kind,
        actor_id=actor_id,
        subject=f"message:{message.public_id}",
        payload={"call": str(message.call.public_id), **payload},
    )


def counts() -> dict[str, int]:
    """How many messages there are in each state."""
    found = Message.objects.order_by().values_list("state").annotate(Count("pk"))
    return dict(found)
