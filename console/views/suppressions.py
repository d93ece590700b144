"""Who said no. Found by a whole number or customer id, shown masked; ended by two people only.

Searching is a POST: a telephone number does not belong in an address. Who looks says why
(`accounts.personal_access`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import Page, may_sign, requires
from accounts.personal_access import (
    CHOICES,
    Why,
    clean_reference,
    is_open,
    note_opened,
    note_search,
    open_records,
)
from approvals.deciding import ApprovalRefused
from approvals.reading import history, pending
from audiences.domain.phone_numbers import normalize
from audiences.models import Customer
from campaigns import labels
from campaigns.domain.masking import mask_name
from clock.reading import now as clock_now
from compliance import case_wording, lifting, wording
from compliance.domain.facts import SuppressionSource
from compliance.models import LiftRequest, Suppression
from console.posted import words

SHOWN = 100
#: The least letters of a reason: 本人要求 is one, "-1" is none.
LEAST_LETTERS = 4


class SearchForm(forms.Form):
    """Whom somebody looks for, and why."""

    q = forms.CharField(
        label=gettext_lazy("Customer id or telephone number"),
        max_length=60,
        help_text=gettext_lazy(
            "The whole id or the whole number, in any spelling: 138 0013 8000, +86-138…, 0571-8888…"
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    why = forms.ChoiceField(
        label=gettext_lazy("Why do you look?"),
        choices=[("", gettext_lazy("Choose a reason")), *CHOICES.items()],
        error_messages={
            "required": gettext_lazy("Choose why you look at this person."),
            "invalid_choice": gettext_lazy("Choose why you look at this person."),
        },
    )


class AskForm(forms.Form):
    """Why a refusal should end, and where that is proven."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Give a reason.")},
        widget=forms.TextInput(
            attrs={
                "placeholder": gettext_lazy(
                    "For example: the customer asked in the branch to be informed again"
                )
            }
        ),
    )
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say where its evidence is kept.")},
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("For example: signed form, file number")}
        ),
    )

    def clean_reason(self) -> str:
        """Words that the second person can weigh, not a sign to get past the field."""
        reason = str(self.cleaned_data["reason"])
        if sum(letter.isalpha() for letter in reason) < LEAST_LETTERS:
            raise forms.ValidationError(
                ngettext(
                    "Say it in words, with at least %(n)d letter or character.",
                    "Say it in words, with at least %(n)d letters or characters.",
                    LEAST_LETTERS,
                )
                % {"n": LEAST_LETTERS}
            )
        return reason


@require_http_methods(["GET", "POST"])
@requires(Page.SUPPRESSIONS)
def search(request: HttpRequest) -> HttpResponse:
    """Ask for a whole number or id; below, the requests that wait."""
    form = SearchForm(request.POST or None)
    rows = None
    if request.method == "POST" and form.is_valid():
        by, found = _find(form.cleaned_data["q"])
        note_search(request, by=by, found=len(found), why=Why(form.cleaned_data["why"]))
        if by:
            open_records(request, [f"suppression:{one.pk}" for one in found])
            rows = [_row(one) for one in found]
        else:
            form.add_error(
                "q",
                _(
                    "This is neither a whole telephone number nor the id of a customer: it says "
                    "nothing about refusals. Check it and search again."
                ),
            )
    asked = LiftRequest.objects.filter(closed_at__isnull=True).select_related("maker")
    return render(
        request,
        "compliance/suppressions.html",
        {"form": form, "rows": rows, "asked": asked.order_by("pk")[:SHOWN]},
    )


@require_http_methods(["GET", "POST"])
@requires(Page.SUPPRESSIONS)
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One refusal with what was written down with it, and the form to ask for its end."""
    found = get_object_or_404(_entries(), pk=entry_id)
    subject = f"suppression:{found.pk}"
    if not is_open(request, subject):
        return _ask_why(request, found, subject)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = lifting.ask(found, maker=_user(request), **form.cleaned_data)
        except (lifting.LiftRefused, ApprovalRefused) as refused:
            messages.error(request, refused.sentence)
        else:
            messages.success(request, _("It waits for a second person's signature."))
            return redirect("unsuppression", asked.pk)
    note_opened(request, subject)
    requests = LiftRequest.objects.filter(suppression=found).order_by("-pk")
    return render(
        request,
        "compliance/suppression.html",
        {
            **_row(found),
            "together": [_row(one) for one in lifting.together_with(found)],
            "requests": requests,
            "open": next((one for one in requests if one.closed_at is None), None),
            "form": form,
            "may_ask": found.lifted_at is None
            and found.source != SuppressionSource.REGISTER
            and not found.evidence.get("suspected"),
        },
    )


def _ask_why(request: HttpRequest, entry: Suppression, subject: str) -> HttpResponse:
    """Nothing of it before a reason is given, as the search demands one too."""
    why = next((why for why in CHOICES if why.value == request.POST.get("why")), None)
    if why is not None:
        reference = clean_reference(request.POST.get("reference", ""))
        note_opened(request, subject, why=why.value, reference=reference)
        open_records(request, [subject])
        return redirect("suppression", entry.pk)
    if request.method == "POST":
        messages.error(request, _("Choose why you look at this person."))
    return render(request, "compliance/suppression_ask.html", {"entry": entry, "reasons": CHOICES})


@require_GET
@requires(Page.SUPPRESSIONS)
def unsuppression(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request: what would end, why, and the second signature."""
    asked = _request_of(request_id)
    user = _user(request)
    waiting = pending(lifting.subject_of(asked), clock_now())
    entries = _entries().filter(pk__in=asked.entries).order_by("pk")
    decided = history(lifting.subject_of(asked)).first()
    return render(
        request,
        "compliance/unsuppression.html",
        {
            "asked": asked,
            "rows": [_row(one) for one in entries],
            "waiting": waiting,
            "approval": decided,
            "label": labels.APPROVAL[decided.state] if decided else "",
            "content_hash": lifting.content_of(asked),
            "mine": asked.maker_id == user.pk,
            "may_sign": waiting is not None
            and asked.maker_id != user.pk
            and may_sign(user, "unsuppression"),
        },
    )


@require_POST
@requires(Page.SUPPRESSIONS)
def step(request: HttpRequest, request_id: int, step: str) -> HttpResponse:
    """Sign, return or withdraw, and say what happened."""
    asked = _request_of(request_id)
    user = _user(request)

    def sign() -> str:
        lifted = lifting.sign(
            asked, checker=user, content_hash=request.POST.get("content_hash", "")
        )
        return ngettext("%(n)d entry has ended.", "%(n)d entries have ended.", len(lifted)) % {
            "n": len(lifted)
        }

    def send_back() -> str:
        lifting.send_back(asked, checker=user, reason=words(request, "reason"))
        return _("Returned. The refusal stands.")

    def withdraw() -> str:
        lifting.withdraw(asked, actor=user)
        return _("Withdrawn.")

    steps: dict[str, Callable[[], str]] = {
        "sign": sign,
        "return": send_back,
        "withdraw": withdraw,
    }
    act = steps.get(step)
    if act is None:
        return HttpResponse(status=404)
    try:
        messages.success(request, act())
    except (lifting.LiftRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
    return redirect("unsuppression", request_id)


def _entries() -> QuerySet[Suppression]:
    return Suppression.objects.select_related("customer", "number", "register", "product")


def _find(query: str) -> tuple[str, list[Suppression]]:
    """Every entry of a customer and their numbers, or of a number and those called on it.

    By "" for what is neither a whole number nor the id of anybody: nothing found then means
    nothing, and "nobody has refused" would be told to a complainant who did.
    """
    number = normalize(query, "CN").e164
    customers = Customer.objects.filter(bank_id__in={query, query.upper()})
    whom = Q(customer__in=customers) | Q(number__customers__in=customers)
    if number is not None:
        whom |= Q(number__e164=number) | Q(customer__numbers__e164=number)
    elif not customers.exists():
        return "", []
    found = _entries().filter(whom).distinct().order_by("lifted_at", "-since", "pk")
    return ("number" if number is not None else "bank_id"), list(found[:SHOWN])


def _row(one: Suppression) -> dict[str, Any]:
    ended = one.lifted_at is not None
    scope = [
        wording.label(table, code)
        for table, code in (
            (wording.FAMILIES, one.product_family),
            (wording.PURPOSES, one.purpose),
        )
        if code
    ]
    return {
        "entry": one,
        "source": wording.SUPPRESSIONS[one.source],
        "via": wording.label(case_wording.ORIGINS, one.via),
        "who": str(one.number) if one.number else one.customer.bank_id if one.customer else "–",
        "name": mask_name(one.customer.name) if one.customer else "",
        "scope": " · ".join([str(one.product), *scope] if one.product else scope),
        "suspected": bool(one.evidence.get("suspected")),
        "ended": ended,
        "words": str(one.evidence.get("text", ""))[:200],
    }


def _request_of(request_id: int) -> LiftRequest:
    return get_object_or_404(
        LiftRequest.objects.select_related("suppression", "maker"), pk=request_id
    )


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
