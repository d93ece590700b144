"""What is signed, and what waits for whom."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import branches_of, kinds_signed_by
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval


def kind_of(subject: str) -> str:
    """What is asked about: the part of a subject ("kind:id") before the colon."""
    return subject.partition(":")[0]


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
    """What this user could decide now, the most urgent first.

    Of the kinds their role signs, of their branches, and not made by themselves.
    """
    return (
        Approval.objects.filter(state=ApprovalState.PENDING, expires_at__gt=now)
        .filter(_of_kinds(kinds_signed_by(user)))
        .filter(Q(branch__isnull=True) | Q(branch__in=branches_of(user)))
        .exclude(maker=user)
        .select_related("branch", "maker")
        .order_by("expires_at", "id")
    )


def asked_by(user: User, now: datetime) -> QuerySet[Approval]:
    """What this user asked for and nobody has decided yet."""
    return (
        Approval.objects.filter(state=ApprovalState.PENDING, expires_at__gt=now, maker=user)
        .select_related("branch", "maker")
        .order_by("expires_at", "id")
    )


def settled_for(user: User, now: datetime) -> QuerySet[Approval]:
    """What has come to an end, or ran out, of the user's kinds and branches or their own asking."""
    theirs = _of_kinds(kinds_signed_by(user)) & (
        Q(branch__isnull=True) | Q(branch__in=branches_of(user))
    )
    return (
        Approval.objects.exclude(state=ApprovalState.PENDING, expires_at__gt=now)
        .filter(theirs | Q(maker=user))
        .select_related("branch", "maker", "checker")
        .order_by("-id")
    )


def _of_kinds(kinds: list[str]) -> Q:
    """Subjects of these kinds; of none, nothing."""
    wanted = Q(pk__in=[])
    for kind in kinds:
        wanted |= Q(subject__startswith=f"{kind}:")
    return wanted


def history(subject: str) -> QuerySet[Approval]:
    """Every request on this subject, the newest first."""
    return (
        Approval.objects.filter(subject=subject).select_related("maker", "checker").order_by("-id")
    )
