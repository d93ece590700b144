"""Single-use exceptions with their evidence: above all, a callback the customer asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from audit.recording import record
from compliance.domain.facts import ExemptionKind
from compliance.models.exemption import Exemption


@transaction.atomic
def promise_callback(
    *,
    customer_id: int,
    number_id: int,
    promised_at: datetime,
    at: datetime,
    evidence: dict[str, Any],
    campaign_id: int | None = None,
) -> Exemption:
    """The customer asked to be called back then; the turn or the agent's note is the evidence."""
    exemption = Exemption.objects.create(
        kind=ExemptionKind.CALLBACK.value,
        customer_id=customer_id,
        number_id=number_id,
        campaign_id=campaign_id,
        promised_at=promised_at,
        evidence=evidence,
        created_at=at,
    )
    record(
        kind="exemption.callback",
        actor_id=None,
        subject=f"exemption:{exemption.pk}",
        payload={"customer": customer_id, "promised": promised_at.isoformat()},
    )
    return exemption


def withdraw_callbacks(*, customer_id: int, at: datetime) -> int:
    """The customer no longer wants to be called back."""
    return Exemption.objects.filter(
        customer_id=customer_id,
        kind=ExemptionKind.CALLBACK.value,
        used_at__isnull=True,
        withdrawn_at__isnull=True,
    ).update(withdrawn_at=at)
