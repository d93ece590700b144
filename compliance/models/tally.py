"""What a campaign did in an hour that is over: so that nobody counts it twice."""

from __future__ import annotations

from django.db import models


class CampaignHour(models.Model):
    """The ledger's lines of one campaign and one whole hour, counted (compliance/counting.py).

    A copy, made of the ledger alone; without it the facts statement counts the lines themselves. A
    campaign's hours have no hole: what follows the last of them has not been counted yet.
    """

    pk = models.CompositePrimaryKey("campaign_id", "hour")
    campaign_id = models.BigIntegerField()
    hour = models.DateTimeField()
    connects = models.PositiveIntegerField()
    machines = models.PositiveIntegerField()
    machine_wrong = models.PositiveIntegerField()
    consented = models.PositiveIntegerField()
    conversations = models.PositiveIntegerField()
    abandoned = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.hour:%F %R}"
