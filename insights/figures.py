"""The figures of a campaign: in all, by branch, by reason of refusal, by outcome.

One query a source (see `metrics.py`), each grouped by branch: the number of queries depends neither
on how many metrics there are nor on how many branches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, QuerySet

from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Lead, TargetList
from compliance.models import Contact
from dialer.models import Call, Callback, Transfer
from insights.metrics import BRANCH, METRICS, NAMES, Source

#: a lead that is blocked without a code: must not happen, is shown when it does
NO_CODE = "UNKNOWN"


def _zeros() -> dict[str, int]:
    return dict.fromkeys(NAMES, 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """`total` and each branch hold every metric's name; `blocked` and `outcomes` are leads.

    `blocked`: primary code → customers. `outcomes`: disposition before any hand-over → customers.
    """

    total: dict[str, int] = field(default_factory=_zeros)
    by_branch: dict[int, dict[str, int]] = field(default_factory=dict)
    blocked: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """One flat document: every metric, and `blocked` and `outcomes` by code and name."""
        return {**self.total, "blocked": self.blocked, "outcomes": self.outcomes}


def figures(campaign_id: int, branch_ids: Collection[int] | None = None) -> Figures:
    """The figures of one campaign; `branch_ids` bounds them to some branches (None = all)."""
    by_branch: defaultdict[int, dict[str, int]] = defaultdict(_zeros)
    _from_lists(campaign_id, branch_ids, by_branch)
    for source, rows in _sources(campaign_id).items():
        _from_rows(source, rows, branch_ids, by_branch)
    total = _zeros()
    for row in by_branch.values():
        for name, value in row.items():
            total[name] += value
    blocked, outcomes = _leads_by_reason(campaign_id, branch_ids)
    return Figures(total, dict(by_branch), blocked, outcomes)


def _from_lists(
    campaign_id: int,
    branch_ids: Collection[int] | None,
    by_branch: dict[int, dict[str, int]],
) -> None:
    lists = TargetList.objects.filter(campaign_id=campaign_id).exclude(
        state=ListState.SUPERSEDED.value
    )
    if branch_ids is not None:
        lists = lists.filter(branch_id__in=branch_ids)
    for branch_id, state, counts in lists.values_list("branch_id", "state", "counts"):
        row = by_branch[branch_id]
        left, excluded = counts.get("eligible", 0), counts.get("excluded", 0)
        row["listed"] += counts.get("listed", 0)
        row["eligible"] += left + excluded
        row["excluded"] += excluded
        row["approved"] += left if state == ListState.APPROVED else 0


def _sources(campaign_id: int) -> dict[Source, QuerySet[Any]]:
    return {
        Source.LEADS: _current_leads(campaign_id),
        Source.CALLS: Call.objects.filter(campaign_id=campaign_id, lead__isnull=False),
        Source.CONTACTS: Contact.objects.filter(
            # the ledger is partitioned by time: nothing happened before the campaign was made
            campaign_id=campaign_id,
            at__gte=Campaign.objects.values_list("created_at").get(pk=campaign_id)[0],
        ),
        Source.TRANSFERS: Transfer.objects.filter(
            campaign_id=campaign_id, call__lead__isnull=False
        ),
        Source.CALLBACKS: Callback.objects.filter(campaign_id=campaign_id),
    }


def _current_leads(campaign_id: int) -> QuerySet[Lead]:
    return Lead.objects.filter(campaign_id=campaign_id).exclude(
        target_list__state=ListState.SUPERSEDED.value
    )


def _from_rows(
    source: Source,
    rows: QuerySet[Any],
    branch_ids: Collection[int] | None,
    by_branch: dict[int, dict[str, int]],
) -> None:
    wanted = {
        f"n_{metric.name}": metric.count
        for metric in METRICS
        if metric.source is source and metric.count is not None
    }
    grouped = rows.order_by().values(in_branch=BRANCH[source]).annotate(**wanted)
    if branch_ids is not None:
        grouped = grouped.filter(in_branch__in=branch_ids)
    for found in grouped:
        row = by_branch[found.pop("in_branch")]
        for name, value in found.items():
            row[name.removeprefix("n_")] += value


def _leads_by_reason(
    campaign_id: int, branch_ids: Collection[int] | None
) -> tuple[dict[str, int], dict[str, int]]:
    leads = _current_leads(campaign_id)
    if branch_ids is not None:
        leads = leads.filter(target_list__branch_id__in=branch_ids)
    blocked: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    grouped = (
        leads.order_by()
        .values_list("state", F("codes__0"), "outcome")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    for state, code, outcome, count in grouped:
        if state == LeadState.BLOCKED:
            blocked[code or NO_CODE] += count
        if outcome:
            outcomes[outcome] += count
    return dict(blocked.most_common()), dict(outcomes.most_common())
