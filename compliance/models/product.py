"""What is offered, and the numbers we call from."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.language import in_readers_language
from compliance.domain.facts import Operator


class Product(models.Model):
    """A product. `risk_rated` empty = nobody said whether suitability applies: every call blocks.

    Ratings are R1–R5; of the bank's and the issuer's the higher counts. Ages include both ends.
    """

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)
    family = models.CharField(_("family"), max_length=40)
    risk_rated = models.BooleanField(_("risk-rated"), null=True, blank=True)
    risk_rating = models.PositiveSmallIntegerField(_("risk rating"), null=True, blank=True)
    issuer_risk_rating = models.PositiveSmallIntegerField(
        _("issuer's risk rating"), null=True, blank=True
    )
    min_age = models.PositiveSmallIntegerField(_("youngest age"), null=True, blank=True)
    max_age = models.PositiveSmallIntegerField(_("oldest age"), null=True, blank=True)
    by_phone = models.BooleanField(_("may be offered by phone"), default=True)
    on_sale = models.BooleanField(_("on sale"), default=True)
    private = models.BooleanField(_("private product"), default=False)
    min_amount = models.PositiveBigIntegerField(_("least amount (yuan)"), null=True, blank=True)
    recordings_kept_years = models.PositiveSmallIntegerField(
        _("years that recordings are kept"),
        default=20,
        validators=[MinValueValidator(1)],
        help_text=_(
            "Of calls about it; the longest term that any of its rules asks for (insurance: 5, for"
            " terms above a year 10)."
        ),
    )

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(
                condition=(Q(risk_rating__isnull=True) | Q(risk_rating__range=(1, 5)))
                & (Q(issuer_risk_rating__isnull=True) | Q(issuer_risk_rating__range=(1, 5))),
                name="product_risk_r1_r5",
            )
        ]

    def __str__(self) -> str:
        return in_readers_language(self.name, self.name_en)


def marketing_use() -> list[str]:
    """The registered use of a new caller ID."""
    return ["marketing_out"]


class CallerId(models.Model):
    """A number we show. `registered_use` is what it is filed for; caps are values of its own."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    label = models.CharField(_("label"), max_length=60, blank=True)
    registered_use: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40), verbose_name=_("registered use"), default=marketing_use
    )
    region = models.CharField(_("region"), max_length=6, blank=True)
    hourly_cap = models.PositiveIntegerField(_("calls an hour at most"), default=40)
    daily_cap = models.PositiveIntegerField(_("calls a day at most"), default=200)
    active = models.BooleanField(_("active"), default=True)
    route = models.CharField(
        _("route"),
        max_length=20,
        blank=True,
        help_text=_(
            "The trunk or provider it goes out by, by the name in the rules, if some areas may not"
            " be called by it. Empty: the installation's own."
        ),
    )
    operator = models.CharField(
        _("run by"),
        max_length=10,
        choices=[(o.value, _(o.name.title())) for o in Operator],
        default=Operator.OWN.value,
    )

    class Meta:
        verbose_name = _("caller ID")
        verbose_name_plural = _("caller IDs")
        constraints = [
            models.CheckConstraint(
                condition=Q(operator__in=[o.value for o in Operator]),
                name="caller_id_operator_known",
            )
        ]

    def __str__(self) -> str:
        return self.number
