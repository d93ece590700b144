"""Complaints: each is also a do-not-call entry; the handling of cases grows from here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number


class Complaint(models.Model):
    """What somebody complained of, and where (12378, 12321, 12345, branch, call)."""

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )
    channel = models.CharField(_("channel"), max_length=20)
    text = models.TextField(_("text"), blank=True)
    campaign_id = models.BigIntegerField(null=True, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    created_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        # the pressure view and the campaign's guard: complaints of a campaign in time
        indexes = [models.Index(fields=["campaign_id", "created_at"], name="complaint_by_campaign")]

    def __str__(self) -> str:
        return f"{self.channel} {self.created_at:%F}"
