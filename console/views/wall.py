"""The live wall: what runs now, and pausing or stopping a campaign."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, requires
from campaigns import steering
from campaigns.errors import StepRefused
from campaigns.models import Campaign
from clock.reading import now
from console.texts.wall import wall_texts
from dialer.wall import wall_snapshot

#: Why a person pauses: kept with the campaign, beside the causes of the guards.
PAUSED_BY_HAND = "by_hand"
#: Abandoned over consented, a campaign's day (design: pacing): what is aimed at, and where a
#: campaign is paused. The decision itself is the dialer's (`dialer.domain.pacing.guard`).
ABANDONMENT_TARGET = 0.01
ABANDONMENT_PAUSE = 0.03


@requires(Page.WALL)
@require_GET
def wall(request: HttpRequest) -> HttpResponse:
    """The page, with the state of this moment in it; what follows is pushed."""
    context = {
        "snapshot": wall_snapshot(now()),
        "targets": {"abandonment": ABANDONMENT_TARGET, "pause_at": ABANDONMENT_PAUSE},
        "texts": wall_texts(),
        "may_steer": may(request.user, Page.STEERING),
        "may_throw": may(request.user, Page.SWITCH),
    }
    return render(request, "wall/wall.html", context)


@requires(Page.WALL)
@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """The snapshot, for a browser whose stream has just opened."""
    return JsonResponse(wall_snapshot(now()))


@requires(Page.STEERING)
@require_POST
def steer(request: HttpRequest, campaign_id: int, step: str) -> JsonResponse:
    """`pause`, `resume` or `stop`; 409 with a sentence when that does not follow."""
    assert isinstance(request.user, User)
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    try:
        if step == "pause":
            steering.pause(campaign, request.user, PAUSED_BY_HAND)
        elif step == "resume":
            steering.resume(campaign, request.user)
        elif step == "stop":
            steering.stop(campaign, request.user)
        else:
            raise Http404
    except StepRefused as refusal:
        return JsonResponse({"error": refusal.sentence}, status=409)
    return JsonResponse({"campaign": campaign.pk, "state": campaign.state})
