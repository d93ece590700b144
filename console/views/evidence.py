"""Evidence to hand out: a call's dossier, a customer's history, the registers.

Whoever asks about a person says why, and every export is written to the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, branches_of, may, requires
from accounts.personal_access import CHOICES, Why, clean_reference, note_search, open_person
from audiences.finding import find
from audit.recording import record
from clock.reading import now as clock_now
from compliance.wording import VIAS
from console.handing_out import file_answer, span, span_problem
from console.posted import words
from evidence.dossier import dossier, find_call
from evidence.dossier_pdf import dossier_json, dossier_pdf
from evidence.history import contact_history
from evidence.latency import latencies, latency_sheet
from evidence.registers import exceptions, pack_changes
from evidence.sheets import FORMATS, Sheet, fold


@dataclass(frozen=True, slots=True)
class Register:
    """One register: what it is for, and how it is made for a span of time."""

    title: str | Promise
    purpose: str | Promise
    make: Callable[[datetime, datetime], Sheet]


REGISTERS: dict[str, Register] = {
    "opt-outs": Register(
        gettext_lazy("Opt-out latency"),
        gettext_lazy("From the word to the end of the last call to that person, by channel."),
        lambda since, until: latency_sheet(since, until, clock_now()),
    ),
    "exceptions": Register(
        gettext_lazy("Exceptions and overrides"),
        gettext_lazy("Exemptions, lifted refusals, limits off, kill switches, holds, erasures."),
        exceptions,
    ),
    "rules": Register(
        gettext_lazy("Changes of the rules"),
        gettext_lazy("What was done to rule packs and calendars, when, and who signed it."),
        pack_changes,
    ),
}


@require_GET
@requires(Page.EVIDENCE)
def index(request: HttpRequest) -> HttpResponse:
    """What can be asked for, and the opt-out latency at a glance."""
    problem = span_problem(request)
    if problem:
        messages.error(request, problem)
    return _page(request)


def _page(request: HttpRequest, typed: dict[str, str] | None = None) -> HttpResponse:
    """The page; with what was `typed` in one of its forms, when that found nothing."""
    since, until = span(request)
    return render(
        request,
        "compliance/evidence.html",
        {
            "typed": typed or {},
            "reasons": CHOICES,
            "formats": list(FORMATS),
            "registers": REGISTERS,
            "since": since,
            "until": until - timedelta(days=1),
            "latencies": [
                (VIAS.get(each.channel, each.channel), each)
                for each in latencies(since, until, clock_now())
            ],
            "may_erase": may(request.user, Page.ERASURES),
        },
    )


@require_POST
@requires(Page.EVIDENCE)
def call_dossier(request: HttpRequest) -> HttpResponse:
    """One call's dossier, as PDF or as JSON with its proof."""
    why = _why(request)
    call = find_call(request.POST.get("call", "").strip()[:80])
    user = _user(request)
    if why is None:
        return _back(request, "dossier", _("Choose why you look at this person."))
    if call is None or (
        call.customer is not None
        and not branches_of(user).filter(pk=call.customer.branch_id).exists()
    ):
        return _back(request, "dossier", _("No such call. Type its id, or the carrier's id (CA…)."))
    if call.customer_id is not None:
        open_person(request, call.customer_id, why, _reference(request))
    revealed = request.POST.get("revealed") == "on"
    document = dossier(call, reader=user, at=clock_now(), revealed=revealed)
    name = f"dossier-{str(call.public_id)[:8]}"
    if request.POST.get("format") == "json":
        return file_answer(dossier_json(document), "application/json", f"{name}.json")
    return file_answer(dossier_pdf(document), "application/pdf", f"{name}.pdf")


@require_POST
@requires(Page.EVIDENCE)
def history(request: HttpRequest) -> HttpResponse:
    """A customer's contact history: the copy that a person may ask for (PIPL §45)."""
    why = _why(request)
    if why is None:
        return _back(request, "history", _("Choose why you look at this person."))
    found = find(request.POST.get("q", ""), branches_of(_user(request)))
    note_search(request, by=found.by, found=len(found.customers), why=why)
    if len(found.customers) != 1:
        return _back(request, "history", _("Type the whole id of one customer."))
    customer = found.customers[0]
    open_person(request, customer.pk, why, _reference(request))
    kind = request.POST.get("format", "")
    if kind not in FORMATS:
        raise Http404
    record(
        kind="evidence.history",
        actor_id=_user(request).pk,
        subject=f"customer:{customer.pk}",
        payload={"format": kind},
    )
    content_type, make = FORMATS[kind]
    return file_answer(
        make(contact_history(customer)), content_type, f"history-{customer.pk}.{kind}"
    )


@require_GET
@requires(Page.EVIDENCE)
def register(request: HttpRequest, name: str) -> HttpResponse:
    """A register over a span of time: on the screen, or (`?format=`) as a file."""
    if name not in REGISTERS:
        raise Http404
    since, until = span(request)
    problem = span_problem(request)
    if problem:
        messages.error(request, problem)
        if "format" in request.GET:
            return redirect("evidence-register", name)
    sheet = REGISTERS[name].make(since, until)
    kind = request.GET.get("format", "")
    if kind:
        if kind not in FORMATS:
            raise Http404
        record(
            kind=f"evidence.{name.replace('-', '_')}",
            actor_id=_user(request).pk,
            subject="evidence:register",
            payload={"format": kind, "since": since, "until": until},
        )
        content_type, make = FORMATS[kind]
        return file_answer(make(sheet), content_type, f"{name}-{since:%Y%m%d}.{kind}")
    folded = fold(sheet)
    return render(
        request,
        "compliance/evidence_register.html",
        {
            "sheet": sheet,
            "headings": folded.headings,
            "rows": folded.rows,
            "purpose": REGISTERS[name].purpose,
            "formats": list(FORMATS),
            "since": since,
            "until": until - timedelta(days=1),
        },
    )


def _why(request: HttpRequest) -> Why | None:
    chosen = request.POST.get("why", "")
    return Why(chosen) if chosen in {why.value for why in CHOICES} else None


def _reference(request: HttpRequest) -> str:
    return clean_reference(request.POST.get("reference", ""))


def _back(request: HttpRequest, form: str, sentence: str) -> HttpResponse:
    """The page with its sentence and what was typed: a number does not belong in an address."""
    messages.error(request, sentence)
    names = ("call", "q", "why", "reference", "revealed")
    typed = {name: words(request, name) for name in names}
    return _page(request, {**typed, "form": form})


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
