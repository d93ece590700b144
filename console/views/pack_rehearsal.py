"""Trying a version out: scenario files, shipped or uploaded, run against it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.permissions import Page, requires
from campaigns import reasons
from compliance import rehearsing
from compliance.domain.pack import Pack, PackError, compile_pack
from compliance.pack_source import MAX_BYTES
from compliance.rehearsing import Answered, Rehearsed, ScenarioError
from compliance.wording import AREAS, OUTCOMES, Text
from console.views.packs import mistakes_of, version_of

SCENARIOS = Path(rehearsing.__file__).resolve().parent / "scenarios"
_EXPECTATIONS: dict[str, Text] = {
    **AREAS,
    "decision": gettext_lazy("Answer"),
    "codes": gettext_lazy("Reasons"),
    "primary": gettext_lazy("First reason"),
    "packs": gettext_lazy("Judged by"),
    "earliest_next": gettext_lazy("Earliest next"),
    "open_until": gettext_lazy("Open until"),
}
#: A scenario may leave open for how long something is blocked.
_ANSWERS: dict[str, Text] = {
    **{outcome: words for outcome, (words, _badge) in OUTCOMES.items()},
    "block": gettext_lazy("No, or not now"),
}


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
        "failed": [_shown(each) for each in results if not each.passed],
        "passed": [_shown(each) for each in results if each.passed],
    }


def _shown(result: Rehearsed) -> dict[str, Any]:
    """The answer, and what came out otherwise, in the reader's language."""
    return {
        "name": result.name,
        "file": result.file,
        "answer": OUTCOMES[result.decision.verdict][0],
        "codes": [(code, reasons.sentence(code)) for code in result.decision.codes],
        "differences": [
            {
                "what": _EXPECTATIONS.get(each.what, each.what),
                "came_out": _words(each.came_out),
                "expected": _words(each.expected),
            }
            for each in result.differences
        ],
    }


def _words(answered: Answered) -> Text:
    if answered is None:
        return "–"
    if isinstance(answered, datetime):
        return f"{localtime(answered):%Y-%m-%d %H:%M:%S}"
    if isinstance(answered, str):
        return _ANSWERS.get(answered, answered)
    return ", ".join(answered) or "–"
