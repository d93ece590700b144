"""Teams and agents in the admin; what happened to them is read-only."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from agents.models import Agent, PresenceChange, Reservation, Team


class _ReadOnly:
    """A record of what happened: nobody adds to it, changes it or takes from it by hand."""

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


class AgentInline(TabularInline):
    model = Agent
    fields = ["user", "skills", "licences", "state", "seen_at"]
    readonly_fields = ["state", "seen_at"]
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    list_display = ["name", "name_en", "code"]
    search_fields = ["name", "name_en", "code"]
    inlines = [AgentInline]


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """State and sign of life are the desk's business: shown, not edited."""

    list_display = ["user", "team", "licences", "state", "state_since", "seen_at", "missed_offers"]
    list_filter = ["team", "state"]
    list_select_related = ["user", "team"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    autocomplete_fields = ["user", "team"]
    readonly_fields = ["state", "state_since", "seen_at", "missed_offers"]


@admin.register(PresenceChange)
class PresenceChangeAdmin(_ReadOnly, ModelAdmin):
    list_display = ["at", "agent", "old", "new", "cause"]
    list_filter = ["new", "cause"]
    list_select_related = ["agent__user"]
    date_hierarchy = "at"


@admin.register(Reservation)
class ReservationAdmin(_ReadOnly, ModelAdmin):
    list_display = ["id", "agent", "state", "cause", "created_at", "expires_at"]
    list_filter = ["state", "cause"]
    list_select_related = ["agent__user"]
