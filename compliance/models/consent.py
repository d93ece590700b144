"""What customers allowed, and what they asked for."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number


class Consent(models.Model):
    """A "yes" to a channel, a purpose and a family of products (empty = every family).

    `number`: given for this number alone; empty = for every number of the customer.
    """

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="consents"
    )
    channel = models.CharField(_("channel"), max_length=12, default="voice")
    purpose = models.CharField(_("purpose"), max_length=12, default="marketing")
    product_family = models.CharField(_("product family"), max_length=40, blank=True)
    basis = models.CharField(_("basis"), max_length=40, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    granted_at = models.DateTimeField(_("granted"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    profiling_ok = models.BooleanField(_("may be profiled"), default=True)
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.product_family or '*'} {self.granted_at:%F}"


class Preference(models.Model):
    """A wish narrower than "never", with the words that asked for it. It only tightens.

    `hours` are [start, end) in minutes after midnight where the customer lives; weekdays 0–6 from
    Monday.
    """

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="preferences"
    )
    no_robot = models.BooleanField(_("no robot"), default=False)
    weekdays: ArrayField[list[int], list[int]] = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("weekdays"), default=list, blank=True
    )
    hours = models.JSONField(_("hours"), default=list, blank=True)
    families_refused: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40), verbose_name=_("not about"), default=list, blank=True
    )
    conversations_per_year = models.PositiveSmallIntegerField(
        _("conversations a year at most"), null=True, blank=True
    )
    conversations_per_month = models.PositiveSmallIntegerField(
        _("conversations a month at most"), null=True, blank=True
    )
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.since:%F}"
