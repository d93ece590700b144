"""Maker asks, checker decides: every change of an approval goes through here.

A state changes by conditional update under the row's lock, with its audit entry in the same
transaction. Whose signature counts on what stands in `accounts.permissions`; that maker and checker
differ, and that a branch's matter is decided by somebody who answers for that branch, is ours.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from accounts.models import Branch, User
from accounts.permissions import branches_of, may_sign
from approvals.domain.approval_state import TRANSITIONS, ApprovalState
from approvals.models import Approval
from approvals.reading import kind_of
from approvals.refusing import Refused
from audit.domain.canonical import print_of
from audit.recording import record
from clock.reading import now


class ApprovalRefused(Refused):
    """A decision that was not taken."""

    _sentence = gettext_noop("This cannot be decided.")


class MakerIsChecker(ApprovalRefused):
    """Nobody signs their own work."""

    code = "maker_is_checker"
    _sentence = gettext_noop("Whoever submitted this cannot decide it.")


class AlreadyDecided(ApprovalRefused):
    """Somebody was faster, or it was withdrawn."""

    code = "already_decided"
    _sentence = gettext_noop("This has been decided already.")


class AlreadyPending(ApprovalRefused):
    """The subject waits for a decision already."""

    code = "already_pending"
    _sentence = gettext_noop("This waits for a decision already.")


class Expired(ApprovalRefused):
    """The time to decide is over."""

    code = "expired"
    _sentence = gettext_noop("The time to decide this is over.")


class ContentChanged(ApprovalRefused):
    """What the checker saw is not what was submitted."""

    code = "content_changed"
    _sentence = gettext_noop("The content has changed since you opened it. Look again.")


class NotYourBranch(ApprovalRefused):
    """The checker does not answer for the approval's branch."""

    code = "not_your_branch"
    _sentence = gettext_noop("This belongs to another branch.")


class NotYours(ApprovalRefused):
    """The checker's role does not sign this kind of subject."""

    code = "not_yours"
    _sentence = gettext_noop("Your role does not sign this.")


class ReasonMissing(ApprovalRefused):
    """Sending back needs a reason the maker can act on."""

    code = "reason_missing"
    _sentence = gettext_noop("Give a reason.")


@transaction.atomic
def submit(
    *,
    subject: str,
    content_hash: str,
    maker: User,
    branch: Branch | None,
    title: str,
    expires_at: datetime,
    tier: int = 1,
) -> Approval:
    """Ask for a signature on `content_hash`. Raises AlreadyPending, or Expired for a past end.

    A request whose time ran out makes room for the new one.
    """
    at = now()
    if expires_at <= at:
        raise Expired
    stale = Approval.objects.select_for_update(no_key=True).filter(
        subject=subject, tier=tier, state=ApprovalState.PENDING, expires_at__lte=at
    )
    for overdue in stale:
        _move(overdue, ApprovalState.EXPIRED, actor=None, at=at, note="")
    try:
        with transaction.atomic():
            approval = Approval.objects.create(
                subject=subject,
                title=title,
                content_hash=content_hash,
                branch=branch,
                maker=maker,
                tier=tier,
                created_at=at,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise AlreadyPending from error
    _record("approval.submitted", approval, maker, "")
    return approval


#: The end of a signature that does not end.
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)


@transaction.atomic
def approve(
    *,
    approval: Approval,
    checker: User,
    content_hash: str,
    note: str = "",
    valid_until: datetime | None = None,
) -> Approval:
    """Sign what the checker saw (`content_hash`).

    The signature ends when the time to decide would have, unless `valid_until` says otherwise.

    Raises AlreadyDecided, Expired, MakerIsChecker, NotYourBranch, NotYours, ContentChanged, in
    that order.
    """
    at = now()
    locked = _open_for(approval, checker, at)
    if locked.content_hash != content_hash:
        raise ContentChanged
    if valid_until is not None:
        Approval.objects.filter(pk=locked.pk).update(expires_at=valid_until)
        locked.expires_at = valid_until
    return _move(locked, ApprovalState.APPROVED, actor=checker, at=at, note=note)


@transaction.atomic
def send_back(*, approval: Approval, checker: User, reason: str) -> Approval:
    """Return it to its maker. Raises as `approve` does, and ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    at = now()
    locked = _open_for(approval, checker, at)
    return _move(locked, ApprovalState.RETURNED, actor=checker, at=at, note=reason.strip())


@transaction.atomic
def withdraw(*, approval: Approval, actor: User | None, reason: str) -> Approval:
    """Take it back, signed or not: the maker, or the system (None) when the content changed.

    Raises AlreadyDecided for one that has come to an end.
    """
    locked = Approval.objects.select_for_update(no_key=True).get(pk=approval.pk)
    if ApprovalState.WITHDRAWN not in TRANSITIONS[ApprovalState(locked.state)]:
        raise AlreadyDecided
    return _move(locked, ApprovalState.WITHDRAWN, actor=actor, at=now(), note=reason)


def expire_overdue(limit: int = 500) -> int:
    """Mark requests and signatures whose time ran out; how many. Called by a sweeper.

    Nothing depends on it for safety: `reading.in_force` looks at the time itself.
    """
    done = 0
    with transaction.atomic():
        at = now()
        overdue = Approval.objects.select_for_update(skip_locked=True).filter(
            state__in=[ApprovalState.PENDING, ApprovalState.APPROVED], expires_at__lte=at
        )
        for approval in overdue.order_by("expires_at")[:limit]:
            _move(approval, ApprovalState.EXPIRED, actor=None, at=at, note=approval.note)
            done += 1
    return done


def _open_for(approval: Approval, checker: User, at: datetime) -> Approval:
    """The approval's row, locked, if `checker` may decide it now."""
    locked = Approval.objects.select_for_update(no_key=True).get(pk=approval.pk)
    if locked.state != ApprovalState.PENDING:
        raise AlreadyDecided
    if locked.expires_at <= at:
        raise Expired
    if locked.maker_id == checker.pk:
        raise MakerIsChecker
    if (
        locked.branch_id is not None
        and not branches_of(checker).filter(pk=locked.branch_id).exists()
    ):
        raise NotYourBranch
    if not may_sign(checker, kind_of(locked.subject)):
        raise NotYours
    return locked


def _move(
    approval: Approval, new: ApprovalState, *, actor: User | None, at: datetime, note: str
) -> Approval:
    """Change the state as the table allows, and write it down."""
    old = ApprovalState(approval.state)
    if new not in TRANSITIONS[old]:
        raise AlreadyDecided
    changes: dict[str, object] = {"state": new.value, "note": note}
    if new in (ApprovalState.APPROVED, ApprovalState.RETURNED):
        changes |= {"checker": actor, "decided_at": at}
    elif old is ApprovalState.PENDING:
        changes |= {"decided_at": at}
    if Approval.objects.filter(pk=approval.pk, state=old.value).update(**changes) != 1:
        raise AlreadyDecided
    for name, value in changes.items():
        setattr(approval, name, value)
    _record(f"approval.{new.value}", approval, actor, note)
    return approval


def _record(kind: str, approval: Approval, actor: User | None, note: str) -> None:
    record(
        kind=kind,
        actor_id=None if actor is None else actor.pk,
        subject=approval.subject,
        payload={
            "approval": approval.pk,
            "content_hash": approval.content_hash,
            "branch": approval.branch_id,
            "tier": approval.tier,
            "expires_at": approval.expires_at,
            # the words stay in the approval
            "note": print_of(note),
        },
    )
