"""What if this version held: the question's form, its progress, and its answer as charts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Page, requires
from audiences.models import ImportBatch, Segment
from campaigns import reasons
from campaigns.domain.what_if_state import WhatIfState
from campaigns.jobs import enqueue_what_if
from campaigns.models import Campaign, WhatIf
from campaigns.what_if import CURVE_SAMPLE, SAMPLE, ask
from clock.reading import now as clock_now
from compliance.domain.intent import Actor
from compliance.domain.pack_state import PackState
from compliance.drafting import mistakes_of
from compliance.models import PackVersion, Product
from console.views.packs import user_of

SHOWN = 30

_STATES: dict[WhatIfState, tuple[str | Promise, str]] = {
    WhatIfState.QUEUED: (gettext_lazy("Waits for a worker"), "warn"),
    WhatIfState.RUNNING: (gettext_lazy("Being worked out"), "info"),
    WhatIfState.DONE: (gettext_lazy("Worked out"), "ok"),
    WhatIfState.FAILED: (gettext_lazy("Failed"), "bad"),
}


@require_http_methods(["GET", "POST"])
@requires(Page.WHAT_IF)
def what_ifs(request: HttpRequest) -> HttpResponse:
    """Ask a question; below, the ones asked before."""
    if request.method == "POST":
        made = _asked(request)
        if made is not None:
            return redirect("what-if", made.pk)
    now = clock_now()
    versions = PackVersion.objects.exclude(state=PackState.WITHDRAWN.value)
    chosen = request.POST.get("version") or request.GET.get("version", "")
    return render(
        request,
        "compliance/what_if/index.html",
        {
            "versions": versions.select_related("pack").order_by("-pk")[:100],
            "chosen": chosen,
            "campaigns": Campaign.objects.order_by("-pk")[:100],
            "segments": Segment.objects.order_by("name")[:200],
            "batches": ImportBatch.objects.order_by("-pk")[:50],
            "products": Product.objects.order_by("code")[:200],
            "at": request.POST.get("at") or now.astimezone(get_current_timezone()),
            "sample": SAMPLE,
            "asked": [
                {"what_if": one, "state": _state_text(one)}
                for one in WhatIf.objects.select_related(
                    "version__pack", "campaign", "segment", "batch", "maker"
                ).order_by("-pk")[:SHOWN]
            ],
        },
    )


@require_GET
@requires(Page.WHAT_IF)
def what_if(request: HttpRequest, what_if_id: int) -> HttpResponse:
    """The answer, or how far it is."""
    one = _what_if(what_if_id)
    result = one.result
    context: dict[str, Any] = {"one": one, "state": one.state, "said": _state_text(one)}
    if one.state == WhatIfState.DONE:
        before, after = result["before"], result["after"]
        codes = sorted(
            {*before["primary"], *after["primary"]},
            key=lambda code: -max(before["primary"].get(code, 0), after["primary"].get(code, 0)),
        )
        curve = result["curve"]
        context |= {
            "result": result,
            "sampled": result["judged"] < result["listed"],
            "curve_sample": CURVE_SAMPLE,
            "change": after["allowed"] - before["allowed"],
            "rows": [
                {
                    "code": code,
                    "sentence": reasons.sentence(code),
                    "before": before["primary"].get(code, 0),
                    "after": after["primary"].get(code, 0),
                }
                for code in codes
            ],
            "gained": _by_code(result["gained"]),
            "lost": _by_code(result["lost"]),
            "days": [
                {"day": datetime.fromisoformat(day), "before": a, "after": b}
                for day, a, b in zip(
                    curve["days"], curve["before"]["days"], curve["after"]["days"], strict=True
                )
            ],
            "chart": {
                "begins": curve["begins"],
                "before": curve["before"]["hours"],
                "after": curve["after"]["hours"],
                "reasons": [reasons.sentence(code) for code in codes],
                "reasons_before": [before["primary"].get(code, 0) for code in codes],
                "reasons_after": [after["primary"].get(code, 0) for code in codes],
                "names": [_("in force"), str(one.version)],
            },
        }
    return render(request, "compliance/what_if/answer.html", context)


@require_GET
@requires(Page.WHAT_IF)
def state(request: HttpRequest, what_if_id: int) -> JsonResponse:
    """How far it is, for the page that waits."""
    one = _what_if(what_if_id)
    return JsonResponse({"state": one.state, "done": one.done, "wanted": one.wanted})


def _state_text(one: WhatIf) -> tuple[str | Promise, str]:
    """In words, and the colour of the badge."""
    return _STATES[WhatIfState(one.state)]


def _what_if(what_if_id: int) -> WhatIf:
    return get_object_or_404(
        WhatIf.objects.select_related(
            "version__pack", "campaign", "segment", "batch", "product", "maker"
        ),
        pk=what_if_id,
    )


def _by_code(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    return [(code, reasons.sentence(code), count) for code, count in counts.items()]


def _asked(request: HttpRequest) -> WhatIf | None:
    """The question of the form; None (and a message) when it is not whole."""
    version = PackVersion.objects.filter(pk=_number(request, "version")).first()
    kind, _colon, identity = request.POST.get("list", "").partition(":")
    number = int(identity) if identity.isdigit() else 0
    campaign = Campaign.objects.filter(pk=number).first() if kind == "campaign" else None
    segment = Segment.objects.filter(pk=number).first() if kind == "segment" else None
    batch = ImportBatch.objects.filter(pk=number).first() if kind == "batch" else None
    product = Product.objects.filter(pk=_number(request, "product")).first()
    problem = ""
    try:
        at = datetime.fromisoformat(request.POST.get("at", "")).replace(
            tzinfo=get_current_timezone()
        )
        actor = Actor(request.POST.get("actor", ""))
    except ValueError:
        problem = _("This is no time.")
    if version is None:
        problem = _("Choose a version.")
    elif mistakes_of(version):
        problem = _("The version has mistakes. Mend them first.")
    elif campaign is None and segment is None and batch is None:
        problem = _("Choose a list.")
    elif campaign is None and product is None:
        problem = _("A segment or an import needs a product.")
    if problem or version is None:
        messages.error(request, problem)
        return None
    with transaction.atomic():
        made = ask(
            version,
            maker_id=user_of(request).pk,
            at=at,
            actor=actor,
            campaign=campaign,
            segment=segment,
            batch=batch,
            product=product,
        )
        enqueue_what_if(made.pk)
    return made


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isdigit() and len(text) < 19 else 0
