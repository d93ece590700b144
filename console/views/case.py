"""One case: what happened, who handles it by when, the answer, the cause, its file to export.

The steps are taken in case_steps.py.
"""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import PAGES, Page, may, requires
from accounts.personal_access import Why, is_open, note_opened, open_person
from audiences.models import Number
from campaigns.domain.masking import mask_name
from clock.reading import now as clock_now
from compliance import case_wording, wording
from compliance.domain.case_state import OPEN, TRANSITIONS, CaseState
from compliance.domain.case_terms import MOST_EXTENSIONS
from compliance.models import Complaint, LegalHold
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
from console.evidence_rows import evidence_rows
from console.views.cases import case_row, cases_of, user_of
from dialer.call_wording import call_label, kind_label
from dialer.domain.recording_state import RecordingState
from dialer.models import Call, Recording
from dialer.recordings import file_of
from insights.case_file import CaseFile, gather
from insights.complaint_parties import Parties, handlers, owners, parties, person_of


@require_GET
@requires(Page.CASES)
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One case with everything behind it; opening it is written down."""
    return case_page(request, *case_of(request, case_id))


def case_page(
    request: HttpRequest, found: Complaint, about: Parties, given: CaseForm | None = None
) -> HttpResponse:
    """The page; `given` is the form of a step that could not be taken."""
    note_opened(request, f"complaint:{found.pk}", customer=found.customer_id)
    if found.customer_id is not None and not is_open(request, found.customer_id):
        open_person(request, found.customer_id, Why.CASE, f"case-{found.pk}")
    now = clock_now()
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
            "basis": _basis(file),
            "steps": [
                {"step": case_wording.STEPS.get(one.step, one.step), "event": one}
                for one in found.events.select_related("actor").order_by("at", "pk")
            ],
            "barred": list(User.objects.filter(pk__in=about.ids).order_by("username")),
            "forms": _forms(request, found, about, given),
            "holds": _holds(found, given),
            "may_see_why": may(user_of(request), Page.WHY),
        },
    )


def _forms(
    request: HttpRequest, found: Complaint, about: Parties, given: CaseForm | None
) -> dict[str, CaseForm]:
    """The steps that this reader may take now, each with its form."""
    user = user_of(request)
    state = CaseState(found.state)
    following = TRANSITIONS[state]
    forms: list[CaseForm] = []
    if CaseState.ANSWERED in following and found.handler_id == user.pk:
        forms.append(AnswerForm())
    if may(user, Page.CASE_STEERING):
        if CaseState.CLOSED in following:
            forms.append(CloseForm(owners=owners(about), barred=about.ids))
        if state in OPEN:
            able = handlers(found, about.ids, PAGES[Page.CASES])
            chosen = {"handler": found.handler_id}
            forms.append(AssignForm(handlers=able, barred=about.ids, initial=chosen))
        if CaseState.EXTENDED in following and found.extensions < MOST_EXTENSIONS:
            forms.append(ExtendForm())
        if state in {CaseState.ANSWERED, CaseState.CLOSED}:
            forms.append(ReopenForm())
        forms.append(HoldForm())
    shown = {form.step: form for form in forms}
    if given is not None and given.step in shown:
        shown[given.step] = given
    return shown


def _holds(found: Complaint, given: CaseForm | None) -> list[dict[str, Any]]:
    rows = []
    for hold in LegalHold.objects.filter(case=found).select_related("placed_by", "released_by"):
        form: CaseForm = ReleaseForm(
            case_id=found.pk, initial={"release": hold.pk}, auto_id=f"release-{hold.pk}-%s"
        )
        if isinstance(given, ReleaseForm) and given.data.get("release") == str(hold.pk):
            form = given
        rows.append({"hold": hold, "form": form})
    return rows


def _calls(file: CaseFile) -> list[dict[str, Any]]:
    return [
        {
            **call,
            "label": call_label(call["outcome"], call["state"]),
            "kind": kind_label(call["kind"]),
            "agent": call["agent_name"] or call["agent"],
            "masked": str(Number(e164=call["number"])) if call["number"] else "",
        }
        for call in file.calls
    ]


def _basis(file: CaseFile) -> list[dict[str, Any]]:
    """Consents and refusals in words, each with its evidence."""
    rows: list[dict[str, Any]] = [
        {
            "consent": True,
            "since": one["granted"],
            "ended": one["withdrawn"],
            "what": wording.label(wording.CONSENT_BASES, one["basis"]),
            "family": wording.label(wording.FAMILIES, one["family"]) if one["family"] else "",
            "evidence": one["evidence"],
        }
        for one in file.consents
    ]
    rows += [
        {
            "label": wording.label(wording.SUPPRESSIONS, one["source"]),
            "since": one["since"],
            "ended": one["lifted"],
            "what": wording.label(case_wording.ORIGINS, one["via"]),
            "evidence": one["evidence"],
        }
        for one in file.suppressions
    ]
    parts = evidence_rows([row["evidence"] for row in rows])
    return [{**row, "evidence": part} for row, part in zip(rows, parts, strict=True)]


@require_GET
@requires(Page.CASES)
def export(request: HttpRequest, case_id: int) -> HttpResponse:
    """The case's file as JSON, full number and words included; handing it out is written down."""
    found, _about = case_of(request, case_id)
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
    found, _about = case_of(request, case_id)
    note_opened(request, f"complaint:{found.pk}", customer=found.customer_id, export="print")
    file = gather(found, clock_now())
    return render(
        request,
        "compliance/case_statement.html",
        {
            **case_row(found, file.until),
            "file": file,
            "calls": _calls(file),
            "basis": _basis(file),
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
    found, _about = case_of(request, case_id)
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


# --- findings: the owner's view ------------------------------------------------------------------


@require_GET
@requires(Page.FINDINGS)
def findings(request: HttpRequest) -> HttpResponse:
    """What complaints say about my product, script or team; nothing of who complained."""
    return findings_page(request)


def findings_page(
    request: HttpRequest, about: Complaint | None = None, given: RemedyForm | None = None
) -> HttpResponse:
    """The page; `given` is what could not be noted about a case."""
    mine = Complaint.objects.exclude(cause="").select_related(
        "owner", "product", "script_version__script"
    )
    if not may(request.user, Page.CASE_STEERING):
        mine = mine.filter(owner=user_of(request))
    rows = [
        {
            "case": one,
            "cause": case_wording.CAUSES[one.cause],
            "form": given
            if given is not None and about == one
            else RemedyForm(auto_id=f"remedy-{one.pk}-%s"),
        }
        for one in mine.order_by("-closed_at", "-pk")[:200]
    ]
    return render(request, "compliance/findings.html", {"rows": rows})


# --- what the steps share (case_steps.py) ---------------------------------------------------------


def case_of(request: HttpRequest, case_id: int) -> tuple[Complaint, Parties]:
    """A case the reader may see, with whom it is about; those are told it does not exist."""
    bounded = cases_of(request).select_related(
        "customer__branch", "number", "handler", "product", "script_version", "owner", "branch"
    )
    found = get_object_or_404(bounded, pk=case_id)
    about = parties(found)
    if user_of(request).pk in about.ids:
        raise Http404
    return found, about
