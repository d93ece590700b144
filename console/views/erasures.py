"""Requests to be forgotten: entered by one person, signed by another."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import Branch, User
from accounts.permissions import Page, branches_of, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import history
from audiences.finding import find
from audiences.models import Customer
from clock.reading import now as clock_now
from compliance.holding import held
from console.posted import words
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
    "recordings": gettext_lazy("Recordings"),
    "calls": gettext_lazy("Calls"),
    "conversations": gettext_lazy("Conversations"),
    "turns": gettext_lazy("Turns of dialogue"),
    "decisions": gettext_lazy("Decisions' facts"),
    "evidence": gettext_lazy("Pieces of evidence"),
    "messages": gettext_lazy("Text messages"),
    "remarks": gettext_lazy("Reasons and notes"),
}


class EntryForm(forms.Form):
    """Who wants to be forgotten, how they said so, and when."""

    q = forms.CharField(
        label=gettext_lazy("Customer id"),
        max_length=60,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("How it came"),
        choices=[("", gettext_lazy("Choose")), *CHANNELS.items()],
        error_messages={"required": gettext_lazy("Say how the request came.")},
    )
    received_on = forms.DateField(
        label=gettext_lazy("Received on"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("Give a day, such as 2026-03-10.")},
    )

    def __init__(self, *args: Any, branches: QuerySet[Branch], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branches, self.today = branches, today
        self.fields["received_on"].initial = today
        self.fields["received_on"].widget.attrs["max"] = today.isoformat()

    def clean_q(self) -> Customer:
        """One customer of the reader's branches, by the whole id."""
        found = find(str(self.cleaned_data["q"]), self.branches)
        if found.by == "number":
            raise forms.ValidationError(
                _("This is a telephone number, which several people may share: type the id.")
            )
        if len(found.customers) != 1:
            raise forms.ValidationError(_("No customer of yours has this id."))
        return found.customers[0]

    def clean_received_on(self) -> date:
        """Not in the future."""
        day: date = self.cleaned_data["received_on"]
        if day > self.today:
            raise forms.ValidationError(_("This day is still to come."))
        return day


@require_http_methods(["GET", "POST"])
@requires(Page.ERASURES)
def erasures(request: HttpRequest) -> HttpResponse:
    """Enter a request; and the list of them."""
    user = _user(request)
    form = EntryForm(request.POST or None, branches=branches_of(user), today=localdate(clock_now()))
    if request.method == "POST" and form.is_valid():
        made = _enter(form, user)
        if made is not None:
            messages.success(request, _("Entered. A second person must sign it."))
            return redirect("erasure", made.pk)
    found = ErasureRequest.objects.select_related("customer__branch", "maker")
    return render(
        request,
        "compliance/erasures.html",
        {
            "form": form,
            "requests": found.filter(customer__branch__in=branches_of(user)).order_by("-pk")[:200],
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
                    reason=words(request, "reason"),
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


def _enter(form: EntryForm, user: User) -> ErasureRequest | None:
    """The request; None when it is refused (the form says why)."""
    data = form.cleaned_data
    try:
        return erasing.request(
            customer=data["q"],
            channel=data["channel"],
            received_on=data["received_on"],
            maker=user,
        )
    except (erasing.ErasureRefused, ApprovalRefused) as refusal:
        form.add_error("q", refusal.sentence)
    return None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
