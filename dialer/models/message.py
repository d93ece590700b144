"""A text message that was promised in a call."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from dialer.domain.message_state import MessageState
from dialer.models.call import Call


class Message(models.Model):
    """At most one a call. `public_id` is the key under which the bank's gateway knows it.

    `template` names the wording at the gateway; `values` fill it. `due_at` is business time (the
    gate may put it off); `retry_at` and `leased_until` are real.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="message")
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT)
    number = models.ForeignKey(Number, verbose_name=_("number"), on_delete=models.PROTECT)
    template = models.CharField(_("template"), max_length=60)
    values = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=[(s.value, _(s.name.title())) for s in MessageState],
        default=MessageState.QUEUED.value,
    )
    cause = models.CharField(_("cause"), max_length=120, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    attempt_id = models.UUIDField(null=True)
    gateway_ref = models.CharField(_("gateway's number"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("promised"))
    due_at = models.DateTimeField(_("due"))
    retry_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("text message")
        verbose_name_plural = _("text messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in MessageState]), name="message_state_known"
            )
        ]
        indexes = [
            # dialer.messaging.due: what is to be sent now
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=[MessageState.QUEUED.value, MessageState.SENDING.value]),
                name="message_open",
            ),
            # the failure page
            models.Index(fields=["state", "-created_at"], name="message_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
