"""A question "what if this version held?", with its answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import ImportBatch, Segment
from campaigns.domain.what_if_state import WhatIfState
from campaigns.models.campaign import Campaign
from compliance.models import PackVersion, Product


class WhatIf(models.Model):
    """A version of a pack against a list at an instant; `result` holds counts only, no customers.

    The list is a campaign's audience, a segment or an import; without a campaign, `product` and
    `actor` say what is asked.
    """

    version = models.ForeignKey(
        PackVersion, verbose_name=_("rule pack version"), on_delete=models.PROTECT
    )
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), null=True, blank=True, on_delete=models.CASCADE
    )
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), null=True, blank=True, on_delete=models.CASCADE
    )
    batch = models.ForeignKey(
        ImportBatch, verbose_name=_("import"), null=True, blank=True, on_delete=models.CASCADE
    )
    product = models.ForeignKey(
        Product, verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT
    )
    actor = models.CharField(_("who speaks"), max_length=10, default="robot")
    at = models.DateTimeField(_("at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in WhatIfState],
        default=WhatIfState.QUEUED.value,
    )
    done = models.PositiveIntegerField(_("judged"), default=0)
    wanted = models.PositiveIntegerField(_("to judge"), default=0)
    result = models.JSONField(_("result"), default=dict, blank=True)
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("what-if")
        verbose_name_plural = _("what-ifs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in WhatIfState]),
                name="what_if_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(campaign__isnull=False)
                | models.Q(segment__isnull=False)
                | models.Q(batch__isnull=False),
                name="what_if_has_a_list",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} × {self.campaign or self.segment or self.batch}"
