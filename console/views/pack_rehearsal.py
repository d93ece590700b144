"""Trying a version out: scenario files, shipped or uploaded, run against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import Page, requires
from compliance import rehearsing
from compliance.domain.pack import Pack, PackError, compile_pack
from compliance.pack_source import MAX_BYTES
from compliance.rehearsing import Rehearsed, ScenarioError
from console.views.packs import mistakes_of, version_of

SCENARIOS = Path(rehearsing.__file__).resolve().parent / "scenarios"


@require_http_methods(["GET", "POST"])
@requires(Page.PACK_EDITING)
def rehearse(request: HttpRequest, version_id: int) -> HttpResponse:
    """Run the chosen files; the answers as lists of what failed and what passed."""
    version = version_of(version_id)
    shipped = sorted(path.name for path in SCENARIOS.glob("*.yaml"))
    context: dict[str, Any] = {
        "version": version,
        "shipped": shipped,
        "chosen": request.POST.getlist("shipped"),
        "suggested": f"{version.pack.code}.yaml",
        "kilobytes": MAX_BYTES // 1024,
        "broken": bool(mistakes_of(version)),
    }
    if request.method == "POST" and not context["broken"]:
        context |= _run(request, compile_pack(version.document), shipped)
    return render(request, "compliance/packs/rehearse.html", context)


def _run(request: HttpRequest, draft: Pack, shipped: list[str]) -> dict[str, Any]:
    results: list[Rehearsed] = []
    uploaded = request.FILES.get("file")
    try:
        for name in request.POST.getlist("shipped"):
            if name in shipped:
                results += rehearsing.rehearse(SCENARIOS / name, draft)
        if uploaded is not None:
            text = uploaded.read(MAX_BYTES + 1).decode("utf-8", errors="replace")
            results += rehearsing.rehearse_text(uploaded.name or "", text, draft)
    except (ScenarioError, PackError) as error:
        return {"error": str(error)}
    if not results:
        return {"error": _("Choose at least one file.")}
    return {
        "results": results,
        "failed": [each for each in results if not each.passed],
        "passed": [each for each in results if each.passed],
    }
