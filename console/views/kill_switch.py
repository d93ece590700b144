"""The kill switch: what is off now, throwing it with a reason, letting calls through again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Page, may, requires
from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign
from compliance import switching
from compliance.models import KillSwitch
from console.views.packs import user_of

HISTORY_SHOWN = 50
_CAMPAIGN = "campaign:"


@require_GET
@requires(Page.SWITCH)
def switch(request: HttpRequest) -> HttpResponse:
    """The state, large; the form to throw it; what happened before."""
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
            "off": [{"switch": one, "what": names[one.scope]} for one in off],
            "everything": any(one.scope == "all" for one in off),
            "campaigns": Campaign.objects.exclude(state=CampaignState.ENDED.value).order_by("name"),
            "history": [{"switch": one, "what": old_names[one.scope]} for one in shown],
            "may_release": may(request.user, Page.SWITCH_RELEASE),
        },
    )


@require_POST
@requires(Page.SWITCH)
def throw(request: HttpRequest) -> HttpResponse:
    """Stop calling; from this commit on no gate lets such a call through."""
    scope = request.POST.get("scope", "")
    reason = request.POST.get("reason", "").strip()[:200]
    if scope == "campaign":
        chosen = request.POST.get("campaign", "")
        known = chosen.isdigit() and Campaign.objects.filter(pk=int(chosen)).exists()
        scope = f"{_CAMPAIGN}{int(chosen)}" if known else ""
    if scope not in ("all", "robot") and not scope.startswith(_CAMPAIGN):
        messages.error(request, _("Choose what is to be stopped."))
    elif not reason:
        messages.error(request, _("Give a reason."))
    elif any(one.scope == scope for one in switching.thrown()):
        messages.warning(request, _("That is switched off already."))
    else:
        switching.throw(scope=scope, reason=reason, actor_id=user_of(request).pk)
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


def _names(scopes: list[str]) -> dict[str, Any]:
    """What each scope stops, in words."""
    wanted = [int(s.removeprefix(_CAMPAIGN)) for s in scopes if s[len(_CAMPAIGN) :].isdigit()]
    campaigns = dict(Campaign.objects.filter(pk__in=wanted).values_list("pk", "name"))
    said: dict[str, Any] = {"all": _("every call"), "robot": _("every call of the robot")}
    for scope in scopes:
        if scope not in said:
            tail = scope.removeprefix(_CAMPAIGN)
            said[scope] = campaigns.get(int(tail), scope) if tail.isdigit() else scope
    return said
