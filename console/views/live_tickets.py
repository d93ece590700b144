"""Tickets for the pushing process: what this browser may listen to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Page, branches_of, may, requires
from agents.models import Agent
from live.tickets import MAX_AGE_S, issue


@requires(Page.HOME)
@require_GET
def ticket(request: HttpRequest) -> JsonResponse:
    """`{"url", "expires_in"}`: one stream with everything this user may hear.

    `?campaign=<id>` adds one campaign's channel, for those who may see results.
    """
    assert isinstance(request.user, User)
    channels = channels_of(request.user)
    campaign = request.GET.get("campaign", "")
    if campaign.isdecimal() and may(request.user, Page.RESULTS):
        channels.append(f"campaign:{int(campaign)}")
    return JsonResponse({"url": stream_url(request.user, channels), "expires_in": MAX_AGE_S})


def channels_of(user: User) -> list[str]:
    """An agent hears their own desk, a branch manager their branches, supervisors the wall."""
    channels = []
    if may(user, Page.DESK):
        agents = Agent.objects.filter(user=user).values_list("pk", flat=True)
        channels += [f"agent:{agent_id}" for agent_id in agents]
    if may(user, Page.WALL):
        channels.append("wall")
    if may(user, Page.INBOX) and not user.is_superuser:
        branch_ids = branches_of(user).values_list("pk", flat=True)
        channels += [f"branch:{branch_id}" for branch_id in branch_ids]
    return channels


def stream_url(user: User, channels: list[str]) -> str:
    """The address of the stream, with its ticket."""
    query = urlencode({"ticket": issue(user.pk, channels)})
    return f"{settings.LIVE_BASE_URL}/live/?{query}"
