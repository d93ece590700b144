"""Launch the sample campaign and, in a headless run, wait for its end and write its figures."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign
from campaigns.steering import launch
from clock.reading import now
from sandbox.reporting import report
from sandbox.watching import NotSettled, wait_until_settled
from telephony.sandbox_carrier import set_both_clocks


class Command(BaseCommand):
    help = "Launch the sample campaign; wait until every lead is settled; write the figures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--speed", type=float, default=60.0)
        parser.add_argument("--start", type=datetime.fromisoformat, default=None)
        parser.add_argument("--journal", type=Path, default=None)
        parser.add_argument("--json", type=Path, default=None)
        parser.add_argument("--launch-only", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.order_by("pk")[0]
        # nobody wants to wait for the first call: time goes on to the campaign's start, never back
        start = options["start"] or max(campaign.starts_at, now())
        set_both_clocks(sim=start, speed=options["speed"])
        if campaign.state == CampaignState.SCREENED:
            launch(campaign, campaign.maker)
        if options["launch_only"]:
            return
        try:
            wait_until_settled(campaign, say=self.stdout.write)
        except NotSettled as error:
            raise CommandError(str(error)) from error
        figures = report(campaign, journal=options["journal"])
        options["json"].write_text(json.dumps(figures, ensure_ascii=False))
