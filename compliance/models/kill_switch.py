"""The switch that stops calling. Read by every decision, without a cache."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class KillSwitch(models.Model):
    """`scope`: all, robot, or campaign:<id>. One row a throw; released by `released_at`."""

    scope = models.CharField(_("scope"), max_length=40, default="all")
    reason = models.CharField(_("reason"), max_length=200)
    thrown_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("thrown by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="switches_thrown",
    )
    thrown_at = models.DateTimeField(_("thrown"))
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("released by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="switches_released",
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("kill switch")
        verbose_name_plural = _("kill switches")
        indexes = [
            # the facts statement
            models.Index(
                fields=["scope"],
                condition=models.Q(released_at__isnull=True),
                name="kill_switch_thrown",
            )
        ]

    def __str__(self) -> str:
        return self.scope
