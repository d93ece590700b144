"""What came of a campaign: funnel, figures with their definitions, branches, outcomes, refusals.

A branch manager sees campaigns that have a list of their branch, and that branch's figures alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import Branch, User
from accounts.permissions import SEES_ALL_BRANCHES, Page, branches_of, requires, roles_of
from campaigns import labels, reasons
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, TargetList
from compliance.outcome_wording import outcome_label
from insights.figures import figures
from insights.metrics import BY_NAME, FUNNEL, METRICS, Metric

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class BranchRow:
    """One branch's figures, in the funnel's order."""

    branch: Branch
    values: list[int]


@require_GET
@requires(Page.RESULTS)
def results(request: HttpRequest) -> HttpResponse:
    """The campaigns this user may see, the newest first, with what their lists say."""
    page = Paginator(
        _campaigns_of(request).select_related("product").order_by("-pk"), PER_PAGE
    ).get_page(request.GET.get("page"))
    listed = _listed([campaign.pk for campaign in page], _branch_ids(request))
    rows = [
        {
            "campaign": campaign,
            "state": labels.CAMPAIGN[campaign.state],
            **listed.get(campaign.pk, {"listed": 0, "eligible": 0, "approved": 0}),
        }
        for campaign in page
    ]
    return render(request, "results/index.html", {"rows": rows, "page": page, "metrics": BY_NAME})


@require_GET
@requires(Page.RESULTS)
def campaign_results(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One campaign's results; the same registry of metrics as everywhere."""
    campaign = get_object_or_404(
        _campaigns_of(request).select_related("product", "script_version__script"), pk=campaign_id
    )
    branch_ids = _branch_ids(request)
    found = figures(campaign_id, branch_ids)
    names = {
        branch.pk: branch
        for branch in Branch.objects.filter(pk__in=[pk for pk in found.by_branch if pk])
    }
    by_branch = sorted(
        (
            BranchRow(names[pk], [row[metric.name] for metric in FUNNEL])
            for pk, row in found.by_branch.items()
            if pk in names
        ),
        key=lambda row: row.branch.code,
    )
    outcomes_total = sum(found.outcomes.values())
    return render(
        request,
        "results/campaign.html",
        {
            "campaign": campaign,
            "state": labels.CAMPAIGN[campaign.state],
            "cause": labels.cause(campaign.pause_cause),
            "figures": [_figure(metric, found.total) for metric in METRICS],
            "funnel": FUNNEL,
            "chart": {
                "labels": [str(metric.label) for metric in FUNNEL],
                "values": [found.total[metric.name] for metric in FUNNEL],
            },
            "by_branch": by_branch,
            "only_branch": branch_ids is not None,
            "outcomes": [
                {
                    "name": name,
                    "label": outcome_label(name),
                    "count": count,
                    "share": 100 * count / outcomes_total,
                }
                for name, count in found.outcomes.items()
            ],
            "reasons": reasons.rows(found.blocked, _basis(campaign, branch_ids)),
            "has_figures": bool(found.total["listed"]),
        },
    )


def _figure(metric: Metric, total: Mapping[str, int]) -> dict[str, Any]:
    whole = total[metric.of] if metric.of else 0
    return {
        "name": metric.name,
        "label": metric.label,
        "definition": metric.definition,
        "value": total[metric.name],
        "share": 100 * total[metric.name] / whole if whole else None,
        "of": BY_NAME[metric.of].label if metric.of else "",
    }


def _campaigns_of(request: HttpRequest) -> QuerySet[Campaign]:
    """Every campaign for head office; for a branch those with a list it was asked to sign."""
    branch_ids = _branch_ids(request)
    if branch_ids is None:
        return Campaign.objects.all()
    asked = TargetList.objects.filter(branch_id__in=branch_ids).exclude(content_hash="")
    return Campaign.objects.filter(pk__in=asked.values("campaign_id"))


def _branch_ids(request: HttpRequest) -> list[int] | None:
    """The branches whose figures the user sees; None = all."""
    assert isinstance(request.user, User)
    if request.user.is_superuser or roles_of(request.user) & SEES_ALL_BRANCHES:
        return None
    return list(branches_of(request.user).values_list("pk", flat=True))


def _listed(campaign_ids: list[int], branch_ids: list[int] | None) -> dict[int, dict[str, int]]:
    """listed, eligible and approved of several campaigns, from their lists' counts: one query."""
    lists = TargetList.objects.filter(campaign_id__in=campaign_ids).exclude(
        state=ListState.SUPERSEDED.value
    )
    if branch_ids is not None:
        lists = lists.filter(branch_id__in=branch_ids)
    found: dict[int, dict[str, int]] = {}
    for campaign_id, state, counts in lists.values_list("campaign_id", "state", "counts"):
        row = found.setdefault(campaign_id, {"listed": 0, "eligible": 0, "approved": 0})
        left = counts.get("eligible", 0)
        row["listed"] += counts.get("listed", 0)
        row["eligible"] += left + counts.get("excluded", 0)
        row["approved"] += left if state == ListState.APPROVED else 0
    return found


def _basis(campaign: Campaign, branch_ids: list[int] | None) -> dict[str, dict[str, str]]:
    """The rule and legal basis of each code, as screening noted them."""
    lists = campaign.lists.exclude(state=ListState.SUPERSEDED.value)
    if branch_ids is not None:
        lists = lists.filter(branch_id__in=branch_ids)
    basis: dict[str, dict[str, str]] = {}
    for noted in lists.values_list("counts__basis", flat=True):
        basis = {**(noted or {}), **basis}
    return basis
