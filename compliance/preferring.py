"""Keeping a wish narrower than "never", with the words that asked for it. It only tightens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audit.recording import record
from compliance.domain.pack import content_hash
from compliance.locking import keys_of, take
from compliance.models.consent import Preference
from compliance.models.product import Product

#: Families as banks name them in code, by how customers name them.
_FAMILIES: dict[str, tuple[str, ...]] = {
    "分期": ("instalment", "instalments"),
    "信用卡": ("card", "cards", "credit_card"),
    "保险": ("insurance",),
    "理财": ("wealth",),
    "基金": ("fund", "funds"),
    "贷款": ("loan", "loans"),
    "存款": ("deposit", "deposits"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a customer asked for; empty = says nothing about it."""

    no_robot: bool = False
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    families_refused: tuple[str, ...] = ()
    conversations_per_year: int | None = None
    conversations_per_month: int | None = None


@transaction.atomic
def prefer(
    wanted: Wanted,
    *,
    customer_id: int,
    via: str,
    evidence: dict[str, Any],
    at: datetime,
    actor_id: int | None = None,
) -> Preference:
    """From this commit on no gate lets a call through that goes against the wish.

    Takes the gate's lock of the customer.
    """
    take(keys_of(customer_ids=[customer_id]))
    kept = Preference.objects.create(
        customer_id=customer_id,
        no_robot=wanted.no_robot,
        weekdays=list(wanted.weekdays),
        hours=[list(hours) for hours in wanted.hours],
        families_refused=list(wanted.families_refused),
        conversations_per_year=wanted.conversations_per_year,
        conversations_per_month=wanted.conversations_per_month,
        since=at,
        evidence={**evidence, "via": via},
    )
    record(
        kind="preference.kept",
        actor_id=actor_id,
        subject=f"preference:{kept.pk}",
        payload={"customer": customer_id, "via": via, "evidence": content_hash(evidence)},
    )
    return kept


def families_named(kind: str) -> tuple[str, ...]:
    """Every family of products that a customer means by a word, "保险" or "信用卡分期".

    What the word means in codes, and the families of all products that bear it in their name: a
    family too many is a call too few.
    """
    words = [word for word in _FAMILIES if word in kind]
    found = {code for word in words for code in _FAMILIES[word]}
    for word in words:
        found.update(Product.objects.filter(name__contains=word).values_list("family", flat=True))
    return tuple(sorted(found))
