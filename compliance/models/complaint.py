"""Complaints as cases: each is also a do-not-call entry, and has a handler, terms and a cause."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from audiences.models import Customer, Number
from compliance.domain.case_state import OPEN, CaseState, Cause
from compliance.models.product import Product
from robot.models import ScriptVersion


class Complaint(models.Model):
    """What somebody complained of, and where (`channel`: 12378, 12321, 12345, branch, a call).

    `number` may belong to nobody we know. `complained_of` holds the user ids that may not handle
    it; `call_ref` the public id of the call it is about (the dialer stands above this app). `owner`
    is whoever the cause went to, `remedy` what they did about it. `term_from`: from when the term
    of its answer counts, the receipt or the last reopening.
    """

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT
    )
    number = models.ForeignKey(
        Number, verbose_name=_("number"), null=True, blank=True, on_delete=models.PROTECT
    )
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), null=True, blank=True, on_delete=models.PROTECT
    )
    channel = models.CharField(_("channel"), max_length=20)
    reference = models.CharField(_("reference"), max_length=40, blank=True)
    text = models.TextField(_("text"), blank=True)
    campaign_id = models.BigIntegerField(null=True, blank=True)
    call_ref = models.UUIDField(_("call"), null=True, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in CaseState],
        default=CaseState.OPENED.value,
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("opened by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cases_opened",
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("handler"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cases_handled",
    )
    complained_of: ArrayField[list[int], list[int]] = ArrayField(
        models.BigIntegerField(), default=list, blank=True
    )
    created_at = models.DateTimeField(_("received"))
    forward_due_at = models.DateTimeField(_("to be handed on by"), null=True, blank=True)
    term_from = models.DateTimeField(_("term counts from"))
    due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(_("extensions"), default=0)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    cause = models.CharField(
        _("cause"),
        max_length=16,
        choices=[(c.value, _(c.name.title())) for c in Cause],
        blank=True,
    )
    cause_note = models.CharField(_("about the cause"), max_length=300, blank=True)
    upheld = models.BooleanField(_("justified"), null=True, blank=True)
    product = models.ForeignKey(
        Product, verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT
    )
    script_version = models.ForeignKey(
        ScriptVersion,
        verbose_name=_("script version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("goes to"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="causes_owned",
    )
    remedy = models.CharField(_("what was done"), max_length=300, blank=True)
    remedied_at = models.DateTimeField(_("done"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in CaseState]), name="case_state_known"
            ),
            models.CheckConstraint(
                condition=Q(cause="") | Q(cause__in=[c.value for c in Cause]),
                name="case_cause_known",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.OPENED.value)
                | Q(closed_at__isnull=False)
                | Q(handler__isnull=False),
                name="case_handled_by_somebody",
            ),
        ]
        indexes = [
            # the pressure view and the campaign's guard: complaints of a campaign in time
            models.Index(fields=["campaign_id", "created_at"], name="complaint_by_campaign"),
            # the list and its reminders: what is still to be answered, the most urgent first
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=sorted(s.value for s in OPEN)),
                name="case_open_by_due",
            ),
            # the owner's view
            models.Index(
                fields=["owner"], condition=Q(owner__isnull=False), name="case_cause_by_owner"
            ),
            # the pressure view: complaints in time
            models.Index(F("created_at"), name="case_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.created_at:%F}"


class ComplaintEvent(models.Model):
    """Each step of a case, in the transaction of the step. `note` stays out of the audit."""

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="events")
    old = models.CharField(max_length=10, blank=True)
    new = models.CharField(max_length=10)
    step = models.CharField(max_length=12)
    note = models.TextField(blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        # the page of one case
        indexes = [models.Index(fields=["complaint", "at"], name="case_event_by_case")]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.old} → {self.new}"


class CaseNotice(models.Model):
    """That a term of a case came near or ran out; one a kind and term, for its handler or all."""

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16)
    term = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "kind", "term"], name="case_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.kind}"
