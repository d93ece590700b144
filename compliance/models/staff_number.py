"""Telephones of our own staff that may be rung to try a script."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class StaffNumber(models.Model):
    """One person's telephone. Nothing rings it before it is verified (docs/decisions/006).

    The code is kept as a hash, ends at `code_expires_at`, and allows `tries_left` wrong answers.
    `code_by` is who was shown it: never the owner.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.PROTECT
    )
    e164 = models.CharField(_("number"), max_length=16, unique=True)
    code_hash = models.CharField(max_length=128, blank=True)
    code_expires_at = models.DateTimeField(null=True, blank=True)
    code_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("code shown to"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    tries_left = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    created_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("staff number")
        verbose_name_plural = _("staff numbers")

    def __str__(self) -> str:
        return f"{self.e164[:-8]}****{self.e164[-4:]}"
