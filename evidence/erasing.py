"""Erasing a person (PIPL §47): two people, no legal hold, and the record stays provable.

A request is about the person, whichever of their records it names; what is blanked and what stays
is in `evidence.blanking`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from audiences.one_person import records_of, records_of_one
from audit.erasing import APPROVED
from audit.models import Entry
from audit.recording import record
from clock.reading import now
from compliance.domain.attempt_state import LIVE
from compliance.domain.pack import content_hash
from compliance.holding import held, lock
from compliance.locking import keys_of, take
from compliance.models import Attempt
from evidence.blanking import blank_id, blank_person, whom
from evidence.domain.erasure_state import TRANSITIONS, ErasureState
from evidence.erased_export import KIND, Erased
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
        kind=KIND,
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


def again(exported: Iterable[Erased] = ()) -> int:
    """Erase once more everybody who was: after a backup from before was restored. How many.

    By the requests of this database, and by an export that knows of later ones.
    """
    people: dict[tuple[int, datetime], tuple[Erased, bool]] = {}
    ours = set()
    for request in ErasureRequest.objects.filter(state=ErasureState.DONE.value).order_by("pk"):
        assert request.done_at is not None
        one = Erased((request.customer_id,), request.pk, request.done_at)
        people[one.request_id, one.at] = (one, True)
        ours.add((request.pk, request.customer_id))
    for one in exported:
        if not any((one.request_id, record_id) in ours for record_id in one.records):
            people[one.request_id, one.at] = (one, False)
    return sum(_once_more(one, is_known=known) for one, known in people.values())


@transaction.atomic
def _once_more(erased: Erased, *, is_known: bool) -> bool:
    """Whether there is such a person here. What this database did not know, its record says now."""
    lock(erased.records)
    theirs = Customer.objects.filter(pk__in=records_of(erased.records))
    if not is_known:  # somebody new, who has been given the number of a record since the restoring
        theirs = theirs.filter(created_at__lte=erased.at)
    found = set(theirs.values_list("pk", flat=True))
    # the record that was kept first; one that was merged later than the backup stands for itself
    records = [pk for pk in dict.fromkeys([*erased.records, *sorted(found)]) if pk in found]
    if not records:
        return False
    if not is_known:
        # a blanked row counts only under a signature on record: this one is in the export
        record(
            kind=APPROVED,
            actor_id=None,
            subject=f"erasure:{erased.request_id}",
            payload={"restored": erased.at.isoformat()},
        )
    counts = blank_person(
        whom(records),
        decision=f"erasure:{erased.request_id}",
        actor_id=None,
        at=now(),
        until=erased.at,
    )
    _forget_requests(records)
    if not is_known:
        record(
            kind=KIND,
            actor_id=None,
            subject=f"customer:{records[0]}",
            payload={
                "request": erased.request_id,
                "records": records,
                "erased": counts,
                "since": erased.at.isoformat(),
            },
        )
    return True


def erased_on(customer_id: int) -> datetime | None:
    """When this person was erased, by whichever record it was asked; None for everybody else."""
    if not Customer.objects.filter(pk=customer_id, bank_id=blank_id(customer_id)).exists():
        return None
    records = records_of_one(customer_id)
    done = ErasureRequest.objects.filter(
        customer_id__in=records, state=ErasureState.DONE.value
    ).order_by("-done_at")
    # of a restored backup that does not know the request, the record of its being done again
    subjects = [f"customer:{pk}" for pk in records]
    entries = Entry.objects.filter(kind=KIND, subject__in=subjects).order_by("at")
    return (
        done.values_list("done_at", flat=True).first()
        or entries.values_list("at", flat=True).first()
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
