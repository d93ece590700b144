"""Refusals that reach us in writing: from another system, or many in a file.

They name a customer by the bank's id, or a number. On a number, nobody knows who of those called on
it has spoken: the refusal holds for the number and for everybody who is called on it. A number that
we do not know is written down, so that it holds when it comes to us.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audiences.domain.phone_numbers import NormalizedNumber, normalize
from audiences.models import Customer, CustomerNumber, Number
from audiences.one_person import kept_id
from compliance import suppressing
from compliance.locking import keys_of, take


class Unreadable(Exception):
    """The number cannot be read; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownCustomer(Exception):
    """No customer has this id."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a refusal names: ids of ours."""

    customers: tuple[int, ...]
    number: int | None

    @property
    def keys(self) -> int:
        """How many of the gate's locks it takes."""
        return len(self.customers) + (self.number is not None)


def who(*, bank_id: str | None, number: str | None, country: str = "CN") -> Who:
    """Whom it is about. Raises Unreadable, UnknownCustomer."""
    customers: set[int] = set()
    if bank_id is not None:
        found = Customer.objects.filter(bank_id=bank_id).values_list("pk", flat=True).first()
        if found is None:
            raise UnknownCustomer
        customers.add(found)
    if number is None:
        return Who(tuple(customers), None)
    read = normalize(number, country)
    if read.e164 is None:
        raise Unreadable(read.reason or "")
    known = _number(read)
    if bank_id is None:
        called = CustomerNumber.objects.filter(number_id=known).values_list(
            "customer_id", flat=True
        )
        customers.update(called)
    return Who(tuple(sorted(customers)), known)


def _number(read: NormalizedNumber) -> int:
    """Our row of a number, made when there is none: its place is not looked up here."""
    assert read.e164 is not None
    zone = "Asia/Shanghai" if read.e164.startswith("+86") else ""
    made, _ = Number.objects.get_or_create(
        e164=read.e164, defaults={"kind": read.kind, "time_zone": zone}
    )
    return made.pk


@transaction.atomic
def opt_out(
    found: Who,
    *,
    via: str,
    evidence: dict[str, Any],
    at: datetime,
    product_family: str = "",
    actor_id: int | None = None,
) -> list[int]:
    """Write it down for the number and for each person. Returns the ids of the entries.

    All locks are taken at once, in the order in which everybody takes them: one after the other, a
    gate might wait for us and we for it, and the refusal could be what PostgreSQL ends.
    """
    kept = [kept_id(each) for each in found.customers]
    take(keys_of(customer_ids=[*found.customers, *kept], number_ids=[found.number]))
    first, *others = found.customers or (None,)
    written = []
    for customer, number in ((first, found.number), *((other, None) for other in others)):
        written += suppressing.opt_out(
            customer_id=customer,
            number_id=number,
            source=via,
            evidence=evidence,
            at=at,
            product_family=product_family,
            actor_id=actor_id,
        )
    return written
