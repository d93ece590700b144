"""Campaigns, their lists and their leads."""

from __future__ import annotations

from campaigns.models.campaign import Audience, Campaign
from campaigns.models.lead import Lead, LeadEvent
from campaigns.models.portion import Portion
from campaigns.models.target_list import TargetList
from campaigns.models.what_if import WhatIf

__all__ = ["Audience", "Campaign", "Lead", "LeadEvent", "Portion", "TargetList", "WhatIf"]
