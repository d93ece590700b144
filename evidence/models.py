"""Requests to be forgotten."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer
from evidence.domain.erasure_state import ErasureState


class ErasureRequest(models.Model):
    """A customer wants their personal data erased (PIPL §47). Signed as "erasure:id".

    `erased` counts what was erased, by kind. The row outlives the data: it says when and by whom.
    """

    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT)
    channel = models.CharField(_("received through"), max_length=20)
    received_on = models.DateField(_("received on"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in ErasureState],
        default=ErasureState.REQUESTED.value,
    )
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("entered by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("entered"))
    done_at = models.DateTimeField(_("erased on"), null=True, blank=True)
    erased = models.JSONField(_("what was erased"), default=dict, blank=True)

    class Meta:
        verbose_name = _("erasure request")
        verbose_name_plural = _("erasure requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in ErasureState]), name="erasure_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=ErasureState.DONE.value, done_at__isnull=False)
                | ~Q(state=ErasureState.DONE.value),
                name="erasure_done_has_date",
            ),
            # one at a time; what is done stays done
            models.UniqueConstraint(
                fields=["customer"],
                condition=~Q(state=ErasureState.REFUSED.value),
                name="erasure_once_per_customer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
