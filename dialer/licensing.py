"""What a person must be licensed for to talk about a campaign's product."""

from __future__ import annotations

from datetime import datetime

from campaigns.models import Campaign
from compliance import packs


def needed(campaign: Campaign, at: datetime) -> list[str]:
    """The licences that the packs in force ask for; most products need none."""
    return sorted(packs.in_force(at).licences_for(campaign.product.family))
