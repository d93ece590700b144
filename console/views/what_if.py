"""What if this version held: the question's form, its progress, and its answer as charts."""

from __future__ import annotations

from collections.abc import Sequence
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
from campaigns.what_if import CURVE_SAMPLE, SAMPLE, ask, changed
from campaigns.what_if_basis import Changed
from clock.reading import now as clock_now
from compliance import enacting, wording
from compliance.document_wording import told_failure
from compliance.domain.intent import Actor
from compliance.domain.pack import Pack, PackError, compile_pack
from compliance.domain.pack_state import PackState
from compliance.domain.rules.cap import CapRule
from compliance.domain.rules.cool_off import CoolOffRule
from compliance.drafting import mistakes_of
from compliance.models import PackVersion, Product
from compliance.packs import in_force
from console.texts import packs as texts
from console.views.packs import user_of

SHOWN = 30

_STATES: dict[WhatIfState, tuple[str | Promise, str]] = {
    WhatIfState.QUEUED: (gettext_lazy("Waits for a worker"), "warn"),
    WhatIfState.RUNNING: (gettext_lazy("Being worked out"), "info"),
    WhatIfState.DONE: (gettext_lazy("Worked out"), "ok"),
    WhatIfState.FAILED: (gettext_lazy("Failed"), "bad"),
}
#: What of an answer's ground is another by now.
_CHANGED: dict[Changed, str | Promise] = {
    Changed.VERSION: gettext_lazy("the draft"),
    Changed.RULES_IN_FORCE: gettext_lazy("the rules in force at that time"),
    Changed.LIST: gettext_lazy("the list"),
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
    versions = list(
        PackVersion.objects.exclude(state=PackState.WITHDRAWN.value)
        .select_related("pack")
        .order_by("-pk")
    )
    # as the packs' page says it: of all versions, for a later one takes an earlier one's place
    standing = enacting.phases(versions, now)
    chosen = request.POST.get("version") or request.GET.get("version", "")
    return render(
        request,
        "compliance/what_if/index.html",
        {
            "versions": [
                {"version": one, "phase": texts.PHASES[standing[one.pk]]} for one in versions[:100]
            ],
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
    if one.state in (WhatIfState.DONE, WhatIfState.FAILED):
        context |= {
            "changed": [_CHANGED[each] for each in changed(one)],
            "basis": result.get("basis"),
            "in_force": result.get("packs", {}).get("before", []),
            "list_kind": _list_kind(one),
        }
    if one.state == WhatIfState.FAILED:
        context["problem"] = told_failure(one.problem)
    if one.state == WhatIfState.DONE:
        context |= _answer(one)
    return render(request, "compliance/what_if/answer.html", context)


def _answer(one: WhatIf) -> dict[str, Any]:
    """The counts, and what the charts draw of them."""
    result = one.result
    before, after = result["before"], result["after"]
    codes = sorted(
        {*before["primary"], *after["primary"]},
        key=lambda code: -max(before["primary"].get(code, 0), after["primary"].get(code, 0)),
    )
    curve = result["curve"]
    try:
        today = _details(in_force(one.at).packs)
        then = {**today, **_details([compile_pack(one.version.document)])}
    except PackError:
        today, then = {}, {}
    rows = [
        {
            "code": code,
            "sentence": reasons.sentence(code),
            "detail": " → ".join(
                dict.fromkeys(said[code] for said in (today, then) if code in said)
            ),
            "before": before["primary"].get(code, 0),
            "after": after["primary"].get(code, 0),
        }
        for code in codes
    ]
    return {
        "result": result,
        "sampled": result["judged"] < result["listed"],
        "followed_all": curve["asked"] == result["listed"],
        "curve_sample": CURVE_SAMPLE,
        "change": after["allowed"] - before["allowed"],
        "same": str(one.version) in result["packs"]["before"] and not result["gained"],
        "rows": rows,
        "gained": _by_code(result["gained"], today),
        "lost": _by_code(result["lost"], then),
        "open_hours": any(curve["before"]["hours"]) or any(curve["after"]["hours"]),
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
            # two codes may share a sentence: the rule tells them apart
            "reasons": [row["detail"] or row["sentence"] for row in rows],
            "reasons_before": [row["before"] for row in rows],
            "reasons_after": [row["after"] for row in rows],
            "names": [
                _("Rules in force"),
                _("With %(version)s") % {"version": str(one.version)},
            ],
            "customers": _("Customers"),
            "callable": _("Callable in the hour"),
        },
    }


def _details(packs: Sequence[Pack]) -> dict[str, str]:
    """What the rule behind a code says, for codes that several rules share a sentence of."""
    found: dict[str, str] = {}
    language = wording.language()
    for _kind, rule in (each for pack in packs for each in pack.rules):
        if isinstance(rule, CapRule):
            found[f"CAP_{rule.id}"] = f"{rule.id} {texts.rule_sentence(rule, language)}"
        elif isinstance(rule, CoolOffRule):
            code = f"COOLOFF_{rule.name.upper()}"
            name = rule.name_zh if language == "zh" else rule.name_en
            found[code] = f"{reasons.sentence(code)} · {name}"
    return found


def _list_kind(one: WhatIf) -> str:
    if one.campaign_id is not None:
        return f"campaign:{one.campaign_id}"
    return f"segment:{one.segment_id}" if one.segment_id is not None else f"batch:{one.batch_id}"


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


def _by_code(counts: dict[str, int], details: dict[str, str]) -> list[tuple[str, str, int]]:
    return [
        (code, details.get(code) or reasons.sentence(code), count) for code, count in counts.items()
    ]


def _asked(request: HttpRequest) -> WhatIf | None:
    """The question of the form; None (and a message) when it is not whole."""
    version = PackVersion.objects.filter(pk=_number(request, "version")).first()
    kind, _colon, identity = request.POST.get("list", "").partition(":")
    number = _whole(identity)
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
        if not 2000 <= at.year <= 2100:
            raise ValueError
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
    return _whole(request.POST.get(name, ""))


def _whole(text: str) -> int:
    """A row's id as it was posted; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
