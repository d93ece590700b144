"""May we call this customer now, for each campaign that runs or is ready to: a dry run.

What the dialer would say of campaign, script and signature is read here in the same way
(`campaigns.reading`), so that the answer is the gate's but for what only a dial brings with it: the
chosen caller ID (here the campaign's first) and the lead's being claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Lead, TargetList
from campaigns.reading import dial_permission, is_profiled, is_running
from compliance.asking import Answer, ask
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.models import CallerId
from robot.domain.versions import VersionState

#: What may place calls now, or as soon as somebody says so.
ASKED = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCREENED)
#: More campaigns at once than this are not asked for; the newest are.
AT_MOST = 40


@dataclass(frozen=True, slots=True)
class CampaignAnswer:
    """One campaign's answers, robot and person on each number; `lead` None = on none of its lists.

    An error instead of answers: the facts could not be read, so nobody is called.
    """

    campaign: Campaign
    lead: Lead | None
    answers: tuple[Answer, ...]

    @property
    def open_for(self) -> frozenset[Actor]:
        """Who may call now, on at least one number."""
        return frozenset(a.actor for a in self.answers if a.decision.allowed)

    @property
    def earliest(self) -> datetime | None:
        """The first instant at which somebody may call, facts unchanged."""
        known = [a.decision.earliest_next for a in self.answers if a.decision.earliest_next]
        return min(known, default=None)


def for_customer(
    customer_id: int,
    number_ids: Sequence[int],
    now: datetime,
    *,
    listed_in: Collection[int] | None = None,
) -> list[CampaignAnswer]:
    """The answers, running campaigns first.

    `listed_in`: only campaigns with a list of one of these branches (None = every campaign).
    """
    campaigns = Campaign.objects.filter(state__in=[state.value for state in ASKED])
    if listed_in is not None:
        lists = TargetList.objects.filter(branch_id__in=listed_in).exclude(content_hash="")
        campaigns = campaigns.filter(pk__in=lists.values("campaign_id"))
    ready = campaigns.select_related("product", "script_version__script", "audience")
    rows = list(ready.order_by("-pk")[:AT_MOST])
    leads = _leads(customer_id, [campaign.pk for campaign in rows])
    lines = _caller_ids([campaign.pk for campaign in rows])
    found = [
        CampaignAnswer(
            campaign,
            lead := leads.get(campaign.pk),
            tuple(
                ask(
                    customer_id,
                    number_ids,
                    wish_of(campaign, lead, lines.get(campaign.pk), now),
                    since=now,
                )
            )
            if number_ids
            else (),
        )
        for campaign in rows
    ]
    return sorted(found, key=lambda one: ASKED.index(CampaignState(one.campaign.state)))


def wish_of(
    campaign: Campaign, lead: Lead | None, caller_id_id: int | None, now: datetime
) -> Intent:
    """What the dialer would want for this campaign, nobody's number chosen yet."""
    permission = dial_permission(lead.pk, now) if lead is not None else None
    return Intent(
        purpose=Purpose(campaign.purpose),
        actor=Actor.ROBOT,
        kind=DialKind.ROBOT,
        product_id=campaign.product_id,
        campaign_id=campaign.pk,
        lead_id=lead.pk if lead is not None else None,
        caller_id_id=caller_id_id,
        carrier=settings.CARRIER,
        script_approved=campaign.script_version.state == VersionState.PUBLISHED,
        campaign_running=is_running(campaign, now),
        approval_in_force=permission is not None and permission.approval_in_force,
        campaign_limits=campaign.limits or None,
        profiled=is_profiled(campaign),
    )


def _leads(customer_id: int, campaign_ids: list[int]) -> dict[int, Lead]:
    """The customer's lead in each campaign's newest list."""
    rows = (
        Lead.objects.filter(customer_id=customer_id, campaign_id__in=campaign_ids)
        .exclude(target_list__state=ListState.SUPERSEDED.value)
        .select_related("target_list", "number")
        .order_by("pk")
    )
    return {lead.campaign_id: lead for lead in rows}


def _caller_ids(campaign_ids: list[int]) -> dict[int, int]:
    """An active caller ID of each campaign."""
    through = Campaign.caller_ids.through._default_manager
    active = CallerId.objects.filter(active=True).values("pk")
    rows = through.filter(campaign_id__in=campaign_ids, callerid_id__in=active)
    return dict(rows.order_by("-callerid_id").values_list("campaign_id", "callerid_id"))
