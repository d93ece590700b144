"""A campaign and its audience."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models import Team
from audiences.models import ImportBatch, Segment
from campaigns.domain.campaign_state import CampaignState
from compliance.models import CallerId, Product
from robot.models import ScriptVersion


class Campaign(models.Model):
    """One product, one script, one audience, one span of time.

    `limits` is a pack layer of its own (it can only tighten); `retry_plan` maps an outcome to the
    minutes after which to try again, in order of attempts; `weight` shares lines between campaigns;
    `by_hand` lets agents call those whom only a person may call.
    """

    name = models.CharField(_("name"), max_length=120)
    product = models.ForeignKey(Product, verbose_name=_("product"), on_delete=models.PROTECT)
    script_version = models.ForeignKey(
        ScriptVersion, verbose_name=_("script version"), on_delete=models.PROTECT
    )
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT)
    caller_ids: models.ManyToManyField[CallerId, models.Model] = models.ManyToManyField(
        CallerId, verbose_name=_("caller IDs")
    )
    purpose = models.CharField(_("purpose"), max_length=12, default="marketing")
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=[(s.value, _(s.name.title())) for s in CampaignState],
        default=CampaignState.DRAFT.value,
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    limits = models.JSONField(_("limits"), default=dict, blank=True)
    retry_plan = models.JSONField(_("retry plan"), default=dict, blank=True)
    variables = models.JSONField(_("script variables"), default=dict, blank=True)
    by_hand = models.BooleanField(
        _("agents call whom a robot may not"), default=False, db_default=False
    )
    max_lines = models.PositiveIntegerField(_("lines at most"), default=30)
    weight = models.PositiveSmallIntegerField(_("weight"), default=50)
    ring_timeout_s = models.PositiveSmallIntegerField(_("ring seconds"), default=30)
    pause_cause = models.CharField(_("why paused"), max_length=60, blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("made by"), on_delete=models.PROTECT
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in CampaignState]),
                name="campaign_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="campaign_ends_after_it_starts",
            ),
        ]
        # the leader's tick: what is running
        indexes = [models.Index(fields=["state"], name="campaign_by_state")]

    def __str__(self) -> str:
        return self.name


class Audience(models.Model):
    """Who a campaign is for: an import, a segment, or (neither) every customer; by branch.

    `automated`: chosen by an automated decision about persons (PIPL §24): who objects to that is
    not called.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE)
    batch = models.ForeignKey(
        ImportBatch, verbose_name=_("import"), null=True, blank=True, on_delete=models.PROTECT
    )
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), null=True, blank=True, on_delete=models.PROTECT
    )
    automated = models.BooleanField(
        _("chosen by automated decision"),
        default=False,
        help_text=_(
            "Tick this when a model, a score or another automated decision about persons chose"
            " these customers, also when the list came as a file. Whoever refused automated"
            " decisions is then left out, as article 24 of the Personal Information Protection"
            " Law demands."
        ),
    )

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")

    def __str__(self) -> str:
        return str(self.campaign)
