"""Compliance in the admin: packs as sentences with their legal basis, registers, books.

What changes a permission (suppressions, consents, attempts, decisions, packs) is only looked at
here; it is written by the modules named for it, under the gate's locks and with an audit entry.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from clock.reading import now
from compliance import merging, switching
from compliance.domain.pack import PackError, compile_pack
from compliance.models import (
    Attempt,
    Blackout,
    CalendarDay,
    CalendarYear,
    CallerId,
    CaseNotice,
    Complaint,
    ComplaintEvent,
    Consent,
    Contact,
    CustomerMerge,
    Decision,
    Exemption,
    KillSwitch,
    LegalHold,
    LiftRequest,
    OptOutFile,
    Pack,
    PackVersion,
    Preference,
    Product,
    Register,
    RegisterImport,
    StaffNumber,
    Suppression,
)
from compliance.rule_wording import rule_sentence
from compliance.wording import MERGE_REFUSALS, label


class ReadOnly:
    """Looked at here, changed elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NeverDeleted:
    """May be added and changed, but what was true stays on record."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(NeverDeleted, ModelAdmin):
    list_display = ["code", "name", "family", "risk_rated", "risk_rating", "by_phone"]
    list_filter = ["family", "risk_rated", "by_phone"]
    search_fields = ["code", "name", "name_en"]


@admin.register(CallerId)
class CallerIdAdmin(NeverDeleted, ModelAdmin):
    list_display = [
        "number",
        "label",
        "registered_use",
        "hourly_cap",
        "daily_cap",
        "route",
        "active",
    ]
    list_filter = ["active", "region"]
    search_fields = ["number", "label"]


class PackVersionInline(ReadOnly, TabularInline):
    model = PackVersion
    extra = 0
    fields = ["page", "state", "effective_from", "effective_to", "maker", "checker"]
    readonly_fields = fields
    show_change_link = True

    @admin.display(description=gettext_lazy("version"))
    def page(self, version: PackVersion) -> SafeString:
        return version_link(version)


@admin.register(Pack)
class PackAdmin(ReadOnly, ModelAdmin):
    list_display = ["code", "name", "name_en", "layer"]
    inlines = [PackVersionInline]


@admin.register(PackVersion)
class PackVersionAdmin(ReadOnly, ModelAdmin):
    """A version: each rule as a sentence with its legal basis, then the document itself."""

    list_display = ["__str__", "state", "effective_from", "effective_to", "maker", "checker"]
    list_filter = ["state", "pack"]
    list_select_related = ["pack", "maker", "checker"]
    fields = [
        "page",
        "pack",
        "version",
        "state",
        "effective_from",
        "effective_to",
        "maker",
        "checker",
        "sha256",
        "rules",
        "source",
    ]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("page"))
    def page(self, version: PackVersion) -> SafeString:
        return version_link(version)

    @admin.display(description=gettext_lazy("rules"))
    def rules(self, version: PackVersion) -> SafeString:
        return rule_table(version.document, get_language() or "zh-hans")

    @admin.display(description=gettext_lazy("document"))
    def source(self, version: PackVersion) -> SafeString:
        return document_block(version.document)


def version_link(version: PackVersion) -> SafeString:
    """The way to the page on which a version is read, changed and signed (the console's)."""
    address = f"/compliance/packs/versions/{version.pk}/"
    return format_html("<a class='underline' href='{}'>{}</a>", address, str(version))


def rule_table(document: dict[str, Any], language: str) -> SafeString:
    """A pack's rules, one a row: id, sentence, legal basis, law or policy."""
    try:
        pack = compile_pack(document)
    except PackError as error:
        return format_html("<p>{}</p>", str(error))
    rows = format_html_join(
        "",
        "<tr><td class='pr-4 align-top font-mono'>{}</td><td class='pr-4 align-top'>{}</td>"
        "<td class='pr-4 align-top'>{}</td><td class='align-top'>{}</td></tr>",
        (
            (rule.id, rule_sentence(rule, language), rule.legal_ref, _BASIS[rule.basis])
            for _, rule in pack.rules
        ),
    )
    return format_html("<table class='w-full'>{}</table>", rows)


_BASIS = {"law": gettext_lazy("law"), "policy": gettext_lazy("policy")}


def document_block(document: Any) -> SafeString:
    """A stored document, readable."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return format_html("<pre class='whitespace-pre-wrap text-xs'>{}</pre>", text)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, ModelAdmin):
    """Do-not-call entries. Numbers are masked; lifting one needs four eyes, elsewhere."""

    list_display = [
        "id",
        "source",
        "via",
        "customer",
        "number",
        "product_family",
        "since",
        "expires_at",
        "lifted_at",
    ]
    list_filter = ["source", "via"]
    list_select_related = ["customer", "number"]
    search_fields = ["=customer__bank_id", "=number__e164"]
    show_full_result_count = False


@admin.register(OptOutFile)
class OptOutFileAdmin(ReadOnly, ModelAdmin):
    """Files of refusals; they are brought in on their own page."""

    list_display = ["file_name", "via", "state", "rows_read", "entries", "rows_rejected", "maker"]
    list_filter = ["state", "via"]
    list_select_related = ["maker"]
    exclude = ["path"]


@admin.register(LiftRequest)
class LiftRequestAdmin(ReadOnly, ModelAdmin):
    """Who asked that a refusal ends, and when it was decided."""

    list_display = ["suppression", "maker", "created_at", "closed_at"]
    list_select_related = ["suppression", "maker"]


@admin.register(Consent)
class ConsentAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "id",
        "customer",
        "channel",
        "product_family",
        "basis",
        "granted_at",
        "expires_at",
        "withdrawn_at",
    ]
    list_filter = ["channel", "basis"]
    list_select_related = ["customer"]
    search_fields = ["=customer__bank_id"]
    show_full_result_count = False


@admin.register(Preference)
class PreferenceAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "customer", "no_robot", "hours", "families_refused", "since", "ended_at"]
    list_select_related = ["customer"]
    search_fields = ["=customer__bank_id"]


@admin.register(Exemption)
class ExemptionAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "kind", "customer", "promised_at", "expires_at", "used_at"]
    list_filter = ["kind"]
    list_select_related = ["customer"]
    search_fields = ["=customer__bank_id"]


@admin.register(Register)
class RegisterAdmin(ReadOnly, ModelAdmin):
    """Changed with two signatures only, on the page of registers."""

    list_display = ["name", "title", "kind", "imported_at", "rows", "max_age_days", "active"]


@admin.register(RegisterImport)
class RegisterImportAdmin(ReadOnly, ModelAdmin):
    """Files of registers; they are looked at and signed on their own page."""

    list_display = ["register", "mode", "file_name", "drawn_at", "state", "entries", "maker"]
    list_filter = ["register", "state"]
    list_select_related = ["register", "maker"]
    exclude = ["path"]


class CalendarDayInline(ReadOnly, TabularInline):
    model = CalendarDay
    extra = 0
    fields = ["date", "kind", "name", "name_en"]
    readonly_fields = fields


@admin.register(CalendarYear)
class CalendarYearAdmin(ReadOnly, ModelAdmin):
    list_display = ["country", "year", "source", "state", "in_force", "installed_at"]
    list_filter = ["country", "in_force"]
    inlines = [CalendarDayInline]


class CustomerMergeForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what cannot be merged, before anything is written."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        kept, gone = given.get("kept"), given.get("gone")
        refusal = merging.refusal_of(kept, gone) if kept and gone else None
        if refusal is not None:
            raise forms.ValidationError(label(MERGE_REFUSALS, refusal))
        return given


@admin.register(CustomerMerge)
class CustomerMergeAdmin(NeverDeleted, ModelAdmin):
    """Merging is adding a row; it cannot be taken back."""

    form = CustomerMergeForm
    list_display = ["at", "kept", "gone", "reason", "maker"]
    list_select_related = ["kept", "gone", "maker"]
    search_fields = ["=kept__bank_id", "=gone__bank_id"]
    ordering = ["-at"]
    fields = ["kept", "gone", "reason"]
    autocomplete_fields = ["kept", "gone"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: CustomerMerge, form: Any, change: bool) -> None:
        made = merging.merge(
            kept_id=obj.kept_id,
            gone_id=obj.gone_id,
            reason=obj.reason,
            actor_id=request.user.pk,
            at=now(),
        )
        obj.pk, obj.at = made.pk, made.at


@admin.register(Blackout)
class BlackoutAdmin(ModelAdmin):
    list_display = ["reason", "since", "until", "region", "product_family", "product"]
    list_select_related = ["product"]


class ComplaintEventInline(ReadOnly, TabularInline):
    model = ComplaintEvent
    extra = 0
    fields = ["at", "step", "old", "new", "actor"]
    readonly_fields = fields


class CaseNoticeInline(ReadOnly, TabularInline):
    model = CaseNotice
    extra = 0
    fields = ["at", "kind", "term"]
    readonly_fields = fields


@admin.register(Complaint)
class ComplaintAdmin(ReadOnly, ModelAdmin):
    """Looked at here; opened and handled on the cases' own pages."""

    list_display = [
        "id",
        "channel",
        "state",
        "customer",
        "number",
        "handler",
        "created_at",
        "due_at",
        "closed_at",
    ]
    list_filter = ["state", "channel", "cause"]
    list_select_related = ["customer", "number", "handler"]
    inlines = [ComplaintEventInline, CaseNoticeInline]


@admin.register(LegalHold)
class LegalHoldAdmin(ReadOnly, ModelAdmin):
    """Placed and released on the case's page."""

    list_display = ["id", "customer", "number", "reason", "placed_by", "placed_at", "released_at"]
    list_select_related = ["customer", "number", "placed_by"]
    search_fields = ["=customer__bank_id"]


@admin.register(KillSwitch)
class KillSwitchAdmin(NeverDeleted, ModelAdmin):
    """Throwing is adding a row; releasing is an action. Every decision reads it."""

    list_display = ["scope", "reason", "thrown_by", "thrown_at", "released_by", "released_at"]
    list_select_related = ["thrown_by", "released_by"]
    fields = ["scope", "reason"]
    actions = ["release"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: KillSwitch, form: Any, change: bool) -> None:
        thrown = switching.throw(scope=obj.scope, reason=obj.reason, actor_id=request.user.pk)
        obj.pk, obj.thrown_at = thrown.pk, thrown.thrown_at

    @admin.action(description=gettext_lazy("Release the switch"), permissions=["add"])
    def release(self, request: HttpRequest, switches: QuerySet[KillSwitch]) -> None:
        for switch in switches:
            switching.release(switch, actor_id=request.user.pk)


@admin.register(StaffNumber)
class StaffNumberAdmin(ReadOnly, ModelAdmin):
    """Our own people's telephones; they enter and verify them at the workbench."""

    list_display = ["user", "__str__", "verified_at", "created_at"]
    list_select_related = ["user"]
    fields = ["user", "verified_at", "created_at"]
    readonly_fields = fields


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "id",
        "purpose",
        "actor",
        "customer",
        "number",
        "state",
        "reserved_at",
        "cancel_wanted_at",
    ]
    list_filter = ["state", "purpose", "actor"]
    list_select_related = ["customer", "number"]
    search_fields = ["=customer__bank_id", "=sid"]
    show_full_result_count = False


@admin.register(Contact)
class ContactAdmin(ReadOnly, ModelAdmin):
    list_display = ["at", "kind", "customer_id", "campaign_id", "actor", "channel", "outcome"]
    list_filter = ["kind", "channel", "actor"]
    search_fields = ["=customer_id"]
    ordering = ["-at"]
    show_full_result_count = False


@admin.register(Decision)
class DecisionAdmin(ReadOnly, ModelAdmin):
    """Why was this customer (not) called: the answer, its reasons and its facts."""

    list_display = ["at", "verdict", "codes", "customer_id", "campaign_id", "actor"]
    list_filter = ["verdict", "purpose", "actor"]
    search_fields = ["=customer_id", "=campaign_id"]
    ordering = ["-at"]
    show_full_result_count = False
    fields = [
        "at",
        "verdict",
        "reasons",
        "earliest_next",
        "packs",
        "customer_id",
        "campaign_id",
        "attempt_id",
        "inputs_hash",
        "facts_text",
    ]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("reasons"))
    def reasons(self, decision: Decision) -> SafeString:
        language = "zh" if (get_language() or "zh").startswith("zh") else "en"
        return format_html_join(
            "",
            "<p><span class='font-mono'>{}</span> {} <span class='opacity-60'>{} · {}</span></p>",
            (
                (reason["code"], reason[language], reason["pack"], reason["legal_ref"])
                for reason in decision.decision.get("reasons", [])
            ),
        )

    @admin.display(description=gettext_lazy("facts"))
    def facts_text(self, decision: Decision) -> SafeString:
        return document_block(decision.facts)
