"""Requests to end a "no"."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.suppression import Suppression


class LiftRequest(models.Model):
    """Somebody asks that a "no" ends, with a reason and its evidence; another person signs it.

    `entries`: all that was written down with it (of the person and of the number). The decision is
    the approval's "unsuppression:<id>"; `closed_at` once there is one.
    """

    suppression = models.ForeignKey(
        Suppression, verbose_name=_("do-not-call entry"), on_delete=models.PROTECT
    )
    entries: ArrayField[list[int], list[int]] = ArrayField(models.BigIntegerField())
    reason = models.CharField(_("reason"), max_length=300)
    evidence = models.CharField(_("evidence"), max_length=300)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("submitted by"), on_delete=models.PROTECT
    )
    created_at = models.DateTimeField(_("submitted"))
    closed_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("request to lift")
        verbose_name_plural = _("requests to lift")
        constraints = [
            models.UniqueConstraint(
                fields=["suppression"],
                condition=models.Q(closed_at__isnull=True),
                name="lift_one_open_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.suppression_id} {self.created_at:%F}"
