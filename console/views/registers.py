"""Registers: what is in use and how old it is; a file comes in, is looked at, and is signed.

Each POST calls one function of compliance.registers and comes back to the page with what happened.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, localtime, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError as BadTerms

from accounts.models import User
from accounts.permissions import Page, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import pending
from audiences.domain.faults import FileFault
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from clock.reading import now as clock_now
from compliance import jobs, registers
from compliance.domain.registers import (
    OPEN,
    ImportMode,
    RegisterImportState,
    RegisterKind,
    RegisterTerms,
    lost_too_many,
)
from compliance.models import Product, Register, RegisterImport

SHOWN = 20
REJECTED_SHOWN = 20
SUFFIXES = (".csv", ".txt", ".xlsx")

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
KINDS: dict[str, Any] = {
    RegisterKind.NO_CALL: gettext_lazy("Nobody on it is called"),
    RegisterKind.OWNERSHIP: gettext_lazy("Numbers that changed hands"),
}
MODES: dict[str, Any] = {
    ImportMode.REPLACE: gettext_lazy("The whole list as it now is"),
    ImportMode.ADD: gettext_lazy("Further entries"),
    ImportMode.RETIRE: gettext_lazy("Out of use"),
}
PURPOSES: dict[str, Any] = {
    "": gettext_lazy("every purpose"),
    "marketing": gettext_lazy("marketing alone"),
    "callback": gettext_lazy("callbacks alone"),
    "care": gettext_lazy("care calls alone"),
}


@require_GET
@requires(Page.REGISTERS)
def index(request: HttpRequest) -> HttpResponse:
    """Every register with its age, and what waits."""
    now = clock_now()
    rows = [_row(register, now) for register in Register.objects.order_by("-active", "name")]
    return render(
        request,
        "compliance/registers.html",
        {"rows": rows, "kinds": KINDS, "purposes": PURPOSES, "families": _families()},
    )


@require_POST
@requires(Page.REGISTERS)
def define(request: HttpRequest) -> HttpResponse:
    """A new register, out of use until its first list is signed."""
    try:
        register = registers.define(
            name=request.POST.get("name", "").strip().lower(),
            title=request.POST.get("title", "").strip(),
            kind=RegisterKind(request.POST.get("kind", "")),
            terms=_terms(request),
            actor_id=_user(request).pk,
        )
    except BadTerms:
        messages.error(request, _("Please check the days."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except ValueError:
        messages.error(request, _("Please choose what kind of register it is."))
    else:
        messages.success(request, _("The register is there. Now bring in its first whole list."))
        return redirect("register", register.pk)
    return redirect("registers")


@require_GET
@requires(Page.REGISTERS)
def register(request: HttpRequest, register_id: int) -> HttpResponse:
    """One register: what is in force, the form for a new file, and every file so far."""
    found = get_object_or_404(Register, pk=register_id)
    imports = found.imports.select_related("maker").order_by("-pk")
    rows = [_import_row(one) for one in imports[:SHOWN]]
    return render(
        request,
        "compliance/register.html",
        {
            **_row(found, clock_now()),
            "imports": rows,
            "open": next((row for row in rows if row["import"].state in OPEN), None),
            "modes": {m: t for m, t in MODES.items() if found.active or m == ImportMode.REPLACE},
            "purposes": PURPOSES,
            "families": _families(),
            "now": localtime(clock_now()).strftime("%Y-%m-%dT%H:%M"),
        },
    )


@require_POST
@requires(Page.REGISTERS)
def upload(request: HttpRequest, register_id: int) -> HttpResponse:
    """Keep a file and let a worker read it."""
    found = get_object_or_404(Register, pk=register_id)
    mode = request.POST.get("mode", "")
    file = request.FILES.get("file")
    drawn_at = _instant(request.POST.get("drawn_at", ""))
    problem = ""
    if mode not in set(ImportMode):
        problem = _("Please choose what the file is.")
    elif mode != ImportMode.RETIRE and file is None:
        problem = _("Please choose a file.")
    elif file is not None and not (file.name or "").lower().endswith(SUFFIXES):
        problem = _("This is neither a CSV nor an XLSX file.")
    elif drawn_at is None:
        problem = _("Please say when the list was drawn.")
    if problem or drawn_at is None:
        messages.error(request, problem)
        return redirect("register", register_id)
    try:
        batch = registers.receive(
            file.file if file is not None and mode != ImportMode.RETIRE else None,  # type: ignore[arg-type]
            file_name=(file.name or "") if file is not None else "",
            register=found,
            mode=ImportMode(mode),
            drawn_at=drawn_at,
            terms=_terms(request) if mode == ImportMode.REPLACE else registers.terms_of(found),
            maker=_user(request),
        )
    except registers.RegisterRefused as refused:
        messages.error(request, refused.sentence)
    except FileFault as fault:
        messages.error(request, file_fault_sentence(fault))
    except BadTerms:
        messages.error(request, _("Please check the days."))
    else:
        jobs.enqueue_reading(batch.pk)
        return redirect("register-import", batch.pk)
    return redirect("register", register_id)


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
        registers.send_back(batch, checker=user, reason=request.POST.get("reason", ""))
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
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
    response.write("\ufeff")  # by which spreadsheets know UTF-8
    writer = csv.writer(response)
    writer.writerow([_("row"), _("reason"), _("code")])
    for one in batch.rejected.order_by("row").iterator(chunk_size=5_000):
        writer.writerow([one.row, row_reason_sentence(one.reason), one.reason])
    return response


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


def _families() -> list[str]:
    return list(Product.objects.order_by("family").values_list("family", flat=True).distinct())


def _terms(request: HttpRequest) -> RegisterTerms:
    days = request.POST.get("entries_last_days", "").strip()
    return RegisterTerms.model_validate(
        {
            "max_age_days": request.POST.get("max_age_days", "31").strip() or "31",
            "purpose": request.POST.get("purpose", ""),
            "product_family": request.POST.get("product_family", "").strip(),
            "entries_last_days": days or None,
        }
    )


def _instant(text: str) -> datetime | None:
    """A moment, or a day's beginning, in the bank's zone."""
    try:
        found = parse_datetime(text)
        day = parse_date(text) if found is None else None
    except ValueError:
        return None
    if day is not None:
        found = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if found is None:
        return None
    return make_aware(found) if is_naive(found) else found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
