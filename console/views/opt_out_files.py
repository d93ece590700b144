"""Files of refusals: brought in, carried out row by row at once, with what could not be read."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.permissions import Page, requires
from audiences.domain.faults import FileFault
from audiences.domain.import_state import ImportState
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from compliance import jobs, opt_out_files
from compliance.models import OptOutFile

SHOWN = 20
SUFFIXES = (".csv", ".txt", ".xlsx")

STATES: dict[str, tuple[Any, str]] = {
    ImportState.UPLOADED: (gettext_lazy("Waits to be read"), "info"),
    ImportState.RUNNING: (gettext_lazy("Being carried out"), "info"),
    ImportState.DONE: (gettext_lazy("Carried out"), "ok"),
    ImportState.FAILED: (gettext_lazy("Cannot be read"), "bad"),
}
CHANNELS: dict[str, Any] = {
    "sms": gettext_lazy("Text message"),
    "app": gettext_lazy("App"),
    "branch": gettext_lazy("Branch"),
    "hotline": gettext_lazy("Hotline"),
    "letter": gettext_lazy("Letter"),
    "other": gettext_lazy("Other"),
}


@require_http_methods(["GET", "POST"])
@requires(Page.SUPPRESSIONS)
def index(request: HttpRequest) -> HttpResponse:
    """The form, and the files so far."""
    if request.method == "POST":
        return _receive(request)
    files = OptOutFile.objects.select_related("maker").order_by("-pk")[:SHOWN]
    return render(
        request,
        "compliance/opt_out_files.html",
        {
            "rows": [_row(one) for one in files],
            "channels": CHANNELS,
            "busy": any(one.state in (ImportState.UPLOADED, ImportState.RUNNING) for one in files),
        },
    )


@require_GET
@requires(Page.SUPPRESSIONS)
def rejected(request: HttpRequest, file_id: int) -> HttpResponse:
    """The rejected rows as a file: row numbers and reasons."""
    found = get_object_or_404(OptOutFile, pk=file_id)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{found.pk}.csv"'
    response.write("\ufeff")  # by which spreadsheets know UTF-8
    writer = csv.writer(response)
    writer.writerow([_("row"), _("reason"), _("code")])
    for one in found.rejected.order_by("row").iterator(chunk_size=5_000):
        writer.writerow([one.row, _reason(one.reason), one.reason])
    return response


def _receive(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    via = request.POST.get("via", "")
    assert isinstance(request.user, User)
    if file is None or via not in CHANNELS:
        messages.error(request, _("Please choose a file, and how the refusals were said."))
    elif not (file.name or "").lower().endswith(SUFFIXES):
        messages.error(request, _("This is neither a CSV nor an XLSX file."))
    else:
        try:
            kept = opt_out_files.receive(
                file.file,  # type: ignore[arg-type]
                file_name=file.name or "",
                via=via,
                maker=request.user,
            )
        except FileFault as fault:
            messages.error(request, file_fault_sentence(fault))
        else:
            jobs.enqueue_opt_outs(kept.pk)
            messages.success(request, _("The file is here and is being carried out."))
    return redirect("opt-out-files")


def _row(file: OptOutFile) -> dict[str, Any]:
    reasons = file.rejected.values("reason").annotate(n=Count("pk")).order_by("-n")[:5]
    return {
        "file": file,
        "state": STATES[file.state],
        "via": CHANNELS.get(file.via, file.via),
        "error": error_sentence(file.error),
        "reasons": [(_reason(row["reason"]), row["n"]) for row in reasons],
    }


def _reason(code: str) -> str:
    if code == opt_out_files.UNKNOWN:
        return _("No customer has this id.")
    return row_reason_sentence(code)
