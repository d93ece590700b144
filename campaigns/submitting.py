"""Submitting a list: freeze its content, hash it, and ask the branch to sign."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.deciding import submit
from audit.recording import record
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.content import content_hash
from campaigns.domain.list_state import ListState
from campaigns.drafting import check
from campaigns.errors import StepRefused, WrongState
from campaigns.freezing import list_parts
from campaigns.models import Campaign, TargetList
from campaigns.reading import subject_of
from live.publishing import publish

#: Campaigns whose lists may still be submitted: a branch that returned its list may come later.
_OPEN = frozenset({CampaignState.SCREENED, CampaignState.RUNNING, CampaignState.PAUSED})


def submit_list(target_list: TargetList, acting_user: User) -> None:
    """Freeze one list and put it in its branch's inbox.

    Raises NotReady (the campaign's definition), WrongState, StepRefused (nobody left to call).
    """
    with transaction.atomic():
        locked = locked_list(target_list.pk)
        campaign = locked.campaign
        if CampaignState(campaign.state) not in _OPEN:
            raise WrongState(campaign.state)
        check(campaign)
        if locked.state != ListState.SCREENED or not locked.counts:
            raise WrongState(locked.state)
        if not locked.counts["eligible"]:
            raise StepRefused("nobody", _("Nobody in this list may be called."))
        frozen = freeze(locked)
        moved = TargetList.objects.filter(pk=locked.pk, state=ListState.SCREENED.value).update(
            state=ListState.SUBMITTED.value, **frozen
        )
        if not moved:
            raise WrongState(locked.state)
        submit(
            subject=subject_of(locked.pk),
            content_hash=frozen["content_hash"],
            maker=acting_user,
            branch=locked.branch,
            title=str(locked),
            expires_at=campaign.ends_at,
        )
        record(
            kind="target_list.submitted",
            actor_id=acting_user.pk,
            subject=subject_of(locked.pk),
            payload={"content_hash": frozen["content_hash"], "eligible": locked.counts["eligible"]},
        )
        publish(f"branch:{locked.branch_id}", "list", {"list": locked.pk})
    target_list.refresh_from_db()


def submit_all(campaign: Campaign, acting_user: User) -> int:
    """Submit every list of the campaign that is screened and has somebody to call; how many."""
    with transaction.atomic():
        waiting = campaign.lists.filter(
            state=ListState.SCREENED.value, counts__eligible__gt=0
        ).order_by("pk")
        for target_list in waiting:
            submit_list(target_list, acting_user)
    return len(waiting)


def freeze(target_list: TargetList) -> dict[str, Any]:
    """The fields of a frozen list: its content hash, and the parts' hashes among the counts."""
    parts = list_parts(target_list)
    signed = {part.value: value for part, value in parts.items()}
    return {
        "content_hash": content_hash(parts),
        "counts": {**target_list.counts, "signed": signed},
    }


def locked_list(list_id: int) -> TargetList:
    return (
        TargetList.objects.select_for_update(of=("self",), no_key=True)
        .select_related("branch", "campaign__product", "campaign__script_version")
        .get(pk=list_id)
    )
