"""The bank's other systems that may talk to us, and what they have asked."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiClient(models.Model):
    """One system. Its token is shown once, when it is made; here is only its hash."""

    name = models.CharField(_("system"), max_length=60, unique=True)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=20), verbose_name=_("may"), default=list
    )
    per_minute = models.PositiveIntegerField(_("requests a minute"), default=600)
    active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("bank system")
        verbose_name_plural = _("bank systems")

    def __str__(self) -> str:
        return self.name


class ApiRequest(models.Model):
    """A request that was carried out, by its idempotency key: asked again, it is answered again."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT)
    key = models.CharField(max_length=80)
    asked = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="api_request_once")]

    def __str__(self) -> str:
        return f"{self.client_id}: {self.key}"
