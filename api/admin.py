"""Bank systems to look at; one may be ended here. Tokens are made by the command `issuetoken`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from api.clients import end
from api.models import ApiClient


@admin.register(ApiClient)
class ApiClientAdmin(ModelAdmin):
    list_display = ["name", "scopes", "per_minute", "active", "created_at"]
    readonly_fields = ["name", "scopes", "active", "created_at"]
    exclude = ["token_hash"]
    actions = ["end_chosen"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("End their tokens"), permissions=["change"])
    def end_chosen(self, request: HttpRequest, chosen: QuerySet[ApiClient]) -> None:
        for client in chosen:
            end(client, actor_id=request.user.pk)
