"""The kill switch: what is off now, throwing it with a reason, letting calls through again.

Throwing takes two clicks: the second on a page that names what is stopped and what that meets now.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Page, may, requires
from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign
from clock.reading import now as clock_now
from compliance import switching
from compliance.models import KillSwitch
from console.views.packs import user_of
from dialer import switches

HISTORY_SHOWN = 50
_CAMPAIGN = "campaign:"


class ThrowForm(forms.Form):
    """What to stop, and why."""

    scope = forms.ChoiceField(
        choices=[
            ("all", gettext_lazy("every call")),
            ("robot", gettext_lazy("every call of the robot")),
            ("campaign", gettext_lazy("one campaign")),
        ],
        error_messages={
            "required": gettext_lazy("Choose what is to be stopped."),
            "invalid_choice": gettext_lazy("Choose what is to be stopped."),
        },
    )
    campaign = forms.ModelChoiceField(
        label=gettext_lazy("Campaign"),
        queryset=Campaign.objects.none(),
        required=False,
        empty_label=gettext_lazy("Choose"),
        error_messages={"invalid_choice": gettext_lazy("Choose which campaign.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        error_messages={"required": gettext_lazy("Give a reason.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Campaign]", self.fields["campaign"])
        field.queryset = Campaign.objects.exclude(state=CampaignState.ENDED.value).order_by("name")

    def clean(self) -> dict[str, Any]:
        """One campaign is one that is chosen."""
        data = self.cleaned_data
        missing = data.get("scope") == "campaign" and data.get("campaign") is None
        if missing and "campaign" not in self.errors:
            self.add_error("campaign", _("Choose which campaign."))
        return data

    @property
    def wanted(self) -> str:
        """The scope as the switch keeps it."""
        if self.cleaned_data["scope"] == "campaign":
            return f"{_CAMPAIGN}{self.cleaned_data['campaign'].pk}"
        return str(self.cleaned_data["scope"])


@require_GET
@requires(Page.SWITCH)
def switch(request: HttpRequest) -> HttpResponse:
    """The state, large; the form to throw it; what happened before."""
    return _page(request, ThrowForm())


@require_POST
@requires(Page.SWITCH)
def throw(request: HttpRequest) -> HttpResponse:
    """Stop calling, when it was confirmed; from this commit on no gate lets such a call through."""
    form = ThrowForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    scope = form.wanted
    if any(one.scope == scope for one in switching.thrown()):
        messages.warning(request, _("That is switched off already."))
        return redirect("switch")
    if request.POST.get("confirmed") != scope:
        return render(
            request,
            "compliance/switch_confirm.html",
            {
                "form": form,
                "scope": scope,
                "what": _names([scope])[scope],
                "meets": switches.reach(scope),
                "now": clock_now(),
            },
        )
    switching.throw(scope=scope, reason=form.cleaned_data["reason"], actor_id=user_of(request).pk)
    messages.success(request, _("Switched off. No such call is let through any more."))
    return redirect("switch")


@require_POST
@requires(Page.SWITCH_RELEASE)
def release(request: HttpRequest, switch_id: int) -> HttpResponse:
    """Let calls through again."""
    found = get_object_or_404(KillSwitch, pk=switch_id)
    if switching.release(found, actor_id=user_of(request).pk):
        messages.success(request, _("Released. Calls are let through again."))
    else:
        messages.warning(request, _("Somebody has released it already."))
    return redirect("switch")


def _page(request: HttpRequest, form: ThrowForm) -> HttpResponse:
    off = switching.thrown()
    names = _names([one.scope for one in off])
    past = KillSwitch.objects.filter(released_at__isnull=False)
    past = past.select_related("thrown_by", "released_by").order_by("-released_at")
    shown = list(past[:HISTORY_SHOWN])
    old_names = _names([one.scope for one in shown])
    return render(
        request,
        "compliance/switch.html",
        {
            "form": form,
            "off": [{"switch": one, "what": names[one.scope]} for one in off],
            "everything": any(one.scope == "all" for one in off),
            "history": [{"switch": one, "what": old_names[one.scope]} for one in shown],
            "may_release": may(request.user, Page.SWITCH_RELEASE),
        },
    )


def _names(scopes: list[str]) -> dict[str, Any]:
    """What each scope stops, in words."""
    wanted = [int(s.removeprefix(_CAMPAIGN)) for s in scopes if s[len(_CAMPAIGN) :].isdigit()]
    campaigns = dict(Campaign.objects.filter(pk__in=wanted).values_list("pk", "name"))
    said: dict[str, Any] = {"all": _("every call"), "robot": _("every call of the robot")}
    for scope in scopes:
        if scope not in said:
            tail = scope.removeprefix(_CAMPAIGN)
            name = campaigns.get(int(tail), tail) if tail.isdigit() else tail
            said[scope] = _("the campaign “%(name)s”") % {"name": name}
    return said
