"""Legal holds: placed by one person, released by another, stronger than retention and erasure.

Whoever erases or prunes takes the locks (`lock`) and then asks `held`, both in the transaction that
erases: placing a hold takes the same locks. A hold on one record of a person holds all of them; one
on a number holds everybody who has it or was called on it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from audiences.models import CustomerNumber
from audiences.one_person import records_of
from audit.recording import record
from compliance.locking import keys_of, take
from compliance.models.attempt import Attempt
from compliance.models.legal_hold import LegalHold


class HoldRefused(Exception):
    """Who placed a hold does not release it."""


@transaction.atomic
def place(
    *,
    customer_id: int | None,
    number_id: int | None,
    reason: str,
    actor_id: int,
    at: datetime,
    case_id: int | None = None,
) -> LegalHold:
    """Keep everything about a person until somebody else releases the hold."""
    take(keys_of(customer_ids=[customer_id], number_ids=[number_id]))
    hold = LegalHold.objects.create(
        customer_id=customer_id,
        number_id=number_id,
        case_id=case_id,
        reason=reason[:200],
        placed_by_id=actor_id,
        placed_at=at,
    )
    record(
        kind="legal_hold.placed",
        actor_id=actor_id,
        subject=f"legal_hold:{hold.pk}",
        payload={"customer": customer_id, "number": number_id, "case": case_id},
    )
    return hold


@transaction.atomic
def release(*, hold_id: int, actor_id: int, reason: str, at: datetime) -> bool:
    """End a hold. False when it had ended; raises HoldRefused for the one who placed it."""
    hold = LegalHold.objects.get(pk=hold_id)
    if hold.placed_by_id == actor_id:
        raise HoldRefused
    changed = LegalHold.objects.filter(pk=hold_id, released_at__isnull=True).update(
        released_at=at, released_by_id=actor_id, release_reason=reason[:200]
    )
    if changed != 1:
        return False
    record(
        kind="legal_hold.released",
        actor_id=actor_id,
        subject=f"legal_hold:{hold_id}",
        payload={"customer": hold.customer_id, "number": hold.number_id, "case": hold.case_id},
    )
    return True


def lock(customer_ids: Collection[int], number_ids: Collection[int] = ()) -> None:
    """Take the locks of these people (every record and number of theirs) and of these numbers.

    To the end of the transaction: until then no hold is placed on any of them.
    """
    records, numbers = _whose(customer_ids, number_ids)
    take(keys_of(customer_ids=records, number_ids=numbers))
    more_records, more_numbers = _whose(customer_ids, number_ids)
    # merged, or given a number, while we waited
    take(keys_of(customer_ids=more_records - records, number_ids=more_numbers - numbers))


def held(customer_ids: Collection[int]) -> set[int]:
    """Those of these customers about whom nothing may be erased: a record of theirs is held, or a
    number that they have or were called on.

    Five queries, however many are asked about.
    """
    if not customer_ids:
        return set()
    records = records_of(customer_ids)
    open_holds = LegalHold.objects.filter(released_at__isnull=True)
    numbers = open_holds.filter(number_id__isnull=False).values("number_id")
    found = [
        *open_holds.filter(customer_id__in=records).values_list("customer_id", flat=True),
        *_links(records).filter(number_id__in=numbers).values_list("customer_id", flat=True),
        *_attempts(records).filter(number_id__in=numbers).values_list("customer_id", flat=True),
    ]
    people = {records[pk] for pk in found if pk is not None}
    return {pk for pk in customer_ids if records.get(pk) in people}


def numbers_held(number_ids: Collection[int]) -> set[int]:
    """Those of these numbers that are held themselves."""
    found = LegalHold.objects.filter(released_at__isnull=True, number_id__in=number_ids)
    return {pk for pk in found.values_list("number_id", flat=True) if pk is not None}


def _whose(customer_ids: Collection[int], number_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Every record of these people; these numbers and all of theirs."""
    records = records_of(customer_ids)
    numbers = {
        *_links(records).values_list("number_id", flat=True),
        *_attempts(records).values_list("number_id", flat=True),
    }
    return set(records), {pk for pk in numbers if pk is not None} | set(number_ids)


def _links(records: Collection[int]) -> QuerySet[CustomerNumber]:
    return CustomerNumber.objects.filter(customer_id__in=records)


def _attempts(records: Collection[int]) -> QuerySet[Attempt]:
    """Every call that we placed or may have placed to them."""
    return Attempt.objects.filter(customer_id__in=records)
