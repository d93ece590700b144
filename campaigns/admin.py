"""Campaigns in the admin: define them here; lists and leads are shown and never edited.

Every action is one call of the function that the campaign's own page calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import JSONField, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, StackedInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from accounts.models import User
from accounts.permissions import branches_of
from approvals.deciding import ApprovalRefused
from campaigns import labels, steering
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.masking import mask_name
from campaigns.drafting import defaults, problems_of, published_versions
from campaigns.errors import StepRefused
from campaigns.models import Audience, Campaign, Lead, LeadEvent, TargetList
from campaigns.reasons import sentence
from campaigns.submitting import submit_all
from clock.reading import now as clock_now

#: What branches sign; once lists are under way a change would void their signatures.
SIGNED_FIELDS = (
    "product",
    "script_version",
    "variables",
    "caller_ids",
    "starts_at",
    "ends_at",
    "limits",
    "retry_plan",
    "team",
)
EDITABLE = frozenset({CampaignState.DRAFT, CampaignState.SCREENED})


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what screening would refuse, beside the field that it is about."""

    class Meta:
        widgets = {"caller_ids": UnfoldAdminCheckboxSelectMultipleWidget}
        help_texts = {
            "variables": gettext_lazy("What the script says about this campaign, by name."),
            "retry_plan": gettext_lazy(
                'Minutes until the next try, by outcome: {"BUSY": [30, 240]} tries twice again.'
            ),
            "limits": gettext_lazy("The campaign's own rules; they can only tighten. Empty: none."),
            "max_lines": gettext_lazy("How many may be dialled at once."),
            "by_hand": gettext_lazy(
                "From 65 on, in need of care, by their own wish, and on rest days."
            ),
            "weight": gettext_lazy("Its share of lines beside other campaigns."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields.get("script_version")
        if isinstance(choice, forms.ModelChoiceField):
            choice.queryset = published_versions(or_this=self.instance.script_version_id)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors or "caller_ids" not in self.cleaned_data:
            return
        for problem in problems_of(self.instance, list(self.cleaned_data["caller_ids"])):
            self.add_error(problem.field, problem.text)


class AudienceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Stored even when it is left empty: nothing chosen means every customer."""

    def has_changed(self) -> bool:
        return self.instance.pk is None or super().has_changed()


class AudienceInline(StackedInline):
    """Whom the campaign is for, on the campaign's own form."""

    model = Audience
    form = AudienceForm
    extra = 1
    min_num = 1
    max_num = 1
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return is_editable(obj) and super().has_change_permission(request, obj)


def is_editable(campaign: Campaign | None) -> bool:
    """Whether what branches sign may still be changed."""
    return campaign is None or campaign.state in EDITABLE


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    """One form with sensible beginnings; the state changes by steps only."""

    form = CampaignForm
    inlines = [AudienceInline]
    list_display = ["name", "product", "state_badge", "starts_at", "ends_at", "page_link"]
    list_filter = ["state", "product"]
    list_select_related = ["product"]
    search_fields = ["name"]
    ordering = ["-id"]
    formfield_overrides = {JSONField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}}
    readonly_fields = ["state_badge", "pause_cause", "maker", "created_at"]
    actions = ["screen", "submit", "launch", "pause", "resume", "stop"]
    fieldsets = (
        (None, {"fields": ("name", "product", "script_version", "variables", "team")}),
        (
            gettext_lazy("When, and from which numbers"),
            {"fields": ("starts_at", "ends_at", "caller_ids")},
        ),
        (
            gettext_lazy("How"),
            {
                "fields": (
                    "by_hand",
                    "max_lines",
                    "weight",
                    "ring_timeout_s",
                    "retry_plan",
                    "limits",
                )
            },
        ),
        (
            gettext_lazy("State"),
            {"fields": (("state_badge", "pause_cause"), ("maker", "created_at"))},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        """A campaign that is not there yet has no state to show."""
        return self.fieldsets if obj is not None else self.fieldsets[:-1]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**defaults(clock_now()), **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        locked = [] if is_editable(obj) else list(SIGNED_FIELDS)
        return [*self.readonly_fields, *locked]

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        if not change:
            assert isinstance(request.user, User)
            obj.maker = request.user
            obj.created_at = clock_now()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, campaign: Campaign) -> str:
        return str(labels.CAMPAIGN[campaign.state][0])

    @admin.display(description="")
    def page_link(self, campaign: Campaign) -> str:
        address = reverse("campaign", args=[campaign.pk])
        return format_html('<a href="{}">{}</a>', address, _("Lists and next step"))

    @admin.action(description=gettext_lazy("Screen the audience"), permissions=["change"])
    def screen(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, steering.start_screening)

    @admin.action(description=gettext_lazy("Submit for approval"), permissions=["change"])
    def submit(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, submit_all)

    @admin.action(description=gettext_lazy("Launch"), permissions=["change"])
    def launch(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, steering.launch)

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, lambda one, user: steering.pause(one, user, _("By hand")))

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, steering.resume)

    @admin.action(description=gettext_lazy("End for good"), permissions=["change"])
    def stop(self, request: HttpRequest, campaigns: QuerySet[Campaign]) -> None:
        self._each(request, campaigns, steering.stop)

    def _each(
        self,
        request: HttpRequest,
        campaigns: QuerySet[Campaign],
        step: Callable[[Campaign, Any], object],
    ) -> None:
        """Take the step with each, and say of each what happened."""
        for campaign in campaigns:
            try:
                step(campaign, request.user)
            except (StepRefused, ApprovalRefused) as refused:
                self.message_user(request, f"{campaign}: {refused.sentence}", messages.ERROR)
            else:
                self.message_user(request, _("%(name)s: done.") % {"name": campaign})


class ReadOnlyAdmin(ModelAdmin):
    """Shown, never edited by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(TargetList)
class TargetListAdmin(ReadOnlyAdmin):
    """Lists by branch; a branch sees its own."""

    list_display = ["campaign", "branch", "version", "state_label", "listed", "eligible", "blocked"]
    list_filter = ["state", "branch"]
    list_select_related = ["campaign", "branch"]
    search_fields = ["campaign__name", "branch__name"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TargetList]:
        shown: QuerySet[TargetList] = super().get_queryset(request)
        return shown.filter(branch__in=branches_of(request.user))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, target_list: TargetList) -> str:
        return str(labels.LIST[target_list.state][0])

    @admin.display(description=gettext_lazy("Listed"))
    def listed(self, target_list: TargetList) -> int:
        return int(target_list.counts.get("listed", 0))

    @admin.display(description=gettext_lazy("Eligible"))
    def eligible(self, target_list: TargetList) -> int:
        return int(target_list.counts.get("eligible", 0))

    @admin.display(description=gettext_lazy("Not callable"))
    def blocked(self, target_list: TargetList) -> int:
        return sum(target_list.counts.get("blocked", {}).values())


class LeadEventInline(StackedInline):
    """What happened to a lead, in order."""

    model = LeadEvent
    extra = 0
    can_delete = False
    fields = ["at", "old", "new", "cause"]
    ordering = ["at", "id"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Lead)
class LeadAdmin(ReadOnlyAdmin):
    """Customers in lists: masked, with the reasons of a refusal as sentences."""

    inlines = [LeadEventInline]
    list_display = [
        "bank_id",
        "masked_name",
        "number",
        "campaign",
        "branch",
        "state_label",
        "reasons",
        "clears_at",
        "due_at",
        "attempts",
        "outcome",
        "why",
    ]
    list_filter = ["state", "campaign", "target_list__branch"]
    list_select_related = ["customer", "number", "campaign", "target_list__branch"]
    search_fields = ["customer__bank_id__exact"]
    search_help_text = gettext_lazy("The customer id, in full")
    ordering = ["-id"]
    fields = [
        "bank_id",
        "masked_name",
        "number",
        "campaign",
        "branch",
        "state_label",
        "reasons",
        "clears_at",
        "due_at",
        "attempts",
        "outcome",
        "result",
        "settled_at",
    ]
    readonly_fields = ["bank_id", "masked_name", "branch", "state_label", "reasons"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        shown: QuerySet[Lead] = super().get_queryset(request)
        return shown.filter(target_list__branch__in=branches_of(request.user))

    @admin.display(description=gettext_lazy("May we call?"))
    def why(self, lead: Lead) -> str:
        """The way to the why page, which asks for a reason first."""
        return format_html(
            '<a href="{}">{}</a>', reverse("why-customer", args=[lead.customer_id]), _("Why?")
        )

    @admin.display(description=gettext_lazy("customer id"))
    def bank_id(self, lead: Lead) -> str:
        return lead.customer.bank_id

    @admin.display(description=gettext_lazy("Name"))
    def masked_name(self, lead: Lead) -> str:
        return mask_name(lead.customer.name)

    @admin.display(description=gettext_lazy("branch"))
    def branch(self, lead: Lead) -> str:
        return str(lead.target_list.branch)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, lead: Lead) -> str:
        return str(labels.LEAD[lead.state])

    @admin.display(description=gettext_lazy("reasons"))
    def reasons(self, lead: Lead) -> str:
        return "; ".join(sentence(code) for code in lead.codes)
