"""Maker and checker: one table for lists, packs, scripts, registers and un-suppressions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from approvals.domain.approval_state import ApprovalState


class Approval(models.Model):
    """A maker asks, a checker signs a content hash, and the signature ends at a time.

    `subject` names the thing as "kind:id", so that this app knows none of those above it.
    """

    subject = models.CharField(_("subject"), max_length=80)
    title = models.CharField(_("title"), max_length=200)
    content_hash = models.CharField(_("content hash"), max_length=64)
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), null=True, blank=True, on_delete=models.PROTECT
    )
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("submitted by"),
        on_delete=models.PROTECT,
        related_name="approvals_made",
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approvals_checked",
    )
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=[(s.value, _(s.name.title())) for s in ApprovalState],
        default=ApprovalState.PENDING.value,
    )
    tier = models.PositiveSmallIntegerField(_("tier"), default=1)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("submitted"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ApprovalState]),
                name="approval_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(checker__isnull=True) | ~models.Q(checker=models.F("maker")),
                name="approval_maker_is_not_checker",
            ),
            models.UniqueConstraint(
                fields=["subject", "tier"],
                condition=models.Q(state=ApprovalState.PENDING.value),
                name="approval_one_pending",
            ),
        ]
        indexes = [
            # approvals.reading.in_force: the signature on a subject
            models.Index(fields=["subject", "state"], name="approval_by_subject"),
            # the inbox: what waits for a branch
            models.Index(fields=["branch", "state"], name="approval_by_branch"),
        ]

    def __str__(self) -> str:
        return self.title
