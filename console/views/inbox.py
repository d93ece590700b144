"""The branch manager's inbox: lists that wait for a signature, and one list with all to judge it.

Objects come from `_list_of` only: a list of another branch, or one that was never submitted, is
404. Each POST calls one function of campaigns and comes back to the page with what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, branches_of, requires
from approvals.deciding import ApprovalRefused
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval
from approvals.reading import history
from campaigns import approving, labels, reasons
from campaigns.domain.forecast import Assumptions, estimate
from campaigns.domain.list_state import ListState
from campaigns.errors import StepRefused
from campaigns.models import TargetList
from campaigns.reading import subject_of, void_parts
from campaigns.showing import sample, search, spoken_lines, taken_out
from clock.reading import now as clock_now
from compliance.outcome_wording import outcome_label
from console.posted import sought, words

DECIDED_SHOWN = 30


@require_GET
@requires(Page.INBOX)
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for this user's branches, the most urgent first; below, what was decided."""
    lists = _lists_of(request)
    waiting = list(lists.filter(state=ListState.SUBMITTED.value).order_by("campaign__ends_at"))
    decided = list(lists.exclude(state=ListState.SUBMITTED.value).order_by("-pk")[:DECIDED_SHOWN])
    asked = _approvals([target_list.pk for target_list in waiting + decided])
    return render(
        request,
        "inbox/inbox.html",
        {
            "waiting": [_row(one, asked.get(one.pk)) for one in waiting],
            "decided": [_row(one, asked.get(one.pk)) for one in decided],
            "now": clock_now(),
        },
    )


@require_GET
@requires(Page.INBOX)
def list_page(request: HttpRequest, list_id: int) -> HttpResponse:
    """One list: counts and reasons, sample, words, product, forecast, and the decision."""
    target_list = _list_of(request, list_id)
    campaign = target_list.campaign
    counts = target_list.counts
    query = sought(request, "q")
    blocked = counts.get("blocked", {})
    assumed = Assumptions()
    approvals = list(history(subject_of(list_id)))
    decidable = target_list.state == ListState.SUBMITTED and approving.may_decide(
        _user(request), target_list
    )
    return render(
        request,
        "inbox/list.html",
        {
            "list": target_list,
            "campaign": campaign,
            "state": labels.LIST[target_list.state],
            "counts": counts,
            "blocked_total": sum(blocked.values()),
            "reasons": reasons.rows(blocked, counts.get("basis", {})),
            "people": sample(target_list),
            "lines": spoken_lines(campaign),
            "caller_ids": list(campaign.caller_ids.order_by("pk")),
            "assumed": assumed,
            "estimate": estimate(counts.get("eligible", 0), campaign.max_lines, assumed),
            "query": query,
            "found": search(target_list, query) if decidable else [],
            "taken_out": taken_out(target_list),
            "decidable": decidable,
            "void": [labels.PART[part] for part in void_parts(target_list)],
            "approval": approvals[0] if approvals else None,
            "history": [
                {"approval": one, "label": labels.APPROVAL[one.state]}
                for one in approvals
                if one.state != ApprovalState.PENDING
            ],
            "retry_plan": sorted(
                (outcome_label(name), minutes) for name, minutes in campaign.retry_plan.items()
            ),
        },
    )


@require_POST
@requires(Page.INBOX)
def approve(request: HttpRequest, list_id: int) -> HttpResponse:
    """Sign the list as it was shown (its content hash comes with the form)."""
    target_list = _list_of(request, list_id)

    def act() -> str:
        due = approving.approve_list(
            target_list,
            _user(request),
            request.POST.get("content_hash", ""),
            words(request, "note"),
        )
        return ngettext(
            "Approved: %(n)d customer may be called.",
            "Approved: %(n)d customers may be called.",
            due,
        ) % {"n": due}

    return redirect("inbox") if _try(request, act) else redirect("inbox-list", list_id)


@require_POST
@requires(Page.INBOX)
def send_back(request: HttpRequest, list_id: int) -> HttpResponse:
    """Return the list with a reason."""
    target_list = _list_of(request, list_id)

    def act() -> str:
        approving.send_back(target_list, _user(request), words(request, "reason", 500))
        return _("Returned. The reason has gone to marketing.")

    return redirect("inbox") if _try(request, act) else redirect("inbox-list", list_id)


@require_POST
@requires(Page.INBOX)
def take_out(request: HttpRequest, list_id: int) -> HttpResponse:
    """Take the ticked customers out, with a reason."""
    target_list = _list_of(request, list_id)

    def act() -> str:
        out = approving.exclude(
            target_list, _ticked(request), _user(request), words(request, "reason")
        )
        return ngettext("%(n)d customer was taken out.", "%(n)d customers were taken out.", out) % {
            "n": out
        }

    _try(request, act)
    return redirect("inbox-list", list_id)


@require_POST
@requires(Page.INBOX)
def put_back(request: HttpRequest, list_id: int) -> HttpResponse:
    """Put the ticked customers back."""
    target_list = _list_of(request, list_id)

    def act() -> str:
        back = approving.include(target_list, _ticked(request), _user(request))
        return ngettext("%(n)d customer is back.", "%(n)d customers are back.", back) % {"n": back}

    _try(request, act)
    return redirect("inbox-list", list_id)


def _lists_of(request: HttpRequest) -> QuerySet[TargetList]:
    """Submitted and decided lists of the user's branches; never those not yet submitted."""
    return (
        TargetList.objects.filter(branch__in=branches_of(_user(request)))
        .exclude(content_hash="")
        .select_related("branch", "campaign__product", "campaign__script_version__script")
    )


def _list_of(request: HttpRequest, list_id: int) -> TargetList:
    return get_object_or_404(_lists_of(request), pk=list_id)


def _approvals(list_ids: list[int]) -> dict[int, Approval]:
    """The newest request of each list."""
    subjects = {subject_of(pk): pk for pk in list_ids}
    rows = (
        Approval.objects.filter(subject__in=subjects)
        .select_related("maker", "checker")
        .order_by("pk")
    )
    return {subjects[row.subject]: row for row in rows}


def _row(target_list: TargetList, approval: Approval | None) -> dict[str, Any]:
    blocked = target_list.counts.get("blocked", {})
    top = sorted(blocked.items(), key=lambda item: -item[1])[:2]
    return {
        "list": target_list,
        "state": labels.LIST[target_list.state],
        "approval": approval,
        "blocked": sum(blocked.values()),
        "top": [(reasons.sentence(code), count) for code, count in top],
    }


def _try(request: HttpRequest, act: Callable[[], str]) -> bool:
    """Do it; tell the person what happened, or why it did not."""
    try:
        messages.success(request, act())
    except (StepRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
        return False
    return True


def _ticked(request: HttpRequest) -> list[int]:
    return [int(value) for value in request.POST.getlist("lead") if value.isdigit()]


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
