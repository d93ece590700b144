"""Complaints as cases: the list with its terms, and whose cases a reader sees.

A branch sees its own cases, head office all; whoever is complained of sees none of theirs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import SEES_ALL_BRANCHES, Page, branches_of, requires, roles_of
from clock.reading import now as clock_now
from compliance import case_wording, cases
from compliance.domain.case_state import OPEN, CaseState
from compliance.domain.case_terms import DUE_SOON, FORWARD_SOON, urgency
from compliance.models import Complaint

PER_PAGE = 50
_OPEN = [state.value for state in OPEN]


@require_GET
@requires(Page.CASES)
def index(request: HttpRequest) -> HttpResponse:
    """The cases of this reader, the most urgent first; filters by what is asked of them."""
    now = clock_now()
    cases.remind(now)
    bounded = cases_of(request)
    pressing = cases.pressing(bounded, now)
    counts = {
        "pressing": pressing.count(),
        "open": bounded.filter(state__in=_OPEN).count(),
        "mine": bounded.filter(handler=user_of(request), state__in=_OPEN).count(),
        "answered": bounded.filter(state=CaseState.ANSWERED.value).count(),
    }
    wanted = request.GET.get("show", "open")
    chosen = {
        "pressing": pressing.order_by("due_at"),
        "mine": bounded.filter(handler=user_of(request), state__in=_OPEN).order_by("due_at"),
        "answered": bounded.filter(state=CaseState.ANSWERED.value).order_by("-answered_at"),
        "closed": bounded.filter(state=CaseState.CLOSED.value).order_by("-closed_at"),
    }.get(wanted, bounded.filter(state__in=_OPEN).order_by("due_at"))
    page = Paginator(
        chosen.select_related("customer", "number", "branch", "handler"), PER_PAGE
    ).get_page(request.GET.get("page"))
    return render(
        request,
        "compliance/cases.html",
        {
            "rows": [case_row(case, now) for case in page],
            "page": page,
            "counts": counts,
            "show": wanted if wanted in {*counts, "closed"} else "open",
            "pager_query": f"&show={wanted}" if wanted in {*counts, "closed"} else "",
        },
    )


# --- whose cases ---------------------------------------------------------------------------------


def cases_of(request: HttpRequest) -> QuerySet[Complaint]:
    """The cases a reader may see: head office all, a branch its own; never those about them."""
    user = user_of(request)
    seen = Q(branch__in=branches_of(user)) | Q(handler=user)
    if user.is_superuser or roles_of(user) & SEES_ALL_BRANCHES:
        seen |= Q(branch__isnull=True)
    return Complaint.objects.filter(seen).exclude(complained_of__contains=[user.pk])


def pressing_count(request: HttpRequest) -> int:
    """Cases of this reader with a term that is over or ends soon."""
    now = clock_now()
    cases.remind(now)
    return cases.pressing(cases_of(request), now).count()


def case_row(case: Complaint, now: datetime) -> dict[str, Any]:
    """A case as the list shows it."""
    is_open = case.state in _OPEN
    to_hand_on = case.state == CaseState.OPENED and case.forward_due_at is not None
    term, soon = (case.forward_due_at, FORWARD_SOON) if to_hand_on else (case.due_at, DUE_SOON)
    return {
        "case": case,
        "channel": case_wording.CHANNELS.get(case.channel, case.channel),
        "state": case_wording.STATES[case.state],
        "term": term if is_open else None,
        "urgency": case_wording.URGENCIES[urgency(term, now, soon)] if is_open else None,
        "cause": case_wording.CAUSES.get(case.cause, ""),
    }


def user_of(request: HttpRequest) -> User:
    """Who asks."""
    assert isinstance(request.user, User)
    return request.user
