"""A callback that was promised to a customer."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audiences.models import Customer, Number
from campaigns.models import Campaign, Lead
from dialer.domain.callback_state import OPEN, CallbackState
from dialer.models.call import Call

_OPEN = sorted(state.value for state in OPEN)


class Callback(models.Model):
    """Who is to be called back, when, and the words that asked for it (`evidence`).

    `call` is the one in which it was promised, `lead` the customer's place in the campaign's list.
    `due_at` is `promised_at` until nobody answers or the gate says "not now"; `codes` are the
    gate's last reasons.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    number = models.ForeignKey(Number, on_delete=models.PROTECT)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="callbacks")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.PROTECT, related_name="callbacks")
    promised_at = models.DateTimeField(_("promised for"))
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in CallbackState],
        default=CallbackState.BOOKED.value,
    )
    attempts = models.PositiveSmallIntegerField(pgettext_lazy("how many", "attempts"), default=0)
    codes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40), verbose_name=_("reasons"), default=list, blank=True
    )
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("booked"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in CallbackState]),
                name="callback_state_known",
            ),
            models.UniqueConstraint(
                fields=["customer", "campaign"],
                condition=models.Q(state__in=_OPEN),
                name="callback_one_open",
            ),
        ]
        indexes = [
            # the desk's list of what is promised
            models.Index(fields=["state", "promised_at"], name="callback_due"),
            # the leader: what is due; and whose customer said no
            models.Index(
                fields=["due_at"], condition=models.Q(state__in=_OPEN), name="callback_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.promised_at:%F %R}"
