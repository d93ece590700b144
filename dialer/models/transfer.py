"""A customer brought together with a person."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models import Agent
from campaigns.models import Campaign
from dialer.domain.transfer_state import TransferState
from dialer.models.call import Call


class Transfer(models.Model):
    """One customer handed over, over at most two offers.

    `agent_first`: not the robot hands over, but an agent who is in the room has the customer rung.

    `tried` lists the agents who were offered it; `accepted_early` that the agent accepted while
    the robot still asked. `parks` counts the customer's waiting loops in the call's own time.
    `context` is what the agent sees: who, what was said, what they want.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="transfer")
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.PROTECT)
    state = models.CharField(
        _("state"),
        max_length=14,
        choices=[(s.value, _(s.name.title())) for s in TransferState],
        default=TransferState.RESERVED.value,
    )
    agent = models.ForeignKey(
        Agent,
        verbose_name=_("agent"),
        null=True,
        on_delete=models.PROTECT,
        related_name="transfers",
    )
    reservation_id = models.UUIDField(null=True)
    agent_leg = models.OneToOneField(
        Call, null=True, on_delete=models.PROTECT, related_name="agent_transfer"
    )
    tried = models.JSONField(default=list)
    offers = models.PositiveSmallIntegerField(default=0)
    agent_first = models.BooleanField(default=False)
    parks = models.PositiveSmallIntegerField(default=0)
    accepted_early = models.BooleanField(default=False)
    conference_sid = models.CharField(max_length=34, blank=True)
    customer_in = models.BooleanField(default=False)
    agent_in = models.BooleanField(default=False)
    context = models.JSONField(default=dict)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    reserved_at = models.DateTimeField()
    consented_at = models.DateTimeField(null=True)
    offered_at = models.DateTimeField(null=True)
    #: real time as well: an offer also lives long enough for a browser to answer
    offered_real = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    talk_ended_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    disposition = models.CharField(_("disposition"), max_length=30, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in TransferState]),
                name="transfer_state_known",
            )
        ]
        indexes = [
            # the desk: an agent's live hand-over; the sweeper: what has waited too long
            models.Index(fields=["agent", "state"], name="transfer_by_agent"),
            models.Index(fields=["state", "offered_at"], name="transfer_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class TransferEvent(models.Model):
    """Each change of a hand-over, in the transaction of the change."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="events")
    old = models.CharField(max_length=14)
    new = models.CharField(max_length=14)
    cause = models.CharField(max_length=60)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.transfer_id}: {self.old} → {self.new}"
