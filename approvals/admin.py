"""Approvals to look at. They are decided in the inbox, where the content can be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from approvals.models import Approval


@admin.register(Approval)
class ApprovalAdmin(ModelAdmin):
    """Shows and filters; nothing is changed here."""

    list_display = ["title", "branch", "maker", "checker", "state", "created_at", "expires_at"]
    list_filter = ["state", "branch"]
    search_fields = ["title", "subject"]
    list_select_related = ["branch", "maker", "checker"]
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
