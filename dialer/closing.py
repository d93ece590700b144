"""The end of a campaign: nothing left to do, or its time is over; its open leads expire."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from campaigns import steering
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.errors import WrongState
from campaigns.models import Campaign, Lead, LeadEvent
from dialer.domain.callback_state import OPEN
from dialer.models import Callback

_UNFINISHED = [CampaignState.RUNNING.value, CampaignState.PAUSED.value]
_WAITING = [LeadState.LISTED.value, LeadState.DUE.value]
_OWED = [state.value for state in OPEN]
#: Leads expired in one transaction.
_BATCH = 2000


def end_finished(now: datetime) -> int:
    """End campaigns whose time is over, and running ones whose every lead is settled.

    A list that waits for its signature keeps a campaign open, and so does a callback that is owed;
    a superseded list does not.
    """
    open_leads = Lead.objects.filter(campaign=OuterRef("pk")).filter(
        Q(state__in=[LeadState.DUE.value, LeadState.CALLING.value])
        | Q(state=LeadState.LISTED.value) & ~Q(target_list__state=ListState.SUPERSEDED.value)
    )
    over = Q(state__in=_UNFINISHED, ends_at__lte=now)
    owed = Callback.objects.filter(campaign=OuterRef("pk"), state__in=_OWED)
    done = Q(state=CampaignState.RUNNING.value) & ~Exists(open_leads) & ~Exists(owed)
    ended = 0
    for campaign in Campaign.objects.filter(over | done):
        try:
            steering.stop(campaign, None)
        except WrongState:
            continue  # somebody was faster
        ended += 1
    return ended


@transaction.atomic
def expire_leads(campaign_ids: list[int], now: datetime) -> int:
    """Expire waiting leads of ended campaigns, a batch at a time; returns how many."""
    waiting = (
        Lead.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(campaign_id__in=campaign_ids, state__in=_WAITING)
        .order_by("pk")
        .values_list("pk", "state")
    )
    found = list(waiting[:_BATCH])
    Lead.objects.filter(pk__in=[pk for pk, _ in found]).update(
        state=LeadState.EXPIRED.value, settled_at=now
    )
    LeadEvent.objects.bulk_create(
        LeadEvent(lead_id=pk, old=old, new=LeadState.EXPIRED.value, cause="campaign_ended", at=now)
        for pk, old in found
    )
    return len(found)


def ended_with_waiting_leads(drained: set[int]) -> list[int]:
    """Ended campaigns that still have waiting leads; those with no open lead join `drained`.

    A campaign whose last calls are under way is looked at again: a lead of theirs may come back.
    """
    ended = Campaign.objects.filter(state=CampaignState.ENDED.value).exclude(pk__in=drained)
    leads = Lead.objects.filter(campaign=OuterRef("pk"))
    found = ended.annotate(
        waiting=Exists(leads.filter(state__in=_WAITING)),
        calling=Exists(leads.filter(state=LeadState.CALLING.value)),
    ).values_list("pk", "waiting", "calling")
    rows = list(found)
    drained.update(pk for pk, waiting, calling in rows if not waiting and not calling)
    return sorted(pk for pk, waiting, _ in rows if waiting)
