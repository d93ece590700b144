"""Somebody complained: no more calls at once, and a case with a deadline for people."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from audit.recording import record
from compliance import suppressing
from compliance.models.complaint import Complaint

#: Firms answer a forwarded complaint in 15 working days (12321); we count calendar days: sooner.
ANSWER_WITHIN = timedelta(days=15)


@transaction.atomic
def open_case(
    *,
    customer_id: int | None,
    number_id: int | None,
    source: str,
    evidence: dict[str, Any],
    at: datetime,
    campaign_id: int | None = None,
    speaking_attempt_id: uuid.UUID | None = None,
) -> Complaint:
    """Open a case and suppress the person (and the number it came from)."""
    if customer_id is not None or number_id is not None:
        suppressing.complained(
            customer_id=customer_id,
            number_id=number_id,
            source=source,
            evidence=evidence,
            at=at,
            speaking_attempt_id=speaking_attempt_id,
        )
    case = Complaint.objects.create(
        customer_id=customer_id,
        number_id=number_id,
        channel=source[:20],
        campaign_id=campaign_id,
        evidence=evidence,
        created_at=at,
        due_at=at + ANSWER_WITHIN,
    )
    record(
        kind="complaint.opened",
        actor_id=None,
        subject=f"complaint:{case.pk}",
        payload={"customer": customer_id, "number": number_id, "via": source},
    )
    return case
