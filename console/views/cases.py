"""Complaints as cases: the list with its terms, and opening one from any telephone number.

A branch sees its own cases, head office all; whoever is complained of sees none of theirs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.permissions import SEES_ALL_BRANCHES, Page, branches_of, requires, roles_of
from accounts.personal_access import clean_reference
from audiences.domain.phone_numbers import normalize
from audiences.models import Customer, Number
from audiences.wording import row_reason_sentence
from clock.reading import now as clock_now
from compliance import case_wording, cases
from compliance.complaints import open_case
from compliance.domain.case_state import OPEN, CaseState
from compliance.domain.case_terms import DUE_SOON, FORWARD_SOON, CaseChannel, urgency
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


@require_http_methods(["GET", "POST"])
@requires(Page.CASES)
def new(request: HttpRequest) -> HttpResponse:
    """Open a case from a telephone number (of anybody) or a customer id; the person is not called
    from then on.
    """
    form = OpeningForm(request.POST or None, branches=branches_of(user_of(request)))
    if request.method == "POST" and form.is_valid():
        case = _open(request, form)
        messages.success(
            request, _("The case is open. Nobody calls this person for marketing any more.")
        )
        return redirect("case", case.pk)
    return render(request, "compliance/case_new.html", {"form": form})


class OpeningForm(forms.Form):
    """Who complained, where, of what; number or customer id, or both."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Where it came in"),
        choices=[(channel.value, case_wording.CHANNELS[channel]) for channel in CaseChannel],
    )
    reference = forms.CharField(
        label=gettext_lazy("Their reference"), max_length=40, required=False, strip=True
    )
    number = forms.CharField(
        label=gettext_lazy("Telephone number that was called"), max_length=60, required=False
    )
    bank_id = forms.CharField(label=gettext_lazy("Customer id"), max_length=40, required=False)
    received = forms.DateTimeField(
        label=gettext_lazy("Received"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("Terms count from here; empty means now."),
    )
    text = forms.CharField(
        label=gettext_lazy("What they say"), max_length=4000, widget=forms.Textarea
    )

    def __init__(self, *args: Any, branches: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branches = branches
        self.customer: Customer | None = None
        self.e164 = self.kind = ""

    def clean_number(self) -> str:
        """Any spelling; what is no one line is refused with its reason."""
        text = str(self.cleaned_data["number"]).strip()
        if not text:
            return ""
        found = normalize(text, "CN")
        if found.e164 is None:
            raise forms.ValidationError(row_reason_sentence(found.reason or ""))
        self.e164, self.kind = found.e164, found.kind
        return found.e164

    def clean_bank_id(self) -> str:
        """A customer of the opener's branches."""
        text = str(self.cleaned_data["bank_id"]).strip()
        if text:
            self.customer = Customer.objects.filter(bank_id=text, branch__in=self.branches).first()
            if self.customer is None:
                raise forms.ValidationError(_("No customer of yours has this id."))
        return text

    def clean_received(self) -> datetime | None:
        """Not in the future."""
        at: datetime | None = self.cleaned_data["received"]
        if at is not None and at > clock_now():
            raise forms.ValidationError(_("This moment is still to come."))
        return at

    def clean(self) -> dict[str, Any]:
        """One of the two must be there."""
        if not self.errors and not self.e164 and self.customer is None:
            raise forms.ValidationError(_("Give a telephone number or a customer id."))
        return self.cleaned_data


def _open(request: HttpRequest, form: OpeningForm) -> Complaint:
    number: Number | None = cases.number_for_case(form.e164, form.kind) if form.e164 else None
    customer = form.customer or _only_owner(number)
    data = form.cleaned_data
    return open_case(
        customer_id=customer.pk if customer is not None else None,
        number_id=number.pk if number is not None else None,
        source=data["channel"],
        evidence={"opened_by": user_of(request).pk},
        at=clock_now(),
        text=data["text"].strip(),
        reference=clean_reference(data["reference"]),
        received_at=data["received"],
        branch_id=user_of(request).branch_id,
        actor_id=user_of(request).pk,
    )


def _only_owner(number: Number | None) -> Customer | None:
    """The customer of a number that nobody shares."""
    owners = list(number.customers.all()[:2]) if number is not None else []
    return owners[0] if len(owners) == 1 else None


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
