"""A call, from plan to end."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.models import Customer, Number
from campaigns.models import Campaign, Lead
from compliance.models import Attempt, CallerId
from dialer.domain.call_state import LIVE, CallState


class Call(models.Model):
    """One call. `public_id` is what the carrier's callbacks carry; it names nobody.

    `kind`: dialer/domain/call_kind.py. `sequence` is the highest callback seen;
    `outcome` is the disposition before any transfer. `callback`: the promise
    that this call keeps. Times are business time but for `leased_until`, which is real; a PLANNED
    call without a lease waits for its agent to be in the room.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in CallState],
        default=CallState.PLANNED.value,
    )
    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), null=True, on_delete=models.PROTECT
    )
    lead = models.ForeignKey(Lead, null=True, on_delete=models.PROTECT, related_name="calls")
    callback = models.ForeignKey(
        "dialer.Callback", null=True, on_delete=models.PROTECT, related_name="dials"
    )
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT)
    number = models.ForeignKey(Number, null=True, on_delete=models.PROTECT)
    household = models.CharField(max_length=40, blank=True)
    caller_id = models.ForeignKey(CallerId, null=True, on_delete=models.PROTECT)
    attempt = models.OneToOneField(Attempt, null=True, on_delete=models.PROTECT)
    to = models.CharField(max_length=80)
    sid = models.CharField(_("SID"), max_length=34, null=True, unique=True)
    sequence = models.SmallIntegerField(default=-1)
    #: the turn in which the flow came to the consent question: what follows hangs on who is free
    interested_turn = models.PositiveSmallIntegerField(null=True)
    #: the turn in which words spoken over the robot made it stop (dialer/cutting.py)
    cut_turn = models.PositiveSmallIntegerField(null=True)
    #: where the dialogue stands, for pacing: ringing, talking, interested, parked, agent
    stage = models.CharField(_("stage"), max_length=12, blank=True)
    answered_by = models.CharField(_("answered by"), max_length=24, blank=True)
    outcome = models.CharField(_("outcome"), max_length=30, blank=True)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    planned_at = models.DateTimeField(_("planned"))
    placed_at = models.DateTimeField(_("placed"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    #: when the customer was first heard
    spoke_at = models.DateTimeField(_("spoke"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    duration_s = models.PositiveIntegerField(_("seconds"), null=True)
    leased_until = models.DateTimeField(null=True)
    #: how often the carrier was asked about an UNKNOWN call, and when last (real)
    reconciled = models.PositiveSmallIntegerField(default=0)
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in CallState]), name="call_state_known"
            ),
            # two live calls that share a lead are a bug; the database refuses the second
            models.UniqueConstraint(
                fields=["lead"],
                condition=models.Q(state__in=sorted(s.value for s in LIVE)),
                name="call_one_live_per_lead",
            ),
            models.UniqueConstraint(
                fields=["callback"],
                condition=models.Q(state__in=sorted(s.value for s in LIVE)),
                name="call_one_live_per_callback",
            ),
        ]
        indexes = [
            # the leader's snapshot: what is live, by campaign
            models.Index(
                fields=["campaign", "state", "stage"],
                condition=models.Q(state__in=sorted(s.value for s in LIVE)),
                name="call_live",
            ),
            # caller-ID caps: calls from a number in the last hour and day
            models.Index(fields=["caller_id", "planned_at"], name="call_by_caller_id"),
            # results by campaign
            models.Index(fields=["campaign", "ended_at"], name="call_by_campaign"),
            models.Index(fields=["number", "planned_at"], name="call_by_number"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class CallEvent(models.Model):
    """Each change of a call's state. Partitioned by `at`; `call_id` is an id, no foreign key."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    call_id = models.BigIntegerField()
    old = models.CharField(max_length=10)
    new = models.CharField(max_length=10)
    cause = models.CharField(max_length=60)

    class Meta:
        managed = False
        db_table = "dialer_callevent"

    def __str__(self) -> str:
        return f"{self.call_id}: {self.old} → {self.new}"
