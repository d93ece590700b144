"""Head office's common inbox: everything that waits for a second person, whatever it is.

It lists and links; each thing is read and signed on its own page, where its content can be seen.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Page, requires
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval
from approvals.reading import asked_by, settled_for, waiting_for
from campaigns import labels
from clock.reading import now as clock_now
from console.approval_kinds import address_of, label_of, title_of

WAITING_SHOWN = 200
SETTLED_SHOWN = 30


@require_GET
@requires(Page.APPROVALS)
def inbox(request: HttpRequest) -> HttpResponse:
    """What this user can decide, what they asked for themselves, and what was decided lately."""
    assert isinstance(request.user, User)
    now = clock_now()
    waiting = waiting_for(request.user, now)
    return render(
        request,
        "compliance/inbox.html",
        {
            "waiting_count": waiting.count(),
            "waiting": [_row(one) for one in waiting[:WAITING_SHOWN]],
            "asked": [_row(one) for one in asked_by(request.user, now)[:WAITING_SHOWN]],
            "settled": [_row(one) for one in settled_for(request.user, now)[:SETTLED_SHOWN]],
        },
    )


#: The colour of a state's badge.
_BADGES = {
    ApprovalState.APPROVED: "ok",
    ApprovalState.RETURNED: "bad",
}


def _row(approval: Approval) -> dict[str, Any]:
    state = ApprovalState(approval.state)
    # one that nobody decided in time is marked so by a sweeper, sooner or later
    shown = ApprovalState.EXPIRED if state is ApprovalState.PENDING else state
    return {
        "approval": approval,
        "title": title_of(approval),
        "kind": label_of(approval.subject),
        "address": address_of(approval.subject),
        "state": labels.APPROVAL[shown],
        "badge": _BADGES.get(shown, ""),
    }
