"""Which entries of a register match nobody of ours, and why: to be looked at, not to be mended.

A stranger's entry is kept for the day they come to us. But an id that no customer has may be a slip
of whoever drew the list, and then somebody is not protected.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from audiences.models import Customer, CustomerNumber, Number
from compliance.domain.register_rows import CUSTOMER
from compliance.models import RegisterEntry, RegisterImport

#: Entries looked up together.
PAGE = 5_000


class Unmatched(StrEnum):
    """Why an entry matches nobody."""

    UNKNOWN_CUSTOMER = "unknown_customer"  # no customer has this id
    UNKNOWN_NUMBER = "unknown_number"  # we have never seen it
    UNUSED_NUMBER = "unused_number"  # we know it, and nobody is called on it


class Stranger(NamedTuple):
    """An entry that matches nobody; `whom` is a masked number, or an id."""

    whom: str
    why: Unmatched


def strangers(batch: RegisterImport) -> Iterator[Stranger]:
    """The entries of an import that match nobody, in the order of the file."""
    keys = RegisterEntry.objects.filter(batch_id=batch.pk).order_by("pk")
    rest = keys.values_list("key", flat=True).iterator(chunk_size=PAGE)
    while page := list(islice(rest, PAGE)):
        ids = [key.removeprefix(CUSTOMER) for key in page if key.startswith(CUSTOMER)]
        numbers = [key for key in page if not key.startswith(CUSTOMER)]
        ours = set(Customer.objects.filter(bank_id__in=ids).values_list("bank_id", flat=True))
        known = set(Number.objects.filter(e164__in=numbers).values_list("e164", flat=True))
        links = CustomerNumber.objects.filter(number__e164__in=numbers)
        called = set(links.values_list("number__e164", flat=True))
        for key in page:
            bank_id = key.removeprefix(CUSTOMER)
            if key.startswith(CUSTOMER):
                if bank_id not in ours:
                    yield Stranger(bank_id, Unmatched.UNKNOWN_CUSTOMER)
            elif key not in called:
                why = Unmatched.UNUSED_NUMBER if key in known else Unmatched.UNKNOWN_NUMBER
                yield Stranger(str(Number(e164=key)), why)
