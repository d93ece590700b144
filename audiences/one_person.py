"""Records that turned out to be one person: the one that is kept stands for all.

A merge copies nothing: what happened under a record stays under it. Whoever looks for all about a
person asks for all of their records. There are no chains: merging into a record that goes on to be
merged takes along whatever stood for it (`compliance.merging`).
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from audiences.models import Customer


def kept_id(customer_id: int) -> int:
    """The record that stands for this customer: itself, or the one it was merged into."""
    found = Customer.objects.filter(pk=customer_id).values_list("merged_into_id", flat=True)
    return found.first() or customer_id


def records_of(customer_ids: Collection[int]) -> dict[int, int]:
    """Every record of the people behind these: its id, and that of the one which is kept.

    Two queries, however many are asked about.
    """
    if not customer_ids:
        return {}
    stands = Coalesce(F("merged_into_id"), F("pk"))
    given = Customer.objects.filter(pk__in=customer_ids).annotate(kept=stands)
    kept = sorted(set(given.values_list("kept", flat=True)))
    # lists and no subquery: each half is found by its index
    theirs = Customer.objects.filter(Q(pk__in=kept) | Q(merged_into__in=kept))
    return dict(theirs.annotate(kept=stands).values_list("pk", "kept"))


def records_of_one(customer_id: int) -> list[int]:
    """Every record of one person, the one that is kept first."""
    kept = kept_id(customer_id)
    merged = Customer.objects.filter(merged_into=kept).order_by("pk")
    return [kept, *merged.values_list("pk", flat=True)]
