"""The chain's seals, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from audit.models import Seal


@admin.register(Seal)
class SealAdmin(ModelAdmin):
    """Nobody adds, changes or deletes a seal here."""

    list_display = ["id", "at", "count", "first_id", "last_id", "hash"]
    date_hierarchy = "at"
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
