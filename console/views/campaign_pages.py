"""Marketing's page of a campaign: where it stands, what its lists say, and the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, requires
from approvals.deciding import ApprovalRefused
from approvals.models import Approval
from campaigns import labels, reasons, steering
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.content import Part
from campaigns.domain.list_state import ListState
from campaigns.drafting import problems
from campaigns.errors import StepRefused
from campaigns.freezing import campaign_parts, signed_parts
from campaigns.models import Campaign, TargetList
from campaigns.portions import progress
from campaigns.reading import subject_of
from campaigns.screening import audience_of
from campaigns.submitting import submit_all, submit_list
from console.posted import words
from live.tickets import issue

PER_PAGE = 25


#: a function that takes a campaign or a list and who asks, and what to say when it is done
Act = tuple[Callable[..., object], str]


@dataclass(frozen=True, slots=True)
class Button:
    """A step that can be taken now; `question` is asked before it is."""

    step: str
    label: str
    question: str
    style: str = ""


@require_GET
@requires(Page.CAMPAIGNS)
def campaigns(request: HttpRequest) -> HttpResponse:
    """All campaigns, the newest first."""
    page = Paginator(
        Campaign.objects.select_related("product").annotate(n_lists=Count("lists")).order_by("-pk"),
        PER_PAGE,
    ).get_page(request.GET.get("page"))
    rows = [{"campaign": one, "state": labels.CAMPAIGN[one.state]} for one in page]
    return render(request, "campaigns/index.html", {"rows": rows, "page": page})


@require_GET
@requires(Page.CAMPAIGNS)
def campaign(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One campaign: progress, lists by branch, refusals, what to do next."""
    found = _campaign(campaign_id)
    rows = _list_rows(found)
    blocked: Counter[str] = Counter()
    basis: dict[str, dict[str, str]] = {}
    for row in rows:
        blocked.update(row["counts"].get("blocked", {}))
        basis = {**row["counts"].get("basis", {}), **basis}
    assert isinstance(request.user, User)
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": found,
            "state": labels.CAMPAIGN[found.state],
            "cause": labels.cause(found.pause_cause),
            "problems": problems(found) if found.state != CampaignState.ENDED else [],
            "audience": audience_of(found).count() if found.state == CampaignState.DRAFT else None,
            "progress": progress(found),
            "rows": rows,
            "totals": _totals(rows),
            "reasons": reasons.rows(blocked, basis),
            "buttons": _buttons(found, rows),
            "live": {
                "address": f"{settings.LIVE_BASE_URL}/live/",
                "ticket": issue(request.user.pk, [f"campaign:{found.pk}"]),
            },
        },
    )


@require_POST
@requires(Page.CAMPAIGNS)
def step(request: HttpRequest, campaign_id: int, step: str) -> HttpResponse:
    """Take one step with the campaign, and say what happened."""
    found = _campaign(campaign_id)
    acts: dict[str, Act] = {
        "screen": (steering.start_screening, _("The audience is being screened.")),
        "cancel-screening": (steering.cancel_screening, _("The screening was broken off.")),
        "submit": (submit_all, _("The lists wait for their branches.")),
        "launch": (steering.launch, _("The campaign is running.")),
        "pause": (partial(steering.pause, cause=_cause(request)), _("The campaign is paused.")),
        "resume": (steering.resume, _("The campaign goes on.")),
        "stop": (steering.stop, _("The campaign has ended.")),
    }
    return _take(request, acts.get(step), found, campaign_id)


@require_POST
@requires(Page.CAMPAIGNS)
def list_step(request: HttpRequest, campaign_id: int, list_id: int, step: str) -> HttpResponse:
    """Take one step with one branch's list."""
    target_list = get_object_or_404(
        TargetList.objects.select_related("campaign"), pk=list_id, campaign_id=campaign_id
    )
    acts: dict[str, Act] = {
        "submit": (submit_list, _("The list waits for its branch.")),
        "screen-again": (steering.screen_again, _("The list is being screened again.")),
    }
    return _take(request, acts.get(step), target_list, campaign_id)


def _take(
    request: HttpRequest, act: Act | None, what: Campaign | TargetList, campaign_id: int
) -> HttpResponse:
    """Take a step with a campaign or a list; come back and say what happened."""
    if act is None:
        raise Http404
    take, done = act
    try:
        take(what, request.user)
        messages.success(request, done)
    except (StepRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
    return redirect("campaign", campaign_id)


def _cause(request: HttpRequest) -> str:
    return words(request, "cause") or _("Paused by hand")


def _campaign(campaign_id: int) -> Campaign:
    return get_object_or_404(
        Campaign.objects.select_related("product", "script_version__script", "team", "maker"),
        pk=campaign_id,
    )


def _list_rows(campaign: Campaign) -> list[dict[str, Any]]:
    """The newest list of each branch, with who decided and what of its content changed since."""
    lists = list(
        campaign.lists.exclude(state=ListState.SUPERSEDED.value)
        .select_related("branch")
        .order_by("branch__code")
    )
    subjects = {subject_of(one.pk): one.pk for one in lists}
    approvals: dict[int, Approval] = {}
    for row in (
        Approval.objects.filter(subject__in=subjects).select_related("checker").order_by("pk")
    ):
        approvals[subjects[row.subject]] = row
    parts = campaign_parts(campaign, campaign.caller_ids.values_list("number", flat=True))
    return [
        {
            "list": one,
            "state": labels.LIST[one.state] if one.counts else (_("Being screened"), "info"),
            "counts": one.counts,
            "blocked": sum(one.counts.get("blocked", {}).values()),
            "approval": approvals.get(one.pk),
            "void": [
                labels.PART[part]
                for part in Part
                if part is not Part.PEOPLE and one.content_hash and _differs(one, part, parts)
            ],
        }
        for one in lists
    ]


def _differs(target_list: TargetList, part: Part, parts: dict[Part, str]) -> bool:
    return signed_parts(target_list).get(part.value) != parts[part]


def _totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "listed": sum(row["counts"].get("listed", 0) for row in rows),
        "eligible": sum(row["counts"].get("eligible", 0) for row in rows),
        "waiting": sum(row["counts"].get("waiting", 0) for row in rows),
        "blocked": sum(row["blocked"] for row in rows),
        "approved": sum(
            row["counts"].get("eligible", 0)
            for row in rows
            if row["list"].state == ListState.APPROVED
        ),
    }


def _buttons(campaign: Campaign, rows: list[dict[str, Any]]) -> list[Button]:
    """The steps that follow from where the campaign stands, the likeliest first."""
    state = CampaignState(campaign.state)
    ready = [
        row
        for row in rows
        if row["list"].state == ListState.SCREENED and row["counts"].get("eligible")
    ]
    signed = [row for row in rows if row["list"].state == ListState.APPROVED]
    buttons: list[Button] = []
    if ready and state in {CampaignState.SCREENED, CampaignState.RUNNING, CampaignState.PAUSED}:
        buttons.append(
            Button(
                "submit",
                _("Submit for approval"),
                ngettext(
                    "Send %(n)d list to its branch for approval?",
                    "Send %(n)d lists to their branches for approval?",
                    len(ready),
                )
                % {"n": len(ready)},
                "primary",
            )
        )
    if state is CampaignState.SCREENED and signed:
        people = sum(row["counts"].get("eligible", 0) for row in signed)
        buttons.append(
            Button(
                "launch",
                _("Launch"),
                ngettext(
                    "Start calling %(n)d approved customer?",
                    "Start calling %(n)d approved customers?",
                    people,
                )
                % {"n": people},
                "success",
            )
        )
    if state is CampaignState.PAUSED:
        buttons.append(Button("resume", _("Resume"), _("Go on calling?"), "success"))
    if state is CampaignState.RUNNING:
        buttons.append(
            Button("pause", _("Pause"), _("Stop dialling? Calls under way end by themselves."))
        )
    if state is CampaignState.DRAFT:
        buttons.append(
            Button("screen", _("Screen the audience"), _("Screen the whole audience?"), "primary")
        )
    if state is CampaignState.SCREENED:
        buttons.append(
            Button(
                "screen",
                _("Screen again"),
                _("Screen again? Lists and signatures so far become void."),
            )
        )
    if state is CampaignState.SCREENING:
        buttons.append(
            Button("screen", _("Continue screening"), _("Take up screening where it stopped?"))
        )
        buttons.append(
            Button(
                "cancel-screening",
                _("Break off"),
                _("Break the screening off? What was found so far is thrown away."),
                "danger-soft",
            )
        )
    if state not in {CampaignState.SCREENING, CampaignState.ENDED}:
        buttons.append(
            Button("stop", _("End for good"), _("End this campaign for good?"), "danger-soft")
        )
    return buttons
