"""Who the sandbox carrier's customers are like, and switching that."""

from __future__ import annotations

from typing import Any

from audiences.models import CustomerNumber
from console.carrier_calls import masked
from telephony.sandbox_carrier import control

#: The carrier's word for whoever has no persona of their own choosing.
EVERYBODY = "*"


class NobodyHas(Exception):
    """No customer has this number."""


class NoSuchPersona(Exception):
    """The carrier knows no such persona."""


def people() -> dict[str, Any]:
    """`{"personas": [name], "everybody": name | "", "chosen": [{"customer", "to", "persona"}]}`.

    The names are the carrier's; telephone numbers are masked. Raises CarrierUnreachable.
    """
    answer = control("GET", "personas")
    assigned: dict[str, str] = dict(answer["assigned"])
    everybody = assigned.pop(EVERYBODY, "")
    owners: dict[str, str] = {}
    links = CustomerNumber.objects.filter(number__e164__in=list(assigned)).order_by("-customer_id")
    for e164, bank_id in links.values_list("number__e164", "customer__bank_id"):
        owners[e164] = bank_id
    return {
        "personas": list(answer["personas"]),
        "everybody": everybody,
        "chosen": [
            {"customer": owners.get(number, ""), "to": masked(number), "persona": persona}
            for number, persona in assigned.items()
        ],
    }


def behave(customer: str, persona: str) -> dict[str, Any]:
    """From their next call on a customer is like a persona, or as drawn; then as `people()`.

    `customer` is a customer's number at the bank or a telephone number; empty for everybody. Raises
    NobodyHas, NoSuchPersona, CarrierUnreachable.
    """
    if persona and persona not in people()["personas"]:
        raise NoSuchPersona
    numbers = _numbers_of(customer.strip()) if customer.strip() else [EVERYBODY]
    control("POST", "personas/assign", dict.fromkeys(numbers, persona))
    return people()


def _numbers_of(customer: str) -> list[str]:
    links = CustomerNumber.objects.all()
    found = links.filter(customer__bank_id=customer) or links.filter(number__e164=customer)
    numbers = sorted(set(found.values_list("number__e164", flat=True)))
    if not numbers:
        raise NobodyHas
    return numbers
