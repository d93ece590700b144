"""Ending a "no" takes two: one asks with a reason and its evidence, another signs, then it ends.

Nothing else in the house lifts a suppression but `suppressing.lift`, which wants the signature.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals import deciding, reading
from approvals.refusing import Refused
from audit.recording import record
from clock.reading import now
from compliance import suppressing
from compliance.domain.facts import SuppressionSource
from compliance.domain.pack import content_hash
from compliance.models import LiftRequest, Suppression

#: How long a request waits for its signature (business time).
SIGN_WITHIN = timedelta(days=14)


class LiftRefused(Refused):
    """A step that was not taken: `code` for programs, `sentence` for people."""


class LiftedAlready(LiftRefused):
    code = "lifted_already"
    _sentence = gettext_noop("This entry has ended already.")


class AskedAlready(LiftRefused):
    code = "asked_already"
    _sentence = gettext_noop("Somebody has asked for this already.")


class NeedsReason(LiftRefused):
    code = "needs_reason"
    _sentence = gettext_noop("Give the reason, and where its evidence is kept.")


class OfRegister(LiftRefused):
    code = "of_register"
    _sentence = gettext_noop("A register's entry ends with the register's next list.")


class Suspected(LiftRefused):
    code = "suspected"
    _sentence = gettext_noop("A suspected refusal is decided where it is reviewed.")


class Decided(LiftRefused):
    code = "decided"
    _sentence = gettext_noop("This has been decided, or the time to sign is over.")


def together_with(entry: Suppression) -> list[Suppression]:
    """The entry and what was written down with it: one refusal holds for person and number."""
    if not entry.evidence:
        return [entry]
    same = Suppression.objects.filter(
        source=entry.source, via=entry.via, since=entry.since, evidence=entry.evidence
    ).select_related("customer", "number", "product")
    return [one for one in same.order_by("pk") if one.lifted_at is None or one.pk == entry.pk]


@transaction.atomic
def ask(entry: Suppression, *, maker: User, reason: str, evidence: str) -> LiftRequest:
    """Ask that a refusal ends. Raises LiftRefused; nothing has ended yet."""
    reason, evidence = reason.strip()[:300], evidence.strip()[:300]
    if not reason or not evidence:
        raise NeedsReason
    if entry.lifted_at is not None:
        raise LiftedAlready
    if entry.source == SuppressionSource.REGISTER:
        raise OfRegister
    if entry.evidence.get("suspected"):
        raise Suspected
    at = now()
    _close_overdue(entry)
    try:
        with transaction.atomic():
            asked = LiftRequest.objects.create(
                suppression=entry,
                entries=[one.pk for one in together_with(entry)],
                reason=reason,
                evidence=evidence,
                maker=maker,
                created_at=at,
            )
    except IntegrityError as error:
        raise AskedAlready from error
    deciding.submit(
        subject=subject_of(asked),
        content_hash=content_of(asked),
        maker=maker,
        branch=None,
        title=f"#{asked.pk}",
        expires_at=at + SIGN_WITHIN,
    )
    return asked


@transaction.atomic
def sign(asked: LiftRequest, *, checker: User, content_hash: str) -> list[int]:
    """The second signature: the entries end. Returns their ids.

    Raises ApprovalRefused (MakerIsChecker, NotYours, ContentChanged, …) or LiftRefused.
    """
    at = now()
    waiting = reading.pending(subject_of(asked), at)
    if waiting is None:
        raise Decided
    signed = deciding.approve(approval=waiting, checker=checker, content_hash=content_hash)
    lifted = [
        entry
        for entry in asked.entries
        if suppressing.lift(suppression_id=entry, actor_id=checker.pk, approval_id=signed.pk, at=at)
    ]
    if not lifted:
        raise LiftedAlready
    _close(asked)
    return lifted


@transaction.atomic
def send_back(asked: LiftRequest, *, checker: User, reason: str) -> None:
    """The refusal stands. Raises ApprovalRefused or LiftRefused."""
    waiting = reading.pending(subject_of(asked), now())
    if waiting is None:
        raise Decided
    deciding.send_back(approval=waiting, checker=checker, reason=reason)
    _close(asked)


@transaction.atomic
def withdraw(asked: LiftRequest, *, actor: User) -> None:
    """Whoever asked takes it back. Raises LiftRefused."""
    waiting = reading.pending(subject_of(asked), now())
    if waiting is None:
        raise Decided
    deciding.withdraw(approval=waiting, actor=actor, reason="withdrawn")
    _close(asked)


def subject_of(asked: LiftRequest) -> str:
    return f"unsuppression:{asked.pk}"


def content_of(asked: LiftRequest) -> str:
    """The hash that is signed."""
    return content_hash(
        {
            "request": asked.pk,
            "entries": asked.entries,
            "reason": asked.reason,
            "evidence": asked.evidence,
        }
    )


def _close(asked: LiftRequest) -> None:
    LiftRequest.objects.filter(pk=asked.pk).update(closed_at=now())


def _close_overdue(entry: Suppression) -> None:
    """A request whose time to sign is over makes room for a new one."""
    for old in LiftRequest.objects.filter(suppression=entry, closed_at__isnull=True):
        if reading.pending(subject_of(old), now()) is None:
            _close(old)
            record(kind="unsuppression.overdue", actor_id=None, subject=subject_of(old), payload={})
