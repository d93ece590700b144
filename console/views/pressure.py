"""The pressure view: how often customers are contacted, as last counted (insights/pressure.py).

A branch sees its own figures; nobody is named: the most contacted stand masked, with the way to the
why page for those who may look.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from redis.exceptions import RedisError

from accounts.models import Branch, User
from accounts.permissions import Page, branches_of, may, requires
from audiences.models import Customer
from campaigns.domain.masking import mask_name
from compliance import wording
from insights.jobs import enqueue_pressure
from insights.models import PressureCount
from insights.pressure import EVERYBODY, KINDS, MOST, SPANS, TOP, is_stale

log = logging.getLogger(__name__)

#: Numbers of contacts that the chart shows at least.
AXIS = 5


@require_GET
@requires(Page.PRESSURE)
def pressure(request: HttpRequest) -> HttpResponse:
    """The figures of the reader's branches; counted anew in the background when they are old."""
    stale = is_stale()
    if stale:
        _ask_for_a_count()
    assert isinstance(request.user, User)
    branches = {branch.pk: branch for branch in branches_of(request.user)}
    wanted = request.GET.get("branch", "")
    chosen = next((each for pk, each in branches.items() if str(pk) == wanted), None)
    days = next((n for n in SPANS if str(n) == request.GET.get("days")), 30)
    rows = {
        row.branch_id: row
        for row in PressureCount.objects.filter(branch_id__in=[*branches, EVERYBODY])
    }
    whole = rows.pop(EVERYBODY, None)
    shown = {pk: row.document for pk, row in rows.items() if chosen is None or pk == chosen.pk}
    return render(
        request,
        "compliance/pressure.html",
        {
            "counted": whole,
            "stale": stale,
            "days": days,
            "spans": SPANS,
            "branches": sorted(branches.values(), key=lambda branch: branch.code),
            "chosen": chosen,
            "figures": _figures(list(shown.values()), days),
            "chart": _chart(list(shown.values()), days),
            "by_branch": [
                {"branch": branches[pk], **_figures([document], days)}
                for pk, document in sorted(
                    shown.items(), key=lambda item: -item[1]["contacts"].get(f"attempt_{days}", 0)
                )
            ],
            "families": _families(list(shown.values()), days),
            "caps": _caps(whole.document["caps"] if whole else [], list(shown.values())),
            "top": _top(list(shown.values()), branches),
            "may_ask_why": may(request.user, Page.WHY),
        },
    )


def _ask_for_a_count() -> None:
    """A page opens without the queue: old figures say how old they are."""
    try:
        enqueue_pressure()
    except RedisError:
        log.warning("the pressure view could not ask for a count")


def _figures(documents: list[dict[str, Any]], days: int) -> dict[str, Any]:
    """The totals of some branches."""
    customers = sum(document["customers"] for document in documents)
    dialled = _people(documents, f"attempt_{days}")
    attempts = sum(document["contacts"].get(f"attempt_{days}", 0) for document in documents)
    spoke = sum(document["contacts"].get(f"conversation_{days}", 0) for document in documents)
    opt_outs = sum(document["opt_outs"].get(str(days), 0) for document in documents)
    complaints = sum(document["complaints"].get(str(days), 0) for document in documents)
    return {
        "customers": customers,
        "dialled": dialled,
        "dialled_share": 100 * dialled / customers if customers else None,
        "attempts": attempts,
        "attempts_each": attempts / dialled if dialled else None,
        "conversations": spoke,
        "most": max((d["most"].get(f"attempt_{days}", 0) for d in documents), default=0),
        "opt_outs": opt_outs,
        "opt_outs_rate": 10_000 * opt_outs / dialled if dialled else None,
        "complaints": complaints,
        "complaints_rate": 10_000 * complaints / dialled if dialled else None,
    }


def _people(documents: list[dict[str, Any]], metric: str) -> int:
    return sum(sum(document["histogram"].get(metric, {}).values()) for document in documents)


def _chart(documents: list[dict[str, Any]], days: int) -> dict[str, Any]:
    """Customers by number of contacts, 1 to ten and more; who had none is not drawn."""
    series: dict[str, list[int]] = {}
    for kind in KINDS:
        found: Counter[str] = Counter()
        for document in documents:
            found.update(document["histogram"].get(f"{kind}_{days}", {}))
        series[kind] = [found[str(n)] for n in range(1, MOST + 1)]
    labels = [str(n) for n in range(1, MOST)] + [f"{MOST}+"]
    drawn = max((n for counts in series.values() for n, c in enumerate(counts, 1) if c), default=0)
    # the empty end of the axis is left out, not its beginning
    drawn = max(drawn, AXIS)
    return {
        "labels": labels[:drawn],
        "series": {kind: counts[:drawn] for kind, counts in series.items()},
    }


def _families(documents: list[dict[str, Any]], days: int) -> list[dict[str, Any]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        for family, metrics in document["families"].items():
            row = found[family]
            for metric, (contacts, customers) in metrics.items():
                name, _, span = metric.rpartition("_")
                if span == str(days):
                    row[name] += contacts
                    row[f"{name}_people"] += customers
    rows = [
        {
            "family": wording.label(wording.FAMILIES, family),
            "attempts": row["attempt"],
            "dialled": row["attempt_people"],
            "conversations": row["conversation"],
            "opt_outs": row["opt_out_people"],
            "complaints": row["complaint_people"],
            "opt_outs_rate": 10_000 * row["opt_out_people"] / row["attempt_people"]
            if row["attempt_people"]
            else None,
        }
        for family, row in found.items()
    ]
    return sorted(rows, key=lambda row: -row["attempts"])


def _caps(caps: list[dict[str, Any]], documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for cap in caps:
        counts = [document["caps"].get(cap["key"], [0, 0]) for document in documents]
        rows.append(
            {
                "rule": cap["rule"],
                "pack": cap["pack"],
                "sentence": cap[wording.language()],
                "full": sum(full for full, _ in counts),
                "near": sum(near for _, near in counts),
            }
        )
    return rows


def _top(documents: list[dict[str, Any]], branches: dict[int, Branch]) -> list[dict[str, Any]]:
    """The most contacted customers of the branches shown, masked."""
    # customer, attempts in 7, 30, 90 days, conversations in 7, 30, 90 days
    people = sorted(
        (person for document in documents for person in document["top"]),
        key=lambda person: (-person[2], -person[6], person[0]),
    )[:TOP]
    known = Customer.objects.in_bulk([person[0] for person in people])
    return [
        {
            "customer": known[pk],
            "name": mask_name(known[pk].name),
            "branch": branches.get(known[pk].branch_id, ""),
            "counts": counts,
        }
        for pk, *counts in people
        if pk in known
    ]
