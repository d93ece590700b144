"""Single-use exceptions, each with its evidence."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from compliance.domain.facts import ExemptionKind


class Exemption(models.Model):
    """A callback the customer asked for (`promised_at`), or an elder's review or white-listing."""

    kind = models.CharField(
        _("kind"), max_length=16, choices=[(k.value, _(k.name.title())) for k in ExemptionKind]
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="exemptions"
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )
    product_id = models.BigIntegerField(null=True, blank=True)
    campaign_id = models.BigIntegerField(null=True, blank=True)
    promised_at = models.DateTimeField(_("promised for"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[k.value for k in ExemptionKind]),
                name="exemption_kind_known",
            )
        ]
        indexes = [
            # the facts statement: what is still to be used
            models.Index(
                fields=["customer"],
                condition=models.Q(used_at__isnull=True, withdrawn_at__isnull=True),
                name="exemption_unused",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.customer_id}"
