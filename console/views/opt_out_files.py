"""Files of refusals: brought in, looked at, confirmed with one click, carried out row by row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import Page, requires
from audiences.domain.faults import FileFault
from audiences.models import Customer
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from campaigns.domain.masking import mask_name
from compliance import jobs, opt_out_files, opt_out_previewing, wording
from compliance.domain.opt_out_file_state import OFFERED_FOR, OptOutFileState
from compliance.models import OptOutFile
from console.csv_files import csv_file
from console.table_fields import TableField

SHOWN = 20
#: Rejected rows that are named on the page; all are in the file.
REJECTED_SHOWN = 20

STATES: dict[str, tuple[Any, str]] = {
    OptOutFileState.OFFERED: (gettext_lazy("Waits to be confirmed"), "warn"),
    OptOutFileState.UPLOADED: (gettext_lazy("Waits to be read"), "info"),
    OptOutFileState.RUNNING: (gettext_lazy("Being carried out"), "info"),
    OptOutFileState.DONE: (gettext_lazy("Carried out"), "ok"),
    OptOutFileState.FAILED: (gettext_lazy("Cannot be read"), "bad"),
    OptOutFileState.DROPPED: (gettext_lazy("Not carried out"), ""),
}
_BUSY = (OptOutFileState.UPLOADED, OptOutFileState.RUNNING)


class FileForm(forms.Form):
    """A file, and how what stands in it was said."""

    file = TableField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV, XLSX or a plain list. Columns: number or customer id. By a number, everybody who "
            "is called on it is meant."
        ),
    )
    via = forms.ChoiceField(
        label=gettext_lazy("Said via"),
        choices=[("", gettext_lazy("Choose")), *wording.FILE_VIAS.items()],
    )


@require_http_methods(["GET", "POST"])
@requires(Page.SUPPRESSIONS)
def index(request: HttpRequest) -> HttpResponse:
    """The form, and the files so far, those that wait to be confirmed first."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        kept = _receive(request, form)
        if kept is not None:
            return redirect("opt-out-file", kept.pk)
    waiting = opt_out_files.waiting().select_related("maker").order_by("-pk")
    files = OptOutFile.objects.select_related("maker").order_by("-pk")[:SHOWN]
    return render(
        request,
        "compliance/opt_out_files.html",
        {
            "form": form,
            "waiting": [_row(one) for one in waiting],
            "rows": [_row(one) for one in files],
        },
    )


@require_GET
@requires(Page.SUPPRESSIONS)
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """One file: what it would do, while it waits for the click; then what came of it."""
    opt_out_files.waiting()
    found = get_object_or_404(OptOutFile.objects.select_related("maker"), pk=file_id)
    preview = None
    if found.state == OptOutFileState.OFFERED:
        try:
            preview = opt_out_previewing.look(found)
        except FileFault as fault:
            messages.error(request, file_fault_sentence(fault))
    return render(
        request,
        "compliance/opt_out_file.html",
        {
            **_row(found),
            "preview": preview,
            "previewed": opt_out_previewing.PREVIEWED,
            "reasons": [(_reason(code), n) for code, n in preview.reasons]
            if preview is not None
            else _reasons(found),
            "rejected": [
                (row, _reason(code))
                for row, code in (
                    preview.rejected if preview is not None else _rejected(found)[:REJECTED_SHOWN]
                )
            ],
            "first": [
                {"row": one, "people": _people(one.people), "reason": _reason(one.reason or "")}
                for one in (preview.first if preview is not None else ())
            ],
            "until": found.created_at + OFFERED_FOR,
            "busy": found.state in _BUSY,
        },
    )


@require_POST
@requires(Page.SUPPRESSIONS)
def step(request: HttpRequest, file_id: int, name: str) -> HttpResponse:
    """Carry out a file that was looked at, or throw it away."""
    found = get_object_or_404(OptOutFile, pk=file_id)
    if name not in ("carry-out", "drop"):
        raise Http404
    if name == "drop":
        if opt_out_files.drop(found, actor=_user(request)):
            messages.success(request, _("Thrown away. Nothing of it was carried out."))
            return redirect("opt-out-files")
    elif opt_out_files.confirm(found, actor=_user(request)):
        jobs.enqueue_opt_outs(found.pk)
        messages.success(request, _("It is being carried out: each row holds from now on."))
        return redirect("opt-out-file", found.pk)
    messages.warning(request, _("Somebody has decided this already, or it waited too long."))
    return redirect("opt-out-file", found.pk)


@require_GET
@requires(Page.SUPPRESSIONS)
def rejected(request: HttpRequest, file_id: int) -> HttpResponse:
    """The rejected rows as a file: row numbers and reasons."""
    found = get_object_or_404(OptOutFile, pk=file_id)
    return csv_file(
        f"rejected-{found.pk}.csv",
        (_("row"), _("reason"), _("code")),
        ((row, _reason(code), code) for row, code in _rejected(found).iterator(chunk_size=5_000)),
    )


def waiting_count(request: HttpRequest) -> int:
    """Files that wait for their confirmation."""
    return opt_out_files.waiting().count()


def _receive(request: HttpRequest, form: FileForm) -> OptOutFile | None:
    """The file, kept and looked at; None when it is no table (the form says why)."""
    uploaded = form.cleaned_data["file"]
    try:
        kept = opt_out_files.receive(
            uploaded.file,
            file_name=uploaded.name,
            via=form.cleaned_data["via"],
            maker=_user(request),
            offered=True,
        )
    except FileFault as fault:
        form.add_error("file", file_fault_sentence(fault))
        return None
    if kept.state == OptOutFileState.OFFERED:
        try:
            opt_out_previewing.look(kept)
        except FileFault as fault:
            opt_out_files.drop(kept, actor=_user(request))
            form.add_error("file", file_fault_sentence(fault))
            return None
    elif kept.state == OptOutFileState.FAILED:
        jobs.enqueue_opt_outs(kept.pk)
        messages.success(request, _("A worker takes it up again."))
    else:
        messages.warning(request, _("This very file was brought in before; here it is."))
    return kept


def _row(file: OptOutFile) -> dict[str, Any]:
    return {
        "file": file,
        "state": STATES[file.state],
        "via": wording.label(wording.VIAS, file.via),
        "error": error_sentence(file.error),
    }


def _reasons(file: OptOutFile) -> list[tuple[str, int]]:
    rows = file.rejected.values("reason").annotate(n=Count("pk")).order_by("-n")
    return [(_reason(row["reason"]), row["n"]) for row in rows]


def _rejected(file: OptOutFile) -> Any:
    return file.rejected.order_by("row").values_list("row", "reason")


def _people(people: Iterable[Customer]) -> list[str]:
    return [f"{mask_name(one.name)} {one.bank_id}" for one in people]


def _reason(code: str) -> str:
    if code == opt_out_files.UNKNOWN:
        return _("No customer has this id.")
    return row_reason_sentence(code)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
