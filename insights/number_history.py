"""What is known of a telephone number by itself, whoever has it: refusals, registers, calls.

For a number that no customer has: nobody calls it, and yet somebody may ask why it was refused, or
why it rang. Read-only; the number comes back masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiences.models import Number
from compliance.domain.facts import ContactKind
from compliance.domain.registers import RegisterImportState, RegisterKind
from compliance.models import (
    Complaint,
    Contact,
    Register,
    RegisterEntry,
    RegisterImport,
    Suppression,
)
from dialer.models import Call
from insights.person_history import REACH

AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry of a register in force; `holds` is false for one that has expired."""

    register: Register
    since: datetime | None
    expires_at: datetime | None
    holds: bool


@dataclass(frozen=True, slots=True)
class NumberHistory:
    """`stored`: our own row of the number, kept after its last customer left, or for a refusal.

    `lines` counts the ledger's attempts, which outlive the calls' rows.
    """

    masked: str
    stored: Number | None
    refusals: list[Suppression]
    listings: list[Listing]
    complaints: list[Complaint]
    calls: list[Call]
    lines: int

    @property
    def refused(self) -> bool:
        """Whether something on record keeps it from being called, whoever it comes to."""
        standing = any(one.lifted_at is None for one in self.refusals)
        return standing or any(
            one.holds and one.register.kind == RegisterKind.NO_CALL for one in self.listings
        )


def about(e164: str, now: datetime) -> NumberHistory:
    """Everything about one number, newest first."""
    stored = Number.objects.filter(e164=e164).first()
    if stored is None:
        return NumberHistory(str(Number(e164=e164)), None, [], _listings(e164, now), [], [], 0)
    attempts = Contact.objects.filter(
        number_id=stored.pk, at__gte=now - REACH, kind=ContactKind.ATTEMPT.value, channel="voice"
    )
    released = Contact.objects.filter(
        number_id=stored.pk, at__gte=now - REACH, kind=ContactKind.RELEASE.value
    )
    return NumberHistory(
        masked=str(Number(e164=e164)),
        stored=stored,
        refusals=list(
            Suppression.objects.filter(number=stored)
            .select_related("register")
            .order_by("lifted_at", "-since", "-pk")[:AT_MOST]
        ),
        listings=_listings(e164, now),
        complaints=list(Complaint.objects.filter(number=stored).order_by("-created_at")[:AT_MOST]),
        calls=list(
            Call.objects.filter(number=stored)
            .select_related("campaign")
            .order_by("-planned_at")[:AT_MOST]
        ),
        lines=attempts.exclude(attempt_id__in=released.values("attempt_id")).count(),
    )


def _listings(e164: str, now: datetime) -> list[Listing]:
    in_force = {
        one.pk: one.register
        for one in RegisterImport.objects.filter(
            state=RegisterImportState.IN_FORCE.value, register__active=True
        ).select_related("register")
    }
    entries = RegisterEntry.objects.filter(key=e164, batch_id__in=in_force)
    return [
        Listing(
            in_force[one.batch_id],
            one.since,
            one.expires_at,
            one.expires_at is None or one.expires_at > now,
        )
        for one in entries.order_by("pk")
    ]
