"""What must be kept whatever retention or erasure say."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number


class LegalHold(models.Model):
    """Nothing about this person (a customer, or whoever is at a number) may be erased or pruned.

    Holds add up: a person is free when every one of them has been released, each by somebody else
    than who placed it. Read through `compliance.holding.held`.
    """

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )
    case = models.ForeignKey(
        "compliance.Complaint",
        verbose_name=_("case"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="holds",
    )
    reason = models.CharField(_("reason"), max_length=200)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("placed by"),
        on_delete=models.PROTECT,
        related_name="holds_placed",
    )
    placed_at = models.DateTimeField(_("placed"))
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("released by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="holds_released",
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    release_reason = models.CharField(_("why released"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | Q(number__isnull=False),
                name="legal_hold_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("placed_by")),
                name="legal_hold_released_by_another",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False),
                name="legal_hold_released_whole",
            ),
        ]
        indexes = [
            # erasure and pruning: is this person held
            models.Index(
                fields=["customer"],
                condition=Q(released_at__isnull=True),
                name="legal_hold_by_customer",
            ),
            models.Index(
                fields=["number"],
                condition=Q(released_at__isnull=True),
                name="legal_hold_by_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
