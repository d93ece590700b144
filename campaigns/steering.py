"""Steps of a campaign: screen, launch, pause, resume, stop. Each is audited.

Other processes read the row: a paused campaign places no further call within 2 s (the gate
re-reads the state for every dial), and the leads of an ended one are expired by the dialer.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.deciding import withdraw
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval
from audit.recording import record
from campaigns.domain.campaign_state import TRANSITIONS, CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.drafting import check
from campaigns.errors import StepRefused, WrongState
from campaigns.jobs import enqueue_screening
from campaigns.models import Campaign, TargetList
from campaigns.reading import subject_of
from campaigns.screening import LIVE_LISTS, plan_list
from clock.reading import now as clock_now
from live.publishing import publish

#: why a campaign is a draft again
CANCELLED = "screening_cancelled"


def start_screening(campaign: Campaign, acting_user: User) -> None:
    """Screen the audience anew: older lists are superseded and their signatures withdrawn.

    On a campaign that is already SCREENING it goes on where the work stopped. Raises NotReady,
    WrongState.
    """
    with transaction.atomic():
        locked = _locked(campaign)
        check(locked)
        if locked.state != CampaignState.SCREENING:
            _move(locked, CampaignState.SCREENING, acting_user, "screening_started")
            _supersede(locked.lists.all(), acting_user)
        enqueue_screening(locked.pk)
    campaign.refresh_from_db()


def cancel_screening(campaign: Campaign, acting_user: User) -> None:
    """Break a screening off: back to draft. What was screened so far is replaced the next time.

    A worker that is at a portion finishes it, and takes no other. Raises WrongState.
    """
    with transaction.atomic():
        locked = _locked(campaign)
        _move(locked, CampaignState.DRAFT, acting_user, "screening_cancelled", cause=CANCELLED)
        _supersede(locked.lists.all(), acting_user)
    campaign.refresh_from_db()


def screen_again(target_list: TargetList, acting_user: User) -> TargetList:
    """A new version of one branch's list, after it was returned or its signature became void.

    Raises WrongState for a list that was already superseded, or while all are being screened.
    """
    with transaction.atomic():
        campaign = _locked(target_list.campaign)
        if campaign.state in {CampaignState.SCREENING, CampaignState.DRAFT, CampaignState.ENDED}:
            raise WrongState(campaign.state)
        check(campaign)
        if not _supersede(campaign.lists.filter(pk=target_list.pk), acting_user):
            raise WrongState(target_list.state)
        fresh = TargetList.objects.create(
            campaign=campaign,
            branch_id=target_list.branch_id,
            version=target_list.version + 1,
            screened_at=clock_now(),
        )
        _audit(campaign, acting_user, "list_screened_again", {"old": target_list.pk})
        plan_list(fresh)
        enqueue_screening(campaign.pk)
    return fresh


def launch(campaign: Campaign, acting_user: User) -> None:
    """Start a screened campaign; at least one branch has signed, others start as they sign."""
    with transaction.atomic():
        locked = _locked(campaign)
        check(locked)
        if not locked.lists.filter(state=ListState.APPROVED.value).exists():
            raise StepRefused("no_approval", _("No branch has approved its list yet."))
        if clock_now() >= locked.ends_at:
            raise StepRefused("over", _("The campaign's last day has passed."))
        _move(locked, CampaignState.RUNNING, acting_user, "launched", only={CampaignState.SCREENED})
    campaign.refresh_from_db()


def pause(campaign: Campaign, acting_user: User | None, cause: str) -> None:
    """Stop dialling at once; calls under way end by themselves. `acting_user` None = a guard."""
    with transaction.atomic():
        locked = _locked(campaign)
        _move(locked, CampaignState.PAUSED, acting_user, "paused", cause=cause)
    campaign.refresh_from_db()


def resume(campaign: Campaign, acting_user: User) -> None:
    """Go on dialling a paused campaign."""
    with transaction.atomic():
        locked = _locked(campaign)
        check(locked)
        _move(locked, CampaignState.RUNNING, acting_user, "resumed", only={CampaignState.PAUSED})
    campaign.refresh_from_db()


def stop(campaign: Campaign, acting_user: User | None) -> None:
    """End the campaign for good; the dialer expires its open leads."""
    with transaction.atomic():
        locked = _locked(campaign)
        _move(locked, CampaignState.ENDED, acting_user, "stopped")
        # what nobody signed needs no signature any more
        _withdraw(
            [
                subject_of(pk)
                for pk in locked.lists.filter(state=ListState.SUBMITTED.value).values_list(
                    "pk", flat=True
                )
            ],
            acting_user,
        )
    campaign.refresh_from_db()


def _locked(campaign: Campaign) -> Campaign:
    return (
        Campaign.objects.select_for_update(of=("self",), no_key=True)
        .select_related("product", "script_version", "team")
        .get(pk=campaign.pk)
    )


def _move(
    campaign: Campaign,
    new: CampaignState,
    acting_user: User | None,
    step: str,
    *,
    cause: str = "",
    only: set[CampaignState] | None = None,
) -> None:
    """Change the state by the table, with its audit entry. Raises WrongState."""
    old = CampaignState(campaign.state)
    if new not in TRANSITIONS[old] or (only is not None and old not in only):
        raise WrongState(old.value)
    changed = Campaign.objects.filter(pk=campaign.pk, state=old.value).update(
        state=new.value, pause_cause=cause[:60]
    )
    if not changed:
        raise WrongState(old.value)
    campaign.state = new.value
    _audit(campaign, acting_user, step, {"old": old.value, "new": new.value, "cause": cause})
    for channel in (f"campaign:{campaign.pk}", "wall"):
        publish(channel, "campaign", {"campaign": campaign.pk, "state": new.value})


def _audit(
    campaign: Campaign, acting_user: User | None, step: str, payload: dict[str, Any]
) -> None:
    record(
        kind=f"campaign.{step}",
        actor_id=None if acting_user is None else acting_user.pk,
        subject=f"campaign:{campaign.pk}",
        payload=payload,
    )


def _supersede(lists: Any, acting_user: User | None) -> int:
    """Every live list among these is superseded; its open or given signature is withdrawn."""
    live = lists.filter(state__in=[state.value for state in LIVE_LISTS])
    ids = list(live.values_list("pk", flat=True))
    _withdraw([subject_of(pk) for pk in ids], acting_user)
    with connection.cursor() as cursor:
        cursor.execute(
            _EXPIRE_DUE,
            {"lists": ids, "old": LeadState.DUE.value, "new": LeadState.EXPIRED.value},
        )
    return TargetList.objects.filter(
        pk__in=ids, state__in=[state.value for state in LIVE_LISTS]
    ).update(state=ListState.SUPERSEDED.value)


#: nobody may dial from a list that was replaced (the gate refuses it too)
_EXPIRE_DUE = """
WITH moved AS (
    UPDATE campaigns_lead SET state = %(new)s, settled_at = sanshi_now()
    WHERE target_list_id = ANY(%(lists)s) AND state = %(old)s
    RETURNING id
)
INSERT INTO campaigns_leadevent (lead_id, old, new, cause, at)
SELECT id, %(old)s, %(new)s, 'superseded', sanshi_now() FROM moved
"""


def _withdraw(subjects: list[str], acting_user: User | None) -> None:
    held = Approval.objects.filter(
        subject__in=subjects,
        state__in=[ApprovalState.PENDING.value, ApprovalState.APPROVED.value],
    )
    for approval in held:
        withdraw(approval=approval, actor=acting_user, reason="superseded")
