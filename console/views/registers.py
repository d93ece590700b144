"""Registers: what is in use and how old it is; a file comes in, is looked at, and is signed.

Each POST calls one function of compliance.registers and comes back to the page with what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import pending
from audiences.domain.faults import FileFault
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from clock.reading import now as clock_now
from compliance import jobs, register_strangers, registers, wording
from compliance.domain.registers import (
    OPEN,
    ImportMode,
    RegisterImportState,
    RegisterKind,
    RegisterTerms,
    lost_too_many,
)
from compliance.models import Register, RegisterImport
from compliance.register_strangers import Unmatched
from console.csv_files import csv_file
from console.posted import words
from console.register_forms import KINDS, MODES, PURPOSES, DefineForm, UploadForm

SHOWN = 20
REJECTED_SHOWN = 20
#: Entries that match nobody, in their file.
STRANGERS_NAMED = 50_000

STATES: dict[str, tuple[Any, str]] = {
    RegisterImportState.UPLOADED: (gettext_lazy("Waits to be read"), "info"),
    RegisterImportState.READING: (gettext_lazy("Being read"), "info"),
    RegisterImportState.FAILED: (gettext_lazy("Cannot be read"), "bad"),
    RegisterImportState.READY: (gettext_lazy("To be submitted"), "warn"),
    RegisterImportState.SUBMITTED: (gettext_lazy("Waits for a second signature"), "warn"),
    RegisterImportState.RETURNED: (gettext_lazy("Returned"), "bad"),
    RegisterImportState.WITHDRAWN: (gettext_lazy("Withdrawn"), ""),
    RegisterImportState.IN_FORCE: (gettext_lazy("In force"), "ok"),
    RegisterImportState.SUPERSEDED: (gettext_lazy("Replaced"), ""),
}


UNMATCHED: dict[Unmatched, Any] = {
    Unmatched.UNKNOWN_CUSTOMER: gettext_lazy("No customer has this id."),
    Unmatched.UNKNOWN_NUMBER: gettext_lazy("No customer of ours has this number."),
    Unmatched.UNUSED_NUMBER: gettext_lazy("We know this number, but no customer is called on it."),
}


@require_GET
@requires(Page.REGISTERS)
def index(request: HttpRequest) -> HttpResponse:
    """Every register with its age, and what waits."""
    return _index_page(request, DefineForm())


@require_POST
@requires(Page.REGISTERS)
def define(request: HttpRequest) -> HttpResponse:
    """A new register, out of use until its first list is signed."""
    form = DefineForm(request.POST)
    if not form.is_valid():
        return _index_page(request, form)
    made = registers.define(
        name=form.cleaned_data["name"],
        title=form.cleaned_data["title"],
        kind=RegisterKind(form.cleaned_data["kind"]),
        terms=form.terms,
        actor_id=_user(request).pk,
    )
    messages.success(request, _("The register is there. Now bring in its first whole list."))
    return redirect("register", made.pk)


@require_GET
@requires(Page.REGISTERS)
def register(request: HttpRequest, register_id: int) -> HttpResponse:
    """One register: what is in force, the form for a new file, and every file so far."""
    found = get_object_or_404(Register, pk=register_id)
    return _register_page(request, found, UploadForm(register=found))


@require_POST
@requires(Page.REGISTERS)
def upload(request: HttpRequest, register_id: int) -> HttpResponse:
    """Keep a file and let a worker read it."""
    found = get_object_or_404(Register, pk=register_id)
    form = UploadForm(request.POST, request.FILES, register=found)
    if not form.is_valid():
        return _register_page(request, found, form)
    mode = ImportMode(form.cleaned_data["mode"])
    file = None if mode is ImportMode.RETIRE else form.cleaned_data["file"]
    try:
        batch = registers.receive(
            file.file if file is not None else None,
            file_name=file.name if file is not None else "",
            register=found,
            mode=mode,
            drawn_at=form.cleaned_data["drawn_at"],
            terms=form.terms if mode is ImportMode.REPLACE else registers.terms_of(found),
            maker=_user(request),
        )
    except registers.RegisterRefused as refused:
        about = "mode" if isinstance(refused, registers.NoWholeListYet) else "drawn_at"
        if isinstance(refused, registers.OneAtATime):
            messages.error(request, refused.sentence)
        else:
            form.add_error(about, refused.sentence)
    except FileFault as fault:
        form.add_error("file", file_fault_sentence(fault))
    else:
        jobs.enqueue_reading(batch.pk)
        return redirect("register-import", batch.pk)
    return _register_page(request, found, form)


def _index_page(request: HttpRequest, form: DefineForm) -> HttpResponse:
    now = clock_now()
    rows = [_row(register, now) for register in Register.objects.order_by("-active", "name")]
    return render(request, "compliance/registers.html", {"rows": rows, "form": form})


def _register_page(request: HttpRequest, found: Register, form: UploadForm) -> HttpResponse:
    imports = found.imports.select_related("maker").order_by("-pk")
    rows = [_import_row(one) for one in imports[:SHOWN]]
    return render(
        request,
        "compliance/register.html",
        {
            **_row(found, clock_now()),
            "form": form,
            "imports": rows,
            "open": next((row for row in rows if row["import"].state in OPEN), None),
        },
    )


@require_GET
@requires(Page.REGISTERS)
def register_import(request: HttpRequest, import_id: int) -> HttpResponse:
    """One file: how far it is, what it would change, what could not be read, and the next step."""
    batch = _import_of(import_id)
    user = _user(request)
    waiting = pending(registers.subject_of(batch), clock_now())
    reasons = batch.rejected.values("reason").annotate(n=Count("pk")).order_by("-n")
    mine = user.pk == batch.maker_id or (waiting is not None and waiting.maker_id == user.pk)
    return render(
        request,
        "compliance/register_import.html",
        {
            **_import_row(batch),
            "register": batch.register,
            "terms": RegisterTerms.model_validate(batch.terms),
            "purpose": PURPOSES[batch.terms.get("purpose", "")],
            "family": wording.label(wording.FAMILIES, batch.terms.get("product_family", "")),
            "waiting": waiting,
            "content_hash": registers.content_of(batch),
            "may_sign": waiting is not None and not mine and may_sign(user, "register_import"),
            "mine": mine,
            "reasons": [(row_reason_sentence(row["reason"]), row["n"]) for row in reasons],
            "rejected": [
                (one.row, row_reason_sentence(one.reason))
                for one in batch.rejected.order_by("row")[:REJECTED_SHOWN]
            ],
            "doubtful": batch.mode == ImportMode.REPLACE
            and lost_too_many(batch.register.rows, batch.gone)
            and batch.state in (RegisterImportState.READY, RegisterImportState.SUBMITTED),
        },
    )


@require_POST
@requires(Page.REGISTERS)
def step(request: HttpRequest, import_id: int, step: str) -> HttpResponse:
    """Submit, sign, send back, withdraw, or read again; and say what happened."""
    batch = _import_of(import_id)
    user = _user(request)

    def submit() -> str:
        registers.submit(batch, maker=user)
        return _("It waits for a second signature.")

    def sign() -> str:
        registers.sign(batch, checker=user, content_hash=request.POST.get("content_hash", ""))
        jobs.enqueue_settling(batch.pk)
        return _("Signed. The list is in force.")

    def send_back() -> str:
        registers.send_back(batch, checker=user, reason=words(request, "reason"))
        jobs.enqueue_settling(batch.pk)
        return _("Returned.")

    def withdraw() -> str:
        registers.withdraw(batch, actor=user)
        jobs.enqueue_settling(batch.pk)
        return _("Withdrawn.")

    def again() -> str:
        if batch.state == RegisterImportState.IN_FORCE:
            jobs.enqueue_settling(batch.pk)
        else:
            jobs.enqueue_reading(batch.pk)
        return _("A worker takes it up again.")

    steps: dict[str, Callable[[], str]] = {
        "submit": submit, "sign": sign, "return": send_back, "withdraw": withdraw, "again": again,
    }  # fmt: skip
    act = steps.get(step)
    if act is None:
        return HttpResponse(status=404)
    try:
        messages.success(request, act())
    except (registers.RegisterRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
    return redirect("register-import", import_id)


@require_GET
@requires(Page.REGISTERS)
def rejected(request: HttpRequest, import_id: int) -> HttpResponse:
    """The rejected rows as a file: row numbers and reasons; what they held is in the list alone."""
    batch = _import_of(import_id)
    return csv_file(
        f"rejected-{batch.pk}.csv",
        (_("row"), _("reason"), _("code")),
        (
            (one.row, row_reason_sentence(one.reason), one.reason)
            for one in batch.rejected.order_by("row").iterator(chunk_size=5_000)
        ),
    )


@require_GET
@requires(Page.REGISTERS)
def strangers(request: HttpRequest, import_id: int) -> HttpResponse:
    """The entries that match nobody of ours as a file, numbers masked, each with why."""
    batch = _import_of(import_id)
    return csv_file(
        f"not-ours-{batch.pk}.csv",
        (_("number or customer id"), _("reason"), _("code")),
        (
            # an apostrophe keeps a spreadsheet from reading "+86…" or an id as a formula
            (f"'{one.whom}", UNMATCHED[one.why], one.why.value)
            for one in islice(register_strangers.strangers(batch), STRANGERS_NAMED)
        ),
    )


def _import_of(import_id: int) -> RegisterImport:
    return get_object_or_404(
        RegisterImport.objects.select_related("register", "maker"), pk=import_id
    )


def _row(register: Register, now: datetime) -> dict[str, Any]:
    """A register with its age: stale when the gate would refuse on its account alone."""
    drawn = register.imported_at
    age = None if drawn is None else (localtime(now).date() - localtime(drawn).date()).days
    stale = register.kind == RegisterKind.NO_CALL and register.active
    stale = stale and (age is None or age > register.max_age_days)
    fresh_until = None if drawn is None else drawn + timedelta(days=register.max_age_days)
    return {
        "register": register,
        "kind": KINDS[register.kind],
        "purpose": PURPOSES[register.purpose],
        "family": wording.label(wording.FAMILIES, register.product_family),
        "age": age,
        "stale": stale,
        "soon": age is not None and not stale and age > register.max_age_days * 0.8,
        "fresh_until": fresh_until,
        "waiting": register.imports.filter(state__in=[s.value for s in OPEN]).first(),
    }


def _import_row(batch: RegisterImport) -> dict[str, Any]:
    percent = None
    if batch.state == RegisterImportState.READING and batch.size:
        # rows are of one length, more or less: the size tells how many there will be
        whole = max(1, batch.size // _BYTES_A_ROW.get(Path(batch.path).suffix, 13))
        percent = min(99, 100 * batch.rows_read // whole)
    return {
        "import": batch,
        "state": STATES[batch.state],
        "mode": MODES[batch.mode],
        "error": error_sentence(batch.error),
        "percent": percent,
        "settling": batch.state == RegisterImportState.IN_FORCE and batch.settled_at is None,
    }


_BYTES_A_ROW = {".xlsx": 20}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
