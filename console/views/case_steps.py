"""The steps of a case: hand on, extend, answer, close, reopen, hold; and what came of a cause.

What a form cannot take comes back on the page with what was typed; what the case refuses (it moved
on, somebody else handles it) is said above it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import PAGES, Page, requires
from clock.reading import now as clock_now
from compliance import case_wording, cases, holding
from compliance.models import Complaint
from console.case_forms import (
    AnswerForm,
    AssignForm,
    CaseForm,
    CloseForm,
    ExtendForm,
    HoldForm,
    ReleaseForm,
    RemedyForm,
    ReopenForm,
)
from console.views.case import case_of, case_page, findings_page
from console.views.cases import user_of
from insights.complaint_parties import Parties, handlers, owners


@require_POST
@requires(Page.CASES)
def answer(request: HttpRequest, case_id: int) -> HttpResponse:
    """The handler's answer."""
    found, about = case_of(request, case_id)
    form = AnswerForm(request.POST)
    return _try(
        request,
        found,
        about,
        form,
        lambda: cases.answer(
            found,
            text=form.cleaned_data["text"],
            actor_id=user_of(request).pk,
            at=clock_now(),
        ),
        _("Answered."),
    )


@require_POST
@requires(Page.CASE_STEERING)
def step(request: HttpRequest, case_id: int, name: str) -> HttpResponse:
    """Hand on, extend, close, reopen."""
    found, about = case_of(request, case_id)
    steps = {"assign": _assign, "extend": _extend, "close": _close, "reopen": _reopen}
    if name not in steps:
        raise Http404
    return steps[name](request, found, about)


@require_POST
@requires(Page.CASE_STEERING)
def hold(request: HttpRequest, case_id: int) -> HttpResponse:
    """Keep everything about the person of this case, or (somebody else) let go of it."""
    found, about = case_of(request, case_id)
    if "release" in request.POST:
        return _release(request, found, about)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return case_page(request, found, about, form)
    if found.customer_id is None and found.number_id is None:
        messages.error(request, _("This case names nobody to hold."))
        return redirect("case", found.pk)
    holding.place(
        customer_id=found.customer_id,
        number_id=found.number_id,
        reason=form.cleaned_data["reason"],
        actor_id=user_of(request).pk,
        at=clock_now(),
        case_id=found.pk,
    )
    messages.success(request, _("Nothing about this person is erased from now on."))
    return redirect("case", found.pk)


@require_POST
@requires(Page.FINDINGS)
def remedy(request: HttpRequest, case_id: int) -> HttpResponse:
    """What the owner did about it."""
    found = get_object_or_404(Complaint, pk=case_id, owner=user_of(request))
    form = RemedyForm(request.POST, auto_id=f"remedy-{case_id}-%s")
    if not form.is_valid():
        return findings_page(request, found, form)
    text = form.cleaned_data["text"]
    try:
        cases.remedy(found, text=text, actor_id=user_of(request).pk, at=clock_now())
        messages.success(request, _("Noted. The case shows it."))
    except cases.CaseRefused as refused:
        messages.error(request, str(case_wording.REFUSALS[refused.code]))
    return redirect("findings")


def _release(request: HttpRequest, found: Complaint, about: Parties) -> HttpResponse:
    form = ReleaseForm(
        request.POST,
        case_id=found.pk,
        auto_id=f"release-{request.POST['release'][:20]}-%s",
    )
    if not form.is_valid():
        if "release" in form.errors:
            raise Http404
        return case_page(request, found, about, form)
    try:
        ended = holding.release(
            hold_id=form.cleaned_data["release"].pk,
            actor_id=user_of(request).pk,
            reason=form.cleaned_data["reason"],
            at=clock_now(),
        )
    except holding.HoldRefused:
        messages.error(request, _("Who placed a hold does not release it."))
    else:
        if ended:
            messages.success(request, _("The hold is released."))
        else:
            messages.warning(request, _("Somebody has released it already."))
    return redirect("case", found.pk)


def _assign(request: HttpRequest, found: Complaint, about: Parties) -> HttpResponse:
    able = handlers(found, about.ids, PAGES[Page.CASES])
    form = AssignForm(request.POST, handlers=able, barred=about.ids)
    return _try(
        request,
        found,
        about,
        form,
        lambda: cases.assign(
            found,
            handler_id=form.cleaned_data["handler"],
            actor_id=user_of(request).pk,
            barred=about.ids,
            at=clock_now(),
        ),
        _("Handed on."),
    )


def _extend(request: HttpRequest, found: Complaint, about: Parties) -> HttpResponse:
    form = ExtendForm(request.POST)
    return _try(
        request,
        found,
        about,
        form,
        lambda: cases.extend(
            found,
            reason=form.cleaned_data["reason"],
            actor_id=user_of(request).pk,
            at=clock_now(),
        ),
        _("The term is extended."),
    )


def _close(request: HttpRequest, found: Complaint, about: Parties) -> HttpResponse:
    form = CloseForm(request.POST, owners=owners(about), barred=about.ids)
    return _try(
        request,
        found,
        about,
        form,
        lambda: cases.close(
            found,
            cause=form.cleaned_data["cause"],
            note=form.cleaned_data["note"],
            upheld=form.cleaned_data["upheld"] == "yes",
            owner_id=form.cleaned_data["owner"],
            product_id=about.product_id,
            script_version_id=about.script_version_id,
            actor_id=user_of(request).pk,
            at=clock_now(),
        ),
        _("Closed. The cause has gone to its owner.")
        if request.POST.get("owner")
        else _("Closed. The cause went to nobody."),
    )


def _reopen(request: HttpRequest, found: Complaint, about: Parties) -> HttpResponse:
    form = ReopenForm(request.POST)
    return _try(
        request,
        found,
        about,
        form,
        lambda: cases.reopen(
            found,
            reason=form.cleaned_data["reason"],
            actor_id=user_of(request).pk,
            at=clock_now(),
        ),
        _("The case is open again."),
    )


def _try(
    request: HttpRequest,
    found: Complaint,
    about: Parties,
    form: CaseForm,
    act: Callable[[], None],
    said: str,
) -> HttpResponse:
    """Take a step, or show the page again with the form that could not be taken."""
    if not form.is_valid():
        return case_page(request, found, about, form)
    try:
        act()
    except cases.CaseRefused as refused:
        messages.error(request, str(case_wording.REFUSALS[refused.code]))
        return case_page(request, *case_of(request, found.pk), form)
    messages.success(request, said)
    return redirect("case", found.pk)
