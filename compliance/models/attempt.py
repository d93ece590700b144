"""A permission to place one call."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from compliance.domain.attempt_state import LIVE, AttemptState
from compliance.domain.intent import Actor, DialKind, Purpose
from compliance.models.staff_number import StaffNumber

_LIVE = sorted(state.value for state in LIVE)


class Attempt(models.Model):
    """Given by the gate alone. Counts from its first moment; released only if never placed.

    `valid_until` (business time): place the call by then or release the attempt.
    `cancel_wanted_at`: the customer said no meanwhile; the dialer hangs up within a second.
    `campaign_id`, `lead_id` are ids: campaigns stand above this app.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(
        _("purpose"), max_length=12, choices=[(p.value, _(p.name.title())) for p in Purpose]
    )
    actor = models.CharField(
        _("caller"), max_length=8, choices=[(a.value, _(a.name.title())) for a in Actor]
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=[(k.value, _(k.name.title())) for k in DialKind]
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, on_delete=models.PROTECT
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, on_delete=models.PROTECT
    )
    household = models.CharField(max_length=40, blank=True)
    campaign_id = models.BigIntegerField(null=True)
    lead_id = models.BigIntegerField(null=True)
    product_id = models.BigIntegerField(null=True)
    caller_id_id = models.BigIntegerField(null=True)
    #: a test call rings one of our own people, no customer
    staff_number = models.ForeignKey(
        StaffNumber, null=True, on_delete=models.PROTECT, related_name="attempts"
    )
    idempotency_key = models.CharField(max_length=80, unique=True)
    sid = models.CharField(_("SID"), max_length=34, null=True, unique=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in AttemptState],
        default=AttemptState.RESERVED.value,
    )
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    decision_id = models.BigIntegerField(null=True)
    exemption_id = models.BigIntegerField(null=True)
    reserved_at = models.DateTimeField(_("reserved"))
    valid_until = models.DateTimeField(_("valid until"))
    cancel_wanted_at = models.DateTimeField(_("to be cancelled since"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in AttemptState]),
                name="attempt_state_known",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=models.Q(state__in=_LIVE),
                name="attempt_one_live_per_customer",
            ),
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(state__in=_LIVE),
                name="attempt_one_live_per_number",
            ),
        ]
        indexes = [
            # the dialer: what must be hung up because the customer said no
            models.Index(
                fields=["cancel_wanted_at"],
                condition=models.Q(state__in=_LIVE, cancel_wanted_at__isnull=False),
                name="attempt_cancel_wanted",
            ),
            # the sweeper: permissions that were given and never used
            models.Index(
                fields=["valid_until"],
                condition=models.Q(state=AttemptState.RESERVED.value),
                name="attempt_unused",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
