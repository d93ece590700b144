"""Days of the year as the State Council set them, and times in which nobody is called."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.domain.calendar import DayType
from compliance.domain.calendar_state import CalendarState
from compliance.models.product import Product


class CalendarYear(models.Model):
    """One version of a country's year. Immutable: a correction is a new row; one is in force.

    Only what a second person signed comes in force (set-up apart, which brings the shipped years).
    """

    country = models.CharField(_("country"), max_length=2)
    year = models.PositiveSmallIntegerField(_("year"))
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    source = models.CharField(_("source"), max_length=200)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in CalendarState],
        default=CalendarState.WAITING.value,
    )
    in_force = models.BooleanField(_("in force"), default=False)
    installed_at = models.DateTimeField(_("installed"))

    class Meta:
        verbose_name = _("calendar year")
        verbose_name_plural = _("calendar years")
        constraints = [
            models.UniqueConstraint(
                fields=["country", "year"],
                condition=models.Q(in_force=True),
                name="calendar_one_in_force",
            ),
            models.UniqueConstraint(
                fields=["country", "year", "sha256"], name="calendar_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in CalendarState]),
                name="calendar_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(in_force=False) | models.Q(state=CalendarState.APPROVED.value),
                name="calendar_in_force_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.year}"


class CalendarDay(models.Model):
    """A day that differs from plain Monday-to-Friday."""

    year = models.ForeignKey(
        CalendarYear, verbose_name=_("year"), on_delete=models.CASCADE, related_name="days"
    )
    date = models.DateField(_("date"))
    kind = models.CharField(
        _("kind"), max_length=14, choices=[(k.value, _(k.name.title())) for k in DayType]
    )
    name = models.CharField(_("name"), max_length=40, blank=True)
    name_en = models.CharField(_("English name"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["year", "date"], name="calendar_day_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[k.value for k in DayType]),
                name="calendar_day_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.kind}"


class Blackout(models.Model):
    """Nobody is called in [since, until), in a region or everywhere, about a product, a family of
    them, or at all.
    """

    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    region = models.CharField(_("region"), max_length=6, blank=True)
    product_family = models.CharField(_("product family"), max_length=40, blank=True)
    product = models.ForeignKey(
        Product, verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT
    )
    reason = models.CharField(_("reason"), max_length=100)

    class Meta:
        verbose_name = _("blackout")
        verbose_name_plural = _("blackouts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="blackout_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.reason
