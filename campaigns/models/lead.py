"""A customer in a list, and each change of state."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audiences.models import Customer, Number
from campaigns.domain.lead_state import LeadState
from campaigns.models.campaign import Campaign
from campaigns.models.target_list import TargetList


class Lead(models.Model):
    """`codes` are the reasons of the last refusal (first = primary); `clears_at` when it lifts.
    `by_hand`: only a person may call this customer (their age, their wish); an agent comes first.

    `outcome` is the disposition of the last call (robot or telephony), before any transfer;
    `result` what came of the hand-over: connected, callback, abandoned, …
    """

    # that all four exist is checked a statement at a time and not a row at a time (migration 0007):
    # a screening stores a million; the indexes below serve for them. Each is paid for a million
    # times, and nobody looks for the leads of a number
    target_list = models.ForeignKey(
        TargetList,
        on_delete=models.CASCADE,
        related_name="leads",
        db_index=False,
        db_constraint=False,
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.CASCADE,
        related_name="leads",
        db_index=False,
        db_constraint=False,
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    number = models.ForeignKey(
        Number, null=True, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in LeadState],
    )
    codes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40), verbose_name=_("reasons"), default=list, blank=True
    )
    clears_at = models.DateTimeField(_("lifts at"), null=True, blank=True)
    by_hand = models.BooleanField(_("by a person only"), default=False, db_default=False)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(pgettext_lazy("how many", "attempts"), default=0)
    outcome = models.CharField(_("outcome"), max_length=30, blank=True)
    result = models.CharField(_("result"), max_length=30, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in LeadState]), name="lead_state_known"
            ),
            models.UniqueConstraint(fields=["target_list", "customer"], name="lead_once_in_list"),
        ]
        indexes = [
            # dialer.claiming: the next due leads of a campaign, in order
            models.Index(
                fields=["campaign", "due_at", "id"],
                condition=models.Q(state=LeadState.DUE.value),
                name="lead_due",
            ),
            # dialer.by_hand: the few whom only a person may call
            models.Index(
                fields=["campaign", "due_at", "id"],
                condition=models.Q(state=LeadState.DUE.value, by_hand=True),
                name="lead_due_by_hand",
            ),
            # results and the list page: counts by state and outcome
            models.Index(fields=["campaign", "state", "outcome"], name="lead_by_state"),
            models.Index(fields=["customer"], name="lead_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.target_list_id}/{self.customer_id}"


class LeadEvent(models.Model):
    """One change of a lead's state, written in the transaction of the change."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="events")
    old = models.CharField(max_length=10)
    new = models.CharField(max_length=10)
    cause = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        # the page of one lead
        indexes = [models.Index(fields=["lead", "at"], name="lead_event_by_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.old} → {self.new}"
