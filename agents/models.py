"""People who take calls: teams, presence, reservations."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.language import in_readers_language
from agents.domain.agent_state import AgentState, ReservationState


class Team(models.Model):
    """A group of agents that campaigns hand customers to."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return in_readers_language(self.name, self.name_en)


class Agent(models.Model):
    """Somebody at a desk. `seen_at` is real time: the last sign of life of the browser.

    `licences`: what this person may talk about, by the names that the rule packs use (a family of
    products may ask for one); without it no such customer is handed to them.

    `state_since` is business time: it measures how long an agent has been idle or wrapping up.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.PROTECT
    )
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT)
    skills = models.JSONField(_("skills"), default=list, blank=True)
    licences: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("licences"),
        default=list,
        blank=True,
        help_text=_(
            "What this person is licensed to offer, by the names that the rules use, separated by"
            " commas: fund_sales, insurance_sales. A customer is handed only to somebody who holds"
            " the licence that the product asks for."
        ),
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in AgentState],
        default=AgentState.OFFLINE.value,
    )
    state_since = models.DateTimeField(_("since"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    missed_offers = models.PositiveSmallIntegerField(_("missed offers"), default=0)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in AgentState]),
                name="agent_state_known",
            )
        ]
        indexes = [
            # agents.reserving.reserve: the longest idle ready agent of a team
            models.Index(fields=["team", "state", "state_since"], name="agent_idle"),
        ]

    def __str__(self) -> str:
        return str(self.user)


class PresenceChange(models.Model):
    """Each change of an agent's state, with its cause."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="changes")
    old = models.CharField(max_length=10)
    new = models.CharField(max_length=10)
    cause = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        # reports: an agent's day
        indexes = [models.Index(fields=["agent", "at"], name="presence_by_agent")]
        verbose_name = _("presence change")
        verbose_name_plural = _("presence changes")

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.old} → {self.new}"


class Reservation(models.Model):
    """An agent promised to one call (`call_ref` is the call's public id). At most one live each."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="reservations")
    call_ref = models.UUIDField()
    state = models.CharField(
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in ReservationState],
        default=ReservationState.HELD.value,
    )
    cause = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    #: real time: a reservation nobody releases ends by itself
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ReservationState]),
                name="reservation_state_known",
            ),
            models.UniqueConstraint(
                fields=["agent"],
                condition=~models.Q(state=ReservationState.RELEASED.value),
                name="reservation_one_live_per_agent",
            ),
        ]
        # dialer.transferring: the reservation of a call
        indexes = [models.Index(fields=["call_ref"], name="reservation_by_call")]
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")

    def __str__(self) -> str:
        return str(self.id)
