"""Keeping what customers allow, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from audiences.one_person import kept_id
from audit.recording import record
from compliance import suppressing
from compliance.domain.pack import content_hash
from compliance.locking import keys_of, take
from compliance.models.consent import Consent

BATCH = 5_000


@transaction.atomic
def grant(
    *,
    customer_id: int,
    at: datetime,
    basis: str,
    evidence: dict[str, Any],
    product_family: str = "",
    expires_at: datetime | None = None,
    number_id: int | None = None,
    actor_id: int | None = None,
) -> Consent:
    """The customer consents to marketing calls (about one family, or every one when empty).

    `number_id`: on this number alone.
    """
    customer_id = kept_id(customer_id)
    consent = Consent.objects.create(
        customer_id=customer_id,
        product_family=product_family,
        basis=basis[:40],
        evidence=evidence,
        granted_at=at,
        expires_at=expires_at,
        number_id=number_id,
    )
    record(
        kind="consent.granted",
        actor_id=actor_id,
        subject=f"consent:{consent.pk}",
        payload={"customer": customer_id, "family": product_family, "basis": basis},
    )
    return consent


def grant_many(
    customer_ids: Iterable[int],
    *,
    at: datetime,
    basis: str,
    evidence: dict[str, Any],
    product_family: str = "",
    actor_id: int | None = None,
) -> int:
    """Consents that came in a file: written in batches, one audit entry for all. Returns rows."""
    rows = (
        Consent(
            customer_id=customer_id,
            product_family=product_family,
            basis=basis[:40],
            evidence=evidence,
            granted_at=at,
        )
        for customer_id in customer_ids
    )
    with transaction.atomic():
        count = len(Consent.objects.bulk_create(rows, batch_size=BATCH))
        record(
            kind="consent.imported",
            actor_id=actor_id,
            subject="consent:many",
            payload={"rows": count, "family": product_family, "basis": basis},
        )
    return count


@transaction.atomic
def withdraw(
    *,
    customer_id: int,
    at: datetime,
    evidence: dict[str, Any],
    product_family: str | None = None,
    actor_id: int | None = None,
) -> int:
    """The customer takes consent back: all of it, or what covers one family. Returns rows.

    Takes the gate's lock: from this commit on no call relies on it, and what has been permitted and
    nobody has answered yet is ended. A consent to every family stands for the others: the one that
    is taken back gets a row of its own, withdrawn as it is written, which beats what was granted
    before.
    """
    customer_id = kept_id(customer_id)
    take(keys_of(customer_ids=[customer_id]))
    standing = Consent.objects.filter(customer_id=customer_id).filter(withdrawn_at__isnull=True)
    if product_family is not None:
        blanket = standing.filter(product_family="")
        if product_family:
            Consent.objects.bulk_create(
                Consent(
                    customer_id=customer_id,
                    channel=channel,
                    purpose=purpose,
                    product_family=product_family,
                    number_id=number_id,
                    evidence=evidence,
                    granted_at=at,
                )
                for channel, purpose, number_id in blanket.order_by()
                .values_list("channel", "purpose", "number_id")
                .distinct()
            )
        standing = standing.filter(product_family=product_family)
    count = standing.update(withdrawn_at=at)
    suppressing.end_calls(
        customer_ids=[customer_id],
        at=at,
        product_family=product_family or "",
        spare_answered=True,
    )
    record(
        kind="consent.withdrawn",
        actor_id=actor_id,
        subject=f"customer:{customer_id}",
        payload={"rows": count, "family": product_family, "evidence": content_hash(evidence)},
    )
    return count
