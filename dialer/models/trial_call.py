"""A call to one of our own people, to hear a script."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models import StaffNumber
from dialer.models.call import Call
from robot.models import ScriptVersion


class TrialCall(models.Model):
    """What a test call says, to whom. `version` may be a draft; `variables` fill its lines."""

    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="trial")
    staff_number = models.ForeignKey(StaffNumber, on_delete=models.PROTECT, related_name="calls")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.PROTECT
    )
    version = models.ForeignKey(
        ScriptVersion, verbose_name=_("script version"), on_delete=models.PROTECT
    )
    variables = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("test call")
        verbose_name_plural = _("test calls")

    def __str__(self) -> str:
        return str(self.call_id)
