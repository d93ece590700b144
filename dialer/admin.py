"""Calls, hand-overs and callbacks in the admin: what happened, looked at and never edited.

Numbers are masked (`Number` shows itself so). Who sees one branch sees the calls to its customers.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import SEES_ALL_BRANCHES, branches_of, roles_of
from dialer import recordings, reviewing
from dialer.models import Call, Callback, CallEvent, Recording, Transfer
from robot.models import SuspectedOptOut


class _History(ModelAdmin):
    """A record of what happened. `customer_path` leads from a row to its customer."""

    customer_path = "customer"
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        user = request.user
        if user.is_superuser or _sees_all(request):
            return found
        return found.filter(**{f"{self.customer_path}__branch__in": branches_of(user)})


def _sees_all(request: HttpRequest) -> bool:
    roles: frozenset[Role] = roles_of(request.user)
    return bool(roles & SEES_ALL_BRANCHES)


@admin.register(Call)
class CallAdmin(_History):
    """One line a call; its page shows every change of state."""

    list_display = [
        "planned_at",
        "kind",
        "campaign",
        "number",
        "state",
        "outcome",
        "answered_at",
        "duration_s",
        "cause",
    ]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign", "number"]
    search_fields = ["=sid", "=public_id"]
    ordering = ["-id"]
    fields = [
        "public_id",
        "sid",
        "kind",
        "state",
        "cause",
        "campaign",
        "number",
        "caller_id",
        "outcome",
        "answered_by",
        "planned_at",
        "placed_at",
        "answered_at",
        "ended_at",
        "duration_s",
        "attempt",
        "history",
    ]
    readonly_fields = fields

    @admin.display(description=_("history"))
    def history(self, call: Call) -> str:
        """Every change of state, in order."""
        events = CallEvent.objects.filter(call_id=call.pk).order_by("at", "id")
        return format_html_join(
            "",
            "<div>{} · {} → {} · {}</div>",
            (
                (each.at.isoformat(sep=" ", timespec="seconds"), each.old, each.new, each.cause)
                for each in events
            ),
        )


@admin.register(Transfer)
class TransferAdmin(_History):
    """One line a hand-over."""

    customer_path = "call__customer"
    list_display = [
        "reserved_at",
        "campaign",
        "agent",
        "state",
        "offers",
        "consented_at",
        "connected_at",
        "disposition",
        "cause",
    ]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign", "agent__user"]
    ordering = ["-reserved_at"]
    fields = [
        "id",
        "campaign",
        "agent",
        "state",
        "cause",
        "offers",
        "parks",
        "accepted_early",
        "reserved_at",
        "consented_at",
        "offered_at",
        "accepted_at",
        "connected_at",
        "talk_ended_at",
        "ended_at",
        "disposition",
        "note",
    ]
    readonly_fields = fields


@admin.register(Callback)
class CallbackAdmin(_History):
    """What was promised, to whom, and whether it was kept."""

    list_display = ["promised_at", "due_at", "campaign", "number", "state", "attempts", "cause"]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign", "number"]
    ordering = ["-promised_at"]
    fields = [
        "promised_at",
        "due_at",
        "campaign",
        "number",
        "state",
        "attempts",
        "codes",
        "cause",
        "created_at",
        "settled_at",
        "evidence",
    ]
    readonly_fields = fields


@admin.register(Recording)
class RecordingAdmin(_History):
    """What was recorded; a lost one can be asked for again."""

    customer_path = "call__customer"
    list_display = ["announced_at", "call", "state", "seconds", "channels", "kept_at", "sha256"]
    list_filter = ["state"]
    list_select_related = ["call"]
    search_fields = ["=sid", "=call__public_id"]
    ordering = ["-id"]
    actions = ["fetch_again"]

    @admin.action(description=_("Fetch again what was lost"), permissions=["view"])
    def fetch_again(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        asked = recordings.fetch_again(list(queryset.values_list("pk", flat=True)))
        messages.info(request, _("%(n)d recordings are fetched again.") % {"n": asked})


@admin.register(SuspectedOptOut)
class SuspectedOptOutAdmin(ModelAdmin):
    """What the second hearing found. People decide: one confirms, two dismiss."""

    list_display = ["found_at", "text", "why", "state", "decided_by", "decided_at"]
    list_filter = ["state"]
    list_select_related = ["decided_by"]
    show_full_result_count = False
    fields = ["conversation", "turn", "text", "scores", "state", "found_at", *list_display[4:]]
    readonly_fields = fields
    actions = ["confirm", "dismiss"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("robot.change_suspectedoptout"))

    @admin.display(description=_("raised by"))
    def why(self, suspected: SuspectedOptOut) -> str:
        return str(suspected.scores.get("why", ""))

    @admin.action(description=_("It was an opt-out"), permissions=["decide"])
    def confirm(self, request: HttpRequest, chosen: QuerySet[SuspectedOptOut]) -> None:
        assert isinstance(request.user, User)
        told = reviewing.confirm_all(chosen, officer=request.user)
        messages.info(request, told)

    @admin.action(description=_("It was no opt-out (two people)"), permissions=["decide"])
    def dismiss(self, request: HttpRequest, chosen: QuerySet[SuspectedOptOut]) -> None:
        assert isinstance(request.user, User)
        told = reviewing.dismiss_all(chosen, officer=request.user)
        messages.info(request, told)
