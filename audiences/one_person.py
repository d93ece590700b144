"""Records that turned out to be one person: the one that is kept stands for all."""

from __future__ import annotations

from audiences.models import Customer


def kept_id(customer_id: int) -> int:
    """The record that stands for this customer: itself, or the one it was merged into."""
    found = Customer.objects.filter(pk=customer_id).values_list("merged_into_id", flat=True)
    return found.first() or customer_id
