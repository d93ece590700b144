"""That two customers turned out to be one person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer


class CustomerMerge(models.Model):
    """One merge, for good: `gone` is `kept` from now on (compliance/merging.py)."""

    kept = models.ForeignKey(
        Customer, verbose_name=_("customer kept"), on_delete=models.PROTECT, related_name="+"
    )
    gone = models.OneToOneField(
        Customer, verbose_name=_("customer given up"), on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(
        _("reason"),
        max_length=200,
        help_text=_("How the bank knows that both are one person. A merge cannot be undone."),
    )
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("made by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    at = models.DateTimeField(_("merged"))

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kept=models.F("gone")), name="customer_merge_of_two"
            )
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"
