"""What the dialer re-reads inside the gate's transaction: may this lead be dialled as signed?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Model, OuterRef, Subquery
from django.db.models.expressions import BaseExpression

from approvals.reading import in_force
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.content import Part, content_hash
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.freezing import campaign_parts, list_parts, signed_parts
from campaigns.models import Audience, Campaign, Lead, TargetList
from clock.reading import now as clock_now
from robot.domain.versions import VersionState


@dataclass(frozen=True, slots=True)
class DialPermission:
    """What campaigns knows about one lead at one instant; the gate decides the rest."""

    lead_id: int
    lead_state: LeadState
    target_list_id: int
    campaign_id: int
    customer_id: int
    number_id: int | None
    product_id: int
    script_version_id: int
    team_id: int
    purpose: str
    campaign_running: bool
    approval_in_force: bool
    script_approved: bool
    campaign_limits: dict[str, Any] | None
    retry_plan: dict[str, Any]
    variables: dict[str, Any]
    #: the audience was chosen by an automated decision about persons
    profiled: bool = False
    ring_timeout_s: int | None = None


def dial_permission(lead_id: int, now: datetime | None = None) -> DialPermission | None:
    """The lead, its campaign, its list and signature as they are now; None for no such lead.

    Two queries (a third reads the clock when `now` is not given).
    """
    lead = (
        Lead.objects.filter(pk=lead_id)
        .select_related(
            "target_list",
            "campaign__product",
            "campaign__script_version",
            "campaign__audience",
        )
        .annotate(caller_numbers=_caller_numbers())
        .first()
    )
    if lead is None:
        return None
    at = clock_now() if now is None else now
    campaign = lead.campaign
    return DialPermission(
        lead_id=lead.pk,
        lead_state=LeadState(lead.state),
        target_list_id=lead.target_list_id,
        campaign_id=campaign.pk,
        customer_id=lead.customer_id,
        number_id=lead.number_id,
        product_id=campaign.product_id,
        script_version_id=campaign.script_version_id,
        team_id=campaign.team_id,
        purpose=campaign.purpose,
        campaign_running=is_running(campaign, at),
        approval_in_force=_signature_holds(lead.target_list, campaign, lead.caller_numbers, at),
        script_approved=campaign.script_version.state == VersionState.PUBLISHED,
        campaign_limits=campaign.limits or None,
        retry_plan=campaign.retry_plan,
        variables=campaign.variables,
        profiled=is_profiled(campaign),
        ring_timeout_s=campaign.ring_timeout_s,
    )


def is_running(campaign: Campaign, now: datetime) -> bool:
    """Whether the campaign runs at this instant: its state, and its span (half-open)."""
    return campaign.state == CampaignState.RUNNING and campaign.starts_at <= now < campaign.ends_at


def is_profiled(campaign: Campaign) -> bool:
    """Whether an automated decision about persons chose the audience (everybody: none did)."""
    audience: Audience | None = getattr(campaign, "audience", None)
    return audience is not None and audience.automated


def approval_in_force(target_list: TargetList, now: datetime) -> bool:
    """Whether the branch's signature holds now: made, not expired, and on this very content."""
    numbers = list(target_list.campaign.caller_ids.values_list("number", flat=True))
    return _signature_holds(target_list, target_list.campaign, numbers, now)


def void_parts(target_list: TargetList) -> tuple[Part, ...]:
    """The parts that changed since the list was frozen; empty when none did or it never was."""
    signed = signed_parts(target_list)
    if not signed:
        return ()
    now = list_parts(target_list, people=signed[Part.PEOPLE])
    return tuple(part for part in Part if signed.get(part) != now[part])


def _signature_holds(
    target_list: TargetList, campaign: Campaign, caller_numbers: list[str], now: datetime
) -> bool:
    if target_list.state != ListState.APPROVED or not target_list.content_hash:
        return False
    people = signed_parts(target_list).get(Part.PEOPLE, "")
    parts = {Part.PEOPLE: people, **campaign_parts(campaign, caller_numbers)}
    if content_hash(parts) != target_list.content_hash:
        return False
    return in_force(subject_of(target_list.pk), target_list.content_hash, now) is not None


def subject_of(target_list_id: int) -> str:
    """How approvals names a list."""
    return f"target_list:{target_list_id}"


def _caller_numbers() -> BaseExpression:
    through: type[Model] = Campaign.caller_ids.through
    numbers = (
        through._default_manager.filter(campaign_id=OuterRef("campaign_id"))
        .order_by()
        .values("campaign_id")
        .annotate(numbers=ArrayAgg("callerid__number", default=[]))
        .values("numbers")
    )
    return Subquery(numbers)
