"""What is signed, and what waits for whom."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import branches_of
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval


def in_force(subject: str, content_hash: str, now: datetime) -> Approval | None:
    """The signature on exactly this content that has not ended, or None."""
    return (
        Approval.objects.filter(
            subject=subject,
            content_hash=content_hash,
            state=ApprovalState.APPROVED,
            expires_at__gt=now,
        )
        .order_by("-decided_at")
        .first()
    )


def pending(subject: str, now: datetime) -> Approval | None:
    """The request on this subject that still waits, or None."""
    return Approval.objects.filter(
        subject=subject, state=ApprovalState.PENDING, expires_at__gt=now
    ).first()


def waiting_for(user: User, now: datetime) -> QuerySet[Approval]:
    """What this user could decide now, the most urgent first: of their branches, and not theirs."""
    return (
        Approval.objects.filter(state=ApprovalState.PENDING, expires_at__gt=now)
        .filter(Q(branch__isnull=True) | Q(branch__in=branches_of(user)))
        .exclude(maker=user)
        .select_related("branch", "maker")
        .order_by("expires_at", "id")
    )


def history(subject: str) -> QuerySet[Approval]:
    """Every request on this subject, the newest first."""
    return (
        Approval.objects.filter(subject=subject).select_related("maker", "checker").order_by("-id")
    )
