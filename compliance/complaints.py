"""Somebody complained: no more calls at once, and a case with terms for people (cases.py)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from audiences.models import Customer, CustomerNumber
from audiences.one_person import kept_id
from audit.recording import record
from compliance import calendars, suppressing
from compliance.domain.case_state import CaseState
from compliance.domain.case_terms import answer_by, forward_by
from compliance.domain.terms import local_date, start_of_day
from compliance.models.complaint import Complaint, ComplaintEvent


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
    text: str = "",
    reference: str = "",
    received_at: datetime | None = None,
    branch_id: int | None = None,
    actor_id: int | None = None,
    number_not_theirs: bool = False,
    beside: Collection[int] = (),
) -> Complaint:
    """Open a case and suppress the person (and the number it came from).

    `received_at`: when the complaint came in, from which the terms count (default `at`).
    `branch_id`: whose case it is where no customer says so. `actor_id`: who opened it; None = it
    was said in a call. What they confirmed: that customer and number belong together although the
    number is not the customer's, and that it is another matter than that of the cases `beside`.
    """
    confirmed: dict[str, Any] = {}
    if number_not_theirs:
        confirmed["number_not_theirs"] = True
    if beside:
        confirmed["beside"] = sorted(beside)
    evidence = {**evidence, **confirmed}
    if customer_id is not None or number_id is not None:
        suppressing.complained(
            customer_id=customer_id,
            number_id=number_id,
            source=source,
            evidence=evidence,
            at=at,
            speaking_attempt_id=speaking_attempt_id,
        )
    received = received_at or at
    case = Complaint.objects.create(
        customer_id=customer_id,
        number_id=number_id,
        branch_id=_branch_of(customer_id) or branch_id,
        channel=source[:20],
        reference=reference[:40],
        text=text,
        campaign_id=campaign_id,
        call_ref=_call_in(evidence),
        evidence=evidence,
        opened_by_id=actor_id,
        created_at=received,
        term_from=received,
        forward_due_at=forward_by(received, calendars.in_force(), settings.TIME_ZONE),
        due_at=answer_by(received, 0, settings.TIME_ZONE),
    )
    ComplaintEvent.objects.create(
        complaint=case, new=CaseState.OPENED.value, step="opened", actor_id=actor_id, at=at
    )
    record(
        kind="complaint.opened",
        actor_id=actor_id,
        subject=f"complaint:{case.pk}",
        payload={"customer": customer_id, "number": number_id, "via": source, **confirmed},
    )
    return case


def is_theirs(*, customer_id: int, number_id: int) -> bool:
    """Whether a customer (whichever record stands for them) is called on a number."""
    person = kept_id(customer_id)
    theirs = Q(customer_id__in=[customer_id, person]) | Q(customer__merged_into=person)
    return CustomerNumber.objects.filter(theirs, number_id=number_id).exists()


def same_matter(
    *,
    customer_id: int | None,
    number_id: int | None,
    source: str,
    reference: str,
    received_at: datetime,
) -> QuerySet[Complaint]:
    """Cases in which this complaint may be on record already, the newest first.

    They came the same way, and bear the same reference of whoever sent them, or came on the same
    day (at the bank) from the same person.
    """
    day = local_date(received_at, settings.TIME_ZONE)
    that_day = Q(
        created_at__gte=start_of_day(day, settings.TIME_ZONE),
        created_at__lt=start_of_day(day + timedelta(days=1), settings.TIME_ZONE),
    )
    person = Q(pk__in=[])
    if customer_id is not None:
        kept = kept_id(customer_id)
        person |= Q(customer_id__in=[customer_id, kept]) | Q(customer__merged_into=kept)
    if number_id is not None:
        person |= Q(number_id=number_id)
    same = person & that_day
    if reference:
        same |= Q(reference=reference)
    return Complaint.objects.filter(same, channel=source).order_by("-created_at", "-pk")


def _branch_of(customer_id: int | None) -> int | None:
    if customer_id is None:
        return None
    return Customer.objects.filter(pk=customer_id).values_list("branch_id", flat=True).first()


def _call_in(evidence: dict[str, Any]) -> uuid.UUID | None:
    """The call that the evidence names, if it names one."""
    try:
        return uuid.UUID(str(evidence.get("call", "")))
    except ValueError:
        return None
