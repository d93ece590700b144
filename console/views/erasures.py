"""Requests to be forgotten: entered by one person, signed by another."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import Page, branches_of, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import history
from audiences.finding import find
from clock.reading import now as clock_now
from compliance.holding import held
from evidence import erasing
from evidence.models import ErasureRequest

#: Words for `erasing.CHANNELS`.
CHANNELS: dict[str, str | Promise] = {
    "branch": gettext_lazy("In a branch"),
    "phone": gettext_lazy("By telephone"),
    "app": gettext_lazy("In the app"),
    "letter": gettext_lazy("By letter"),
    "email": gettext_lazy("By e-mail"),
}
#: Words for what `ErasureRequest.erased` counts.
ERASED: dict[str, str | Promise] = {
    "numbers": gettext_lazy("Links to numbers"),
    "calls": gettext_lazy("Calls"),
    "conversations": gettext_lazy("Conversations"),
    "turns": gettext_lazy("Turns of dialogue"),
    "decisions": gettext_lazy("Decisions' facts"),
    "evidence": gettext_lazy("Pieces of evidence"),
}


@require_http_methods(["GET", "POST"])
@requires(Page.ERASURES)
def erasures(request: HttpRequest) -> HttpResponse:
    """Enter a request; and the list of them."""
    user = _user(request)
    if request.method == "POST":
        made = _enter(request, user)
        if made is not None:
            messages.success(request, _("Entered. A second person must sign it."))
            return redirect("erasure", made.pk)
    found = ErasureRequest.objects.select_related("customer__branch", "maker")
    return render(
        request,
        "compliance/erasures.html",
        {
            "channels": CHANNELS,
            "requests": found.filter(customer__branch__in=branches_of(user)).order_by("-pk")[:200],
            "today": clock_now().date(),
        },
    )


@require_http_methods(["GET", "POST"])
@requires(Page.ERASURES)
def one(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request: what would be erased, who signs, what became of it."""
    user = _user(request)
    found = get_object_or_404(
        ErasureRequest.objects.select_related("customer__branch", "maker"),
        pk=request_id,
        customer__branch__in=branches_of(user),
    )
    approval = erasing.approval_of(found)
    signs = approval is not None and approval.maker_id != user.pk and may_sign(user, "erasure")
    if request.method == "POST":
        if approval is None or not signs:
            messages.error(request, _("Somebody else than who entered it must sign."))
            return redirect("erasure", found.pk)
        try:
            if request.POST.get("step") == "sign":
                erasing.sign(request=found, approval=approval, checker=user)
                messages.success(request, _("Erased."))
            else:
                erasing.refuse(
                    request=found,
                    approval=approval,
                    checker=user,
                    reason=request.POST.get("reason", ""),
                )
                messages.success(request, _("Sent back."))
        except (erasing.ErasureRefused, ApprovalRefused) as refusal:
            messages.error(request, refusal.sentence)
        return redirect("erasure", found.pk)
    return render(
        request,
        "compliance/erasure.html",
        {
            "request_row": found,
            "channel": CHANNELS.get(found.channel, found.channel),
            "erased": [(ERASED.get(name, name), count) for name, count in found.erased.items()],
            "approval": approval,
            "signs": signs,
            "held": bool(held([found.customer_id])),
            "history": history(erasing.subject_of(found)),
        },
    )


def _enter(request: HttpRequest, user: User) -> ErasureRequest | None:
    channel = request.POST.get("channel", "")
    try:
        received_on = date.fromisoformat(request.POST.get("received_on", ""))
    except ValueError:
        received_on = None
    found = find(request.POST.get("q", ""), branches_of(user))
    if found.by != "bank_id" or len(found.customers) != 1:
        messages.error(request, _("Type the whole id of one customer."))
    elif channel not in CHANNELS or received_on is None or received_on > clock_now().date():
        messages.error(request, _("Say how the request came, and on which day."))
    else:
        try:
            return erasing.request(
                customer=found.customers[0], channel=channel, received_on=received_on, maker=user
            )
        except (erasing.ErasureRefused, ApprovalRefused) as refusal:
            messages.error(request, refusal.sentence)
    return None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
