"""A branch's part of a campaign's audience, frozen for approval."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from campaigns.domain.list_state import ListState
from campaigns.models.campaign import Campaign


class TargetList(models.Model):
    """One list a branch and version. `content_hash` covers people, words, product and limits.

    `counts`: {"listed": n, "eligible": n, "blocked": {code: n}} as screened.
    """

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="lists"
    )
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.PROTECT)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=[(s.value, _(s.name.title())) for s in ListState],
        default=ListState.SCREENED.value,
    )
    content_hash = models.CharField(_("content hash"), max_length=64, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    screened_at = models.DateTimeField(_("screened"))
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)

    class Meta:
        verbose_name = _("target list")
        verbose_name_plural = _("target lists")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ListState]), name="list_state_known"
            ),
            models.UniqueConstraint(
                fields=["campaign", "branch", "version"], name="list_one_per_branch_and_version"
            ),
        ]
        # a branch's inbox
        indexes = [models.Index(fields=["branch", "state"], name="list_by_branch")]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.branch} · v{self.version}"
