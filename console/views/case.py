"""One case: what happened, who handles it by when, the answer, the cause, its file to export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import PAGES, Page, may, requires
from accounts.personal_access import Why, is_open, note_opened, open_person
from campaigns.domain.masking import mask_name
from clock.reading import now as clock_now
from compliance import case_wording, cases, holding, wording
from compliance.domain.case_state import TRANSITIONS, CaseState
from compliance.domain.case_terms import MOST_EXTENSIONS
from compliance.models import Complaint, LegalHold
from compliance.outcome_wording import outcome_label
from console.views.cases import case_row, cases_of, user_of
from dialer.domain.recording_state import RecordingState
from dialer.models import Call, Recording
from dialer.recordings import file_of
from insights.case_file import CaseFile, gather
from insights.complaint_parties import Parties, handlers, owners, parties, person_of


@require_GET
@requires(Page.CASES)
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One case with everything behind it; opening it is written down."""
    found, about = _case_of(request, case_id)
    note_opened(request, f"complaint:{found.pk}", customer=found.customer_id)
    if found.customer_id is not None and not is_open(request, found.customer_id):
        open_person(request, found.customer_id, Why.CASE, f"case-{found.pk}")
    now = clock_now()
    user = user_of(request)
    state = CaseState(found.state)
    following = TRANSITIONS[state]
    steers = may(user, Page.CASE_STEERING)
    file = gather(found, now)
    return render(
        request,
        "compliance/case.html",
        {
            **case_row(found, now),
            "beside": cases_of(request)
            .filter(pk__in=found.evidence.get("beside", []))
            .values_list("pk", flat=True),
            "name": mask_name(found.customer.name) if found.customer is not None else "",
            "file": file,
            "calls": _calls(file),
            "suppressions": _suppressions(file),
            "steps": [
                {"step": case_wording.STEPS.get(one.step, one.step), "event": one}
                for one in found.events.select_related("actor").order_by("at", "pk")
            ],
            "holds": LegalHold.objects.filter(case=found).select_related("placed_by"),
            "barred": list(User.objects.filter(pk__in=about.ids).order_by("username")),
            "handlers": handlers(found, about.ids, PAGES[Page.CASES]) if steers else [],
            "owners": owners(about) if steers else [],
            "causes": case_wording.CAUSES,
            "may_assign": steers
            and state in {CaseState.OPENED, CaseState.ASSIGNED, CaseState.EXTENDED},
            "may_extend": steers
            and CaseState.EXTENDED in following
            and found.extensions < MOST_EXTENSIONS,
            "may_answer": CaseState.ANSWERED in following and found.handler_id == user.pk,
            "may_close": steers and CaseState.CLOSED in following,
            "may_reopen": steers and state in {CaseState.ANSWERED, CaseState.CLOSED},
            "may_hold": steers,
            "may_see_why": may(user, Page.WHY),
        },
    )


def _calls(file: CaseFile) -> list[dict[str, Any]]:
    return [{**call, "label": outcome_label(call["outcome"])} for call in file.calls]


def _suppressions(file: CaseFile) -> list[dict[str, Any]]:
    return [
        {**one, "label": wording.label(wording.SUPPRESSIONS, one["source"])}
        for one in file.suppressions
    ]


@require_GET
@requires(Page.CASES)
def export(request: HttpRequest, case_id: int) -> HttpResponse:
    """The case's file as JSON, full number and words included; handing it out is written down."""
    found, _about = _case_of(request, case_id)
    note_opened(request, f"complaint:{found.pk}", customer=found.customer_id, export="json")
    answer = JsonResponse(
        gather(found, clock_now()).document(),
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    answer["Content-Disposition"] = f'attachment; filename="case-{found.pk}.json"'
    return answer


@require_GET
@requires(Page.CASES)
def statement(request: HttpRequest, case_id: int) -> HttpResponse:
    """The case's file to print: for a regulator, or that no call of ours was placed."""
    found, _about = _case_of(request, case_id)
    note_opened(request, f"complaint:{found.pk}", customer=found.customer_id, export="print")
    file = gather(found, clock_now())
    return render(
        request,
        "compliance/case_statement.html",
        {
            **case_row(found, file.until),
            "file": file,
            "calls": _calls(file),
            "suppressions": _suppressions(file),
            "decisions": [
                {
                    **one,
                    "outcome": wording.OUTCOMES[one["verdict"]][0],
                    "sentences": [reason[wording.language()] for reason in one["reasons"]],
                }
                for one in file.decisions
            ],
            "by": user_of(request),
        },
    )


@require_GET
@requires(Page.CASES)
def recording(request: HttpRequest, case_id: int, recording_id: int) -> HttpResponseBase:
    """The sound of a call of the case; listening is written down."""
    found, _about = _case_of(request, case_id)
    kept = get_object_or_404(
        Recording.objects.filter(
            call__in=Call.objects.filter(person_of(found)), state=RecordingState.KEPT.value
        ),
        pk=recording_id,
    )
    path = file_of(kept.sha256)
    if not path.is_file():
        raise Http404
    note_opened(
        request, f"recording:{kept.sid}", customer=found.customer_id, case=f"complaint:{found.pk}"
    )
    sound = FileResponse(path.open("rb"), content_type="audio/wav")
    sound["Cache-Control"] = "private, no-store"
    return sound


@require_POST
@requires(Page.CASES)
def answer(request: HttpRequest, case_id: int) -> HttpResponse:
    """The handler's answer."""
    found, _about = _case_of(request, case_id)
    text = request.POST.get("text", "")[:8000]
    return _try(
        request,
        found,
        lambda: cases.answer(found, text=text, actor_id=user_of(request).pk, at=clock_now()),
        _("Answered."),
    )


@require_POST
@requires(Page.CASE_STEERING)
def step(request: HttpRequest, case_id: int, name: str) -> HttpResponse:
    """Hand on, extend, close, reopen."""
    found, about = _case_of(request, case_id)
    steps: dict[str, tuple[Callable[[], None], str]] = {
        "assign": (lambda: _assign(request, found, about), _("Handed on.")),
        "extend": (
            lambda: cases.extend(
                found,
                reason=request.POST.get("reason", "")[:500],
                actor_id=user_of(request).pk,
                at=clock_now(),
            ),
            _("The term is extended."),
        ),
        "close": (
            lambda: _close(request, found, about),
            _("Closed. The cause has gone to its owner."),
        ),
        "reopen": (
            lambda: cases.reopen(
                found,
                reason=request.POST.get("reason", "")[:500],
                actor_id=user_of(request).pk,
                at=clock_now(),
            ),
            _("The case is open again."),
        ),
    }
    if name not in steps:
        raise Http404
    act, said = steps[name]
    return _try(request, found, act, said)


@require_POST
@requires(Page.CASE_STEERING)
def hold(request: HttpRequest, case_id: int) -> HttpResponse:
    """Keep everything about the person of this case, or (somebody else) let go of it."""
    found, _about = _case_of(request, case_id)
    reason = request.POST.get("reason", "").strip()
    released = request.POST.get("release", "")
    at, actor_id = clock_now(), user_of(request).pk
    if not reason:
        messages.error(request, _("Give a reason."))
    elif released.isdecimal():
        wanted = get_object_or_404(LegalHold, pk=int(released), case=found)
        try:
            holding.release(hold_id=wanted.pk, actor_id=actor_id, reason=reason, at=at)
            messages.success(request, _("The hold is released."))
        except holding.HoldRefused:
            messages.error(request, _("Who placed a hold does not release it."))
    elif found.customer_id is None and found.number_id is None:
        messages.error(request, _("This case names nobody to hold."))
    else:
        holding.place(
            customer_id=found.customer_id,
            number_id=found.number_id,
            reason=reason,
            actor_id=actor_id,
            at=at,
            case_id=found.pk,
        )
        messages.success(request, _("Nothing about this person is erased from now on."))
    return redirect("case", found.pk)


# --- findings: the owner's view ------------------------------------------------------------------


@require_GET
@requires(Page.FINDINGS)
def findings(request: HttpRequest) -> HttpResponse:
    """What complaints say about my product, script or team; nothing of who complained."""
    mine = Complaint.objects.exclude(cause="").select_related(
        "owner", "product", "script_version__script"
    )
    if not may(request.user, Page.CASE_STEERING):
        mine = mine.filter(owner=user_of(request))
    rows = [
        {"case": one, "cause": case_wording.CAUSES[one.cause]}
        for one in mine.order_by("-closed_at", "-pk")[:200]
    ]
    return render(request, "compliance/findings.html", {"rows": rows})


@require_POST
@requires(Page.FINDINGS)
def remedy(request: HttpRequest, case_id: int) -> HttpResponse:
    """What the owner did about it."""
    found = get_object_or_404(Complaint, pk=case_id, owner=user_of(request))
    text = request.POST.get("text", "")
    _try(
        request,
        found,
        lambda: cases.remedy(found, text=text, actor_id=user_of(request).pk, at=clock_now()),
        _("Noted. The case shows it."),
    )
    return redirect("findings")


# --- steps ---------------------------------------------------------------------------------------


def _case_of(request: HttpRequest, case_id: int) -> tuple[Complaint, Parties]:
    """A case the reader may see, with whom it is about; those are told it does not exist."""
    bounded = cases_of(request).select_related(
        "customer__branch", "number", "handler", "product", "script_version", "owner", "branch"
    )
    found = get_object_or_404(bounded, pk=case_id)
    about = parties(found)
    if user_of(request).pk in about.ids:
        raise Http404
    return found, about


def _assign(request: HttpRequest, found: Complaint, about: Parties) -> None:
    given = request.POST.get("handler", "")
    able = {user.pk for user in handlers(found, about.ids, PAGES[Page.CASES])}
    if not given.isdecimal() or int(given) not in able:
        raise cases.CaseRefused("complained_of" if given.isdecimal() else "no_text")
    cases.assign(
        found,
        handler_id=int(given),
        actor_id=user_of(request).pk,
        barred=about.ids,
        at=clock_now(),
    )


def _close(request: HttpRequest, found: Complaint, about: Parties) -> None:
    given = request.POST.get("owner", "")
    able = {user.pk for user in owners(about)}
    owner_id = int(given) if given.isdecimal() and int(given) in able else None
    cases.close(
        found,
        cause=request.POST.get("cause", ""),
        note=request.POST.get("note", ""),
        upheld=request.POST.get("upheld") == "yes",
        owner_id=owner_id,
        product_id=about.product_id,
        script_version_id=about.script_version_id,
        actor_id=user_of(request).pk,
        at=clock_now(),
    )


def _try(
    request: HttpRequest, found: Complaint, act: Callable[[], None], said: str
) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except cases.CaseRefused as refused:
        messages.error(request, str(case_wording.REFUSALS[refused.code]))
    return redirect("case", found.pk)
