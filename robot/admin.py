"""Scripts and conversations for people to read; what changes them is publishing and the calls."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from robot.domain.documents import read_json, write_yaml
from robot.models import Conversation, Script, ScriptVersion


class ReadOnly(ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


class VersionInline(TabularInline):
    model = ScriptVersion
    fields = ("number", "state", "content_hash", "created_at", "published_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Script)
class ScriptAdmin(ReadOnly):
    list_display = ("code", "title", "title_en")
    search_fields = ("code", "title", "title_en")
    inlines = (VersionInline,)


@admin.register(ScriptVersion)
class ScriptVersionAdmin(ReadOnly):
    list_display = ("script", "number", "state", "author", "published_at", "short_hash")
    list_filter = ("state", "script")
    list_select_related = ("script", "author")
    fields = (
        "script",
        "number",
        "state",
        "author",
        "created_at",
        "published_at",
        "content_hash",
        "source",
    )
    readonly_fields = ("source",)

    @admin.display(description=_("content hash"))
    def short_hash(self, version: ScriptVersion) -> str:
        return version.content_hash[:12]

    @admin.display(description=_("document"))
    def source(self, version: ScriptVersion) -> str:
        return write_yaml(read_json(version.document))


@admin.register(Conversation)
class ConversationAdmin(ReadOnly):
    list_display = ("call_ref", "script_version", "outcome", "grade", "interest", "started_at")
    list_filter = ("outcome", "grade", "interest", "script_version__script")
    list_select_related = ("script_version__script",)
    date_hierarchy = "started_at"
    show_full_result_count = False
    fields = (
        "call_ref",
        "script_version",
        "outcome",
        "grade",
        "refusal_reason",
        "interest",
        "consented",
        "started_at",
        "ended_at",
    )
