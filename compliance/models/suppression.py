"""Who may not be called."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from compliance.domain.facts import SuppressionSource
from compliance.models.product import Product
from compliance.models.register import Register


class Suppression(models.Model):
    """A "no", of a customer or of a number. Empty purpose, family, product = all; no expiry = for
    ever.

    `evidence` keeps how we know (call, turn, words, who wrote it down). Never deleted: a second
    person lifts it (`lifted_at`).
    """

    source = models.CharField(
        _("source"),
        max_length=14,
        choices=[(s.value, _(s.name.title())) for s in SuppressionSource],
    )
    via = models.CharField(_("said via"), max_length=20, blank=True)
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )
    register = models.ForeignKey(
        Register, verbose_name=_("register"), null=True, blank=True, on_delete=models.PROTECT
    )
    channel = models.CharField(_("channel"), max_length=12, default="voice", blank=True)
    product_family = models.CharField(_("product family"), max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=12, blank=True)
    product = models.ForeignKey(
        Product, verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT
    )
    since = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)

    class Meta:
        verbose_name = _("do-not-call entry")
        verbose_name_plural = _("do-not-call entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False) ^ Q(number__isnull=False),
                name="suppression_of_customer_or_number",
            ),
            models.CheckConstraint(
                condition=Q(source__in=[s.value for s in SuppressionSource]),
                name="suppression_source_known",
            ),
        ]
        indexes = [
            # the facts statement
            models.Index(
                fields=["customer"],
                condition=Q(lifted_at__isnull=True),
                name="suppression_by_customer",
            ),
            models.Index(
                fields=["number"], condition=Q(lifted_at__isnull=True), name="suppression_by_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.since:%F}"
