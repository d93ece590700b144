"""The branch decides: approve a list, return it, or take customers out before signing.

- Only a branch manager of the list's own branch decides (head office sees, it does not sign).
- Maker and checker differ (approvals enforces it, the database too).
- The checker signs the hash of what was shown; anything else is refused.
- Nothing is approved by time passing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import roles_of
from approvals.deciding import Expired, approve, submit, withdraw
from approvals.deciding import send_back as return_approval
from approvals.models import Approval
from approvals.reading import pending
from audit.domain.canonical import print_of
from audit.recording import record
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.errors import ListChanged, NotYourBranch, ReasonMissing, StepRefused, WrongState
from campaigns.models import TargetList
from campaigns.reading import subject_of, void_parts
from campaigns.submitting import freeze, locked_list
from clock.reading import now as clock_now
from live.publishing import publish


def may_decide(user: User, target_list: TargetList) -> bool:
    """Whether this user is a branch manager of the list's own branch."""
    return Role.BRANCH_MANAGER in roles_of(user) and user.branch_id == target_list.branch_id


def approve_list(target_list: TargetList, checker: User, content_hash: str, note: str = "") -> int:
    """Sign the list as shown; its leads become due. Returns how many.

    Raises NotYourBranch, WrongState, ListChanged, StepRefused, and what approvals raises
    (MakerIsChecker, AlreadyDecided, Expired, ContentChanged).
    """
    with transaction.atomic():
        locked = _waiting(target_list, checker)
        if locked.content_hash != content_hash or void_parts(locked):
            raise ListChanged
        if not locked.counts["eligible"]:
            raise StepRefused("nobody", _("Nobody in this list may be called."))
        approve(
            approval=pending_approval(locked),
            checker=checker,
            content_hash=content_hash,
            note=note,
        )
        at = clock_now()
        _move(locked, ListState.APPROVED, approved_at=at)
        due = _make_due(locked)
        record(
            kind="target_list.approved",
            actor_id=checker.pk,
            subject=subject_of(locked.pk),
            payload={"content_hash": content_hash, "leads": due, "note": print_of(note)},
        )
        _tell(locked)
    target_list.refresh_from_db()
    return due


def send_back(target_list: TargetList, checker: User, reason: str) -> None:
    """Return the list to its maker, with a reason. Raises as approving does, and ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        locked = _waiting(target_list, checker)
        return_approval(approval=pending_approval(locked), checker=checker, reason=reason.strip())
        _move(locked, ListState.RETURNED)
        record(
            kind="target_list.returned",
            actor_id=checker.pk,
            subject=subject_of(locked.pk),
            payload={"reason": print_of(reason.strip())},
        )
        _tell(locked)
    target_list.refresh_from_db()


def exclude(
    target_list: TargetList, lead_ids: Sequence[int], acting_user: User, reason: str
) -> int:
    """Take customers out of a waiting list; it gets a new hash, to be shown before it is signed.

    Returns how many were taken out (those already out are not counted).
    """
    if not reason.strip():
        raise ReasonMissing
    cause = f"branch: {reason.strip()}"[:60]
    return _change(target_list, lead_ids, acting_user, LeadState.LISTED, LeadState.EXCLUDED, cause)


def include(target_list: TargetList, lead_ids: Sequence[int], acting_user: User) -> int:
    """Put customers back whom the branch itself had taken out of a waiting list; how many."""
    return _change(
        target_list, lead_ids, acting_user, LeadState.EXCLUDED, LeadState.LISTED, "branch: put back"
    )


def pending_approval(target_list: TargetList) -> Approval:
    """The request that waits for the list's branch. Raises Expired when its time ran out."""
    found = pending(subject_of(target_list.pk), clock_now())
    if found is None:
        raise Expired
    return found


def _waiting(target_list: TargetList, checker: User) -> TargetList:
    locked = locked_list(target_list.pk)
    if not may_decide(checker, locked):
        raise NotYourBranch
    if locked.state != ListState.SUBMITTED:
        raise WrongState(locked.state)
    return locked


def _change(
    target_list: TargetList,
    lead_ids: Sequence[int],
    acting_user: User,
    old: LeadState,
    new: LeadState,
    cause: str,
) -> int:
    with transaction.atomic():
        locked = _waiting(target_list, acting_user)
        with connection.cursor() as cursor:
            cursor.execute(_CHANGE, _values(locked.pk, list(lead_ids), old, new, cause))
            changed = int(cursor.rowcount)
        if changed:
            step = changed if new is LeadState.LISTED else -changed
            locked.counts["eligible"] += step
            locked.counts["excluded"] = locked.counts.get("excluded", 0) - step
            _refreeze(locked)
            record(
                kind=f"target_list.{'included' if new is LeadState.LISTED else 'excluded'}",
                actor_id=acting_user.pk,
                subject=subject_of(locked.pk),
                payload={
                    "leads": sorted(lead_ids),
                    "cause": cause,
                    "content_hash": locked.content_hash,
                },
            )
    target_list.refresh_from_db()
    return changed


def _refreeze(target_list: TargetList) -> None:
    """New people, new hash: the maker's request is renewed for the content as it is now."""
    frozen = freeze(target_list)
    TargetList.objects.filter(pk=target_list.pk).update(**frozen)
    target_list.content_hash = frozen["content_hash"]
    asked = pending_approval(target_list)
    withdraw(approval=asked, actor=None, reason="customers taken out or put back")
    submit(
        subject=asked.subject,
        content_hash=frozen["content_hash"],
        maker=asked.maker,
        branch=target_list.branch,
        title=asked.title,
        expires_at=asked.expires_at,
    )


def _move(target_list: TargetList, new: ListState, **fields: object) -> None:
    moved = TargetList.objects.filter(pk=target_list.pk, state=ListState.SUBMITTED.value).update(
        state=new.value, **fields
    )
    if not moved:
        raise WrongState(target_list.state)


def _make_due(target_list: TargetList) -> int:
    """LISTED → DUE, each at its own time: the campaign's start, or when its block lifts."""
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "list": target_list.pk,
                "start": target_list.campaign.starts_at,
                "old": LeadState.LISTED.value,
                "new": LeadState.DUE.value,
            },
        )
        return int(cursor.rowcount)


def _tell(target_list: TargetList) -> None:
    publish(f"branch:{target_list.branch_id}", "list", {"list": target_list.pk})
    publish(f"campaign:{target_list.campaign_id}", "list", {"list": target_list.pk})


def _values(
    list_id: int, lead_ids: list[int], old: LeadState, new: LeadState, cause: str
) -> dict[str, Any]:
    return {"list": list_id, "ids": lead_ids, "old": old.value, "new": new.value, "cause": cause}


_CHANGE = """
WITH moved AS (
    UPDATE campaigns_lead SET state = %(new)s
    WHERE target_list_id = %(list)s AND id = ANY(%(ids)s) AND state = %(old)s
    RETURNING id
)
INSERT INTO campaigns_leadevent (lead_id, old, new, cause, at)
SELECT id, %(old)s, %(new)s, %(cause)s, sanshi_now() FROM moved
"""

_DUE = """
WITH moved AS (
    UPDATE campaigns_lead SET state = %(new)s, due_at = greatest(%(start)s, clears_at)
    WHERE target_list_id = %(list)s AND state = %(old)s
    RETURNING id
)
INSERT INTO campaigns_leadevent (lead_id, old, new, cause, at)
SELECT id, %(old)s, %(new)s, 'approved', sanshi_now() FROM moved
"""
