"""A callback that was promised to a customer."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from campaigns.models import Campaign
from dialer.models.call import Call


class CallbackState(StrEnum):
    """BOOKED until called (DONE), withdrawn by the customer (CANCELLED) or overdue (EXPIRED)."""

    BOOKED = "booked"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Callback(models.Model):
    """Who is to be called back, when, and the words that asked for it (`evidence`)."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    number = models.ForeignKey(Number, on_delete=models.PROTECT)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="callbacks")
    promised_at = models.DateTimeField(_("promised for"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in CallbackState],
        default=CallbackState.BOOKED.value,
    )
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("booked"))

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in CallbackState]),
                name="callback_state_known",
            )
        ]
        # the desk's list of what is promised
        indexes = [models.Index(fields=["state", "promised_at"], name="callback_due")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.promised_at:%F %R}"
