"""Legal holds: placed by one person, released by another, stronger than retention and erasure.

Whoever erases or prunes asks `held` first, in the transaction that erases and under the person's
locks (`compliance.locking`): placing a hold takes the same locks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from audiences.models import CustomerNumber
from audit.recording import record
from compliance.locking import keys_of, take
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


def held(customer_ids: Collection[int]) -> set[int]:
    """Those of these customers about whom nothing may be erased: held themselves, or by a number.

    Two queries, however many are asked about.
    """
    if not customer_ids:
        return set()
    open_holds = LegalHold.objects.filter(released_at__isnull=True)
    by_customer = open_holds.filter(customer_id__in=customer_ids)
    by_number = CustomerNumber.objects.filter(
        customer_id__in=customer_ids,
        number_id__in=open_holds.filter(number_id__isnull=False).values("number_id"),
    )
    found = [
        *by_customer.values_list("customer_id", flat=True),
        *by_number.values_list("customer_id", flat=True),
    ]
    return {pk for pk in found if pk is not None}


def numbers_held(number_ids: Collection[int]) -> set[int]:
    """Those of these numbers that are held themselves."""
    found = LegalHold.objects.filter(released_at__isnull=True, number_id__in=number_ids)
    return {pk for pk in found.values_list("number_id", flat=True) if pk is not None}
