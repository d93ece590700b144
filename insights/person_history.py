"""What lies behind one customer: contacts on every channel, decisions, and what they allowed or
refused, under whichever record of theirs. Read-only; names and numbers are not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audiences.models import CustomerNumber
from audiences.one_person import records_of_one
from campaigns.models import Campaign
from compliance.domain.facts import ContactKind
from compliance.models import (
    Complaint,
    Consent,
    Contact,
    Decision,
    Exemption,
    Preference,
    Suppression,
)

#: How far back contacts are shown; the facts statement reads as far.
REACH = timedelta(days=400)
DECISIONS_SHOWN = 50
LINES_READ = 1_000


@dataclass(slots=True)
class Encounter:
    """One call, or one contact on another channel, with everything the ledger says of it."""

    at: datetime
    channel: str
    actor: str
    purpose: str
    family: str
    campaign_id: int | None
    attempt_id: UUID | None
    kinds: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)


def encounters(customer_id: int, now: datetime) -> list[Encounter]:
    """The customer's contacts of the last 400 days, newest first; a call is one encounter."""
    lines = Contact.objects.filter(
        customer_id__in=records_of_one(customer_id),
        at__gte=now - REACH,
        at__lt=now + timedelta(days=2),
    ).order_by("-at", "-id")[:LINES_READ]
    found: dict[object, Encounter] = {}
    for line in reversed(lines):
        key: object = line.attempt_id or line.pk
        one = found.get(key)
        if one is None:
            one = found[key] = Encounter(
                line.at,
                line.channel,
                line.actor,
                line.purpose,
                line.product_family,
                line.campaign_id,
                line.attempt_id,
            )
        if line.kind == ContactKind.OUTCOME:
            one.outcomes.append(line.outcome)
        elif line.kind not in one.kinds:
            one.kinds.append(line.kind)
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def decisions(customer_id: int, before: int | None = None) -> list[Decision]:
    """What the gate answered about the customer, newest first, a page at a time; without facts."""
    found = Decision.objects.filter(customer_id__in=records_of_one(customer_id))
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.defer("facts", "intent").order_by("-at", "-pk")[:DECISIONS_SHOWN])


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the customer allowed, refused and asked for, and what else was put on record."""

    consents: list[Consent]
    suppressions: list[Suppression]
    preferences: list[Preference]
    exemptions: list[Exemption]
    complaints: list[Complaint]

    def any(self) -> bool:
        """Whether anything is on record."""
        return any(
            (self.consents, self.suppressions, self.preferences, self.exemptions, self.complaints)
        )


def wishes(customer_id: int) -> Wishes:
    """Everything on record, also what has ended; entries of the customer's numbers included."""
    records = records_of_one(customer_id)
    numbers = CustomerNumber.objects.filter(customer_id__in=records).values("number_id")
    about = Q(customer_id__in=records) | Q(number_id__in=numbers)
    return Wishes(
        # of another record's nothing holds any more but what the merge wrote anew for this one
        consents=_newest(Consent.objects.filter(customer_id=customer_id), "granted_at"),
        suppressions=_newest(
            Suppression.objects.filter(about).select_related("register", "number"), "since"
        ),
        preferences=_newest(Preference.objects.filter(customer_id__in=records), "since"),
        exemptions=_newest(Exemption.objects.filter(customer_id__in=records), "created_at"),
        complaints=_newest(Complaint.objects.filter(about), "created_at"),
    )


def campaign_names(ids: set[int]) -> dict[int, str]:
    """The names of campaigns, which the books know by id only."""
    return dict(Campaign.objects.filter(pk__in=ids).values_list("pk", "name"))


def _newest(rows: QuerySet[Any], moment: str) -> list[Any]:
    return list(rows.order_by(f"-{moment}", "-pk")[:200])
