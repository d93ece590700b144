"""A portion of an audience, screened by one worker at a time."""

from __future__ import annotations

from django.db import models

from campaigns.models.campaign import Campaign
from campaigns.models.target_list import TargetList


class Portion(models.Model):
    """The customers with `first_id` ≤ id < `until_id` of a campaign's audience, whatever branch.

    `target_list`: of one list alone, which is screened again; else of all lists of the campaign.
    A portion is done or not at all: its leads and its `tallies` (list id → counts) with the legal
    `basis` of every code are written in one transaction, under its row's lock. It is deleted when
    the lists have their counts.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="portions")
    target_list = models.ForeignKey(
        TargetList, null=True, on_delete=models.CASCADE, related_name="portions"
    )
    first_id = models.BigIntegerField()
    until_id = models.BigIntegerField()
    customers = models.PositiveIntegerField()
    #: real time
    planned_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    tallies = models.JSONField(default=dict)
    basis = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "target_list", "first_id"],
                name="portion_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.first_id}–{self.until_id}"
