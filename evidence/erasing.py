"""Erasing a person (PIPL §47): two people, no legal hold, and the record stays provable.

A request is about the person, whichever of their records it names; what is blanked and what stays
is in `evidence.blanking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import pending
from approvals.refusing import Refused
from audiences.models import Customer
from audiences.one_person import records_of_one
from audit.recording import record
from clock.reading import now
from compliance.domain.attempt_state import LIVE
from compliance.domain.pack import content_hash
from compliance.holding import held, lock
from compliance.locking import keys_of, take
from compliance.models import Attempt
from evidence.blanking import blank_id, blank_person, whom
from evidence.domain.erasure_state import TRANSITIONS, ErasureState
from evidence.models import ErasureRequest

#: Ways a request comes in.
CHANNELS = ("branch", "phone", "app", "letter", "email")
#: A customer gets an answer within 15 working days; that is three weeks.
ANSWER_WITHIN = timedelta(days=21)

_LIVE = [state.value for state in LIVE]


class ErasureRefused(Refused):
    """A person who cannot be erased now."""

    _sentence = gettext_noop("This cannot be erased.")


class UnderHold(ErasureRefused):
    """A legal hold stands: nothing about this person may be erased."""

    code = "under_hold"
    _sentence = gettext_noop("A legal hold stands on this customer: nothing may be erased.")


class CallUnderWay(ErasureRefused):
    """There may be a call right now."""

    code = "call_under_way"
    _sentence = gettext_noop("A call to this customer is under way. Try again when it is over.")


class RequestedAlready(ErasureRefused):
    """There is a request, or it has been done."""

    code = "requested_already"
    _sentence = gettext_noop("This customer's erasure has been requested or done already.")


@transaction.atomic
def request(*, customer: Customer, channel: str, received_on: date, maker: User) -> ErasureRequest:
    """Ask for a second person's signature. Raises UnderHold, RequestedAlready.

    The request is entered on the record that is kept of the person.
    """
    records = records_of_one(customer.pk)
    if held(records):
        raise UnderHold
    waiting = ErasureRequest.objects.filter(state=ErasureState.REQUESTED.value)
    if waiting.filter(customer_id__in=records).exists():
        raise RequestedAlready
    at = now()
    try:
        with transaction.atomic():
            made = ErasureRequest.objects.create(
                customer_id=records[0],
                channel=channel,
                received_on=received_on,
                maker=maker,
                created_at=at,
            )
    except IntegrityError as error:
        raise RequestedAlready from error
    deciding.submit(
        subject=subject_of(made),
        content_hash=hash_of(made),
        maker=maker,
        branch=None,
        title=made.customer.bank_id,
        expires_at=at + ANSWER_WITHIN,
    )
    return made


@transaction.atomic
def sign(*, request: ErasureRequest, approval: Approval, checker: User) -> ErasureRequest:
    """The second signature: erases. Raises UnderHold, CallUnderWay, and what approving raises."""
    lock([request.customer_id])
    records = records_of_one(request.customer_id)
    homes = Customer.objects.filter(pk__in=records).values_list("household", flat=True)
    take(keys_of(households=list(homes)))
    if held(records):
        raise UnderHold
    person = whom(records)
    theirs = Q(customer__in=person.records) | Q(number__in=person.linked)
    if Attempt.objects.filter(theirs, state__in=_LIVE).exists():
        raise CallUnderWay
    deciding.approve(approval=approval, checker=checker, content_hash=hash_of(request))
    at = now()
    erased = blank_person(
        person, decision=subject_of(request), actor_id=checker.pk, at=at, until=at
    )
    _forget_requests(person.records)
    _move(request, ErasureState.DONE, done_at=at, erased=erased)
    record(
        kind="person.erased",
        actor_id=checker.pk,
        subject=f"customer:{records[0]}",
        payload={
            "request": request.pk,
            "approval": approval.pk,
            "records": records,
            "erased": erased,
        },
    )
    return request


@transaction.atomic
def refuse(
    *, request: ErasureRequest, approval: Approval, checker: User, reason: str
) -> ErasureRequest:
    """Send it back, with the reason that the customer will be told."""
    deciding.send_back(approval=approval, checker=checker, reason=reason)
    _move(request, ErasureState.REFUSED)
    return request


def approval_of(request: ErasureRequest) -> Approval | None:
    """What waits for the second person, if it does."""
    return pending(subject_of(request), now())


def subject_of(request: ErasureRequest) -> str:
    """The request as approvals name it."""
    return f"erasure:{request.pk}"


def hash_of(request: ErasureRequest) -> str:
    """What is signed: whom, since when, through which channel."""
    return content_hash(
        {
            "customer": request.customer_id,
            "channel": request.channel,
            "received_on": request.received_on.isoformat(),
        }
    )


def again() -> int:
    """Erase once more everybody who was: after a backup from before was restored. How many."""
    done = ErasureRequest.objects.filter(state=ErasureState.DONE.value).order_by("pk")
    for request in done:
        assert request.done_at is not None
        with transaction.atomic():
            lock([request.customer_id])
            person = whom(records_of_one(request.customer_id))
            blank_person(
                person,
                decision=subject_of(request),
                actor_id=None,
                at=now(),
                until=request.done_at,
            )
            _forget_requests(person.records)
    return done.count()


def erased_on(customer_id: int) -> datetime | None:
    """When this person was erased, by whichever record it was asked; None for everybody else."""
    if not Customer.objects.filter(pk=customer_id, bank_id=blank_id(customer_id)).exists():
        return None
    return (
        ErasureRequest.objects.filter(
            customer_id__in=records_of_one(customer_id), state=ErasureState.DONE.value
        )
        .order_by("-done_at")
        .values_list("done_at", flat=True)
        .first()
    )


def _forget_requests(records: Sequence[int]) -> None:
    """The bank's id and the words that are in their requests' approvals, earlier ones too."""
    for asked in ErasureRequest.objects.filter(customer_id__in=records):
        Approval.objects.filter(subject=subject_of(asked)).update(
            title=blank_id(asked.customer_id), note=""
        )


def _move(request: ErasureRequest, new: ErasureState, **values: Any) -> None:
    old = ErasureState(request.state)
    assert new in TRANSITIONS[old]
    changed = ErasureRequest.objects.filter(pk=request.pk, state=old.value).update(
        state=new.value, **values
    )
    if changed != 1:
        raise RequestedAlready
    request.state = new.value
    for name, value in values.items():
        setattr(request, name, value)
