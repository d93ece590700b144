"""States and parts as people read them, and the colour of their badge."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals.domain.approval_state import ApprovalState
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.content import Part
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState

CAMPAIGN: dict[str, tuple[str | Promise, str]] = {
    CampaignState.DRAFT: (_("Draft"), ""),
    CampaignState.SCREENING: (_("Being screened"), "info"),
    CampaignState.SCREENED: (_("Screened"), "info"),
    CampaignState.RUNNING: (_("Running"), "ok"),
    CampaignState.PAUSED: (_("Paused"), "warn"),
    CampaignState.ENDED: (_("Ended"), ""),
}

LIST: dict[str, tuple[str | Promise, str]] = {
    ListState.SCREENED: (_("Screened"), "info"),
    ListState.SUBMITTED: (_("Waits for approval"), "warn"),
    ListState.APPROVED: (_("Approved"), "ok"),
    ListState.RETURNED: (_("Returned"), "bad"),
    ListState.SUPERSEDED: (_("Replaced"), ""),
}

LEAD: dict[str, str | Promise] = {
    LeadState.LISTED: _("Listed"),
    LeadState.BLOCKED: _("Not callable"),
    LeadState.EXCLUDED: _("Taken out"),
    LeadState.DUE: _("Due"),
    LeadState.CALLING: _("Being called"),
    LeadState.SETTLED: _("Settled"),
    LeadState.EXPIRED: _("Expired"),
}

APPROVAL: dict[str, str | Promise] = {
    ApprovalState.PENDING: _("Waits for approval"),
    ApprovalState.APPROVED: _("Approved"),
    ApprovalState.RETURNED: _("Returned"),
    ApprovalState.WITHDRAWN: _("Renewed or withdrawn"),
    ApprovalState.EXPIRED: _("Ran out"),
}

PART: dict[str, str | Promise] = {
    Part.PEOPLE: _("people"),
    Part.WORDS: _("words"),
    Part.PRODUCT: _("product"),
    Part.LIMITS: _("limits"),
    Part.WINDOW: _("time span"),
    Part.CALLER_IDS: _("caller IDs"),
}

#: causes that are codes; whatever else stands there was written by a person and is shown as it is
_CAUSES: dict[str, str | Promise] = {
    "audience_empty": _("Screening found nobody in the audience."),
    "screening_cancelled": _("The screening was broken off."),
    "abandonment": _("Too many customers who agreed to be handed over met nobody."),
    "complaints": _("Too many complaints."),
    "carrier": _("The carrier is failing."),
}


def cause(text: str) -> str:
    """Why a campaign is paused or back in draft, in words."""
    return str(_CAUSES.get(text, text))
