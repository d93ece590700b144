"""Finding a customer by what a person types: the bank's id or a whole telephone number.

Parts of either find nobody: customers are looked up, not leafed through.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Branch
from audiences.domain.phone_numbers import normalize
from audiences.models import Customer

#: One number is shared by a family, not by more people than this.
AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Found:
    """`by`: "bank_id", "number", or "" for a text that is neither (nobody is found by it); `number`
    is the number that was meant.
    """

    by: str
    customers: tuple[Customer, ...]
    number: str = ""


def find(text: str, branches: QuerySet[Branch], country: str = "CN") -> Found:
    """The customers of these branches who have the id, or else the number in any spelling."""
    wanted = text.strip()
    if not wanted or len(wanted) > 60 or "\0" in wanted:
        return Found("", ())
    bounded = Customer.objects.filter(branch__in=branches).select_related("branch")
    by_id = tuple(bounded.filter(bank_id=wanted)) or tuple(bounded.filter(bank_id=wanted.upper()))
    if by_id:
        return Found("bank_id", by_id)
    number = normalize(wanted, country)
    if number.e164 is None:
        return Found("bank_id", ())
    owners = bounded.filter(numbers__e164=number.e164).order_by("pk")
    return Found("number", tuple(owners[:AT_MOST]), number.e164)
