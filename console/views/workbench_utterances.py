"""What customers said that was not understood; one click says what it meant."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page as Leaf
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, requires
from clock.reading import now as clock_now
from console.posted import sought
from console.texts.workbench import labels
from robot import labelling
from robot.domain.intents.catalogue import LABELS
from robot.labelling import LabelRefused
from robot.models import Script, TrainingExample
from robot.retraining import examples_now
from robot.unmatched import SPAN, Unmatched, unmatched

PER_PAGE: Final = 50
#: Labels offered as buttons beside an utterance, and places named.
OFFERED: Final = 3
#: What the form sends instead of an intent.
LEAVE: Final = "leave"
OTHER: Final = "other"


@require_GET
@requires(Page.WORKBENCH)
def utterances(request: HttpRequest) -> HttpResponse:
    """What was not understood in the last 30 days, or (`show=kept`) what was labelled."""
    shown = "kept" if request.GET.get("show") == "kept" else "open"
    script = sought(request, "script", 60)
    words = labels()
    context: dict[str, Any] = {
        "show": shown,
        "script": script,
        "scripts": Script.objects.all(),
        "days": SPAN.days,
        "may_label": may(request.user, Page.WRITING),
        "intents": sorted(((name, words[name]) for name in LABELS), key=lambda one: one[1]),
        "examples": len(examples_now()),
    }
    page: Leaf[Any]
    if shown == "kept":
        kept = TrainingExample.objects.filter(withdrawn_at__isnull=True).select_related(
            "created_by"
        )
        page = Paginator(kept, PER_PAGE).get_page(request.GET.get("page"))
        rows = [{"example": one, "label": words.get(one.label, "")} for one in page]
    else:
        heard = unmatched(now=clock_now(), script=script)
        page = Paginator(heard.groups, PER_PAGE).get_page(request.GET.get("page"))
        rows = [_row(group, words) for group in page]
        context |= {"answers": heard.answers, "whole": heard.whole, "sorts": len(heard.groups)}
    return render(
        request,
        "workbench/utterances.html",
        {
            **context,
            "rows": rows,
            "page": page,
            "here": f"?{_query(script, shown, page.number)}",
            "pager_query": f"&{_query(script, shown)}",
        },
    )


@require_POST
@requires(Page.WRITING)
def label(request: HttpRequest) -> HttpResponse:
    """Say what an utterance (by its turn) meant, or leave it alone."""
    assert isinstance(request.user, User)
    meaning = request.POST.get("label", "")
    if meaning == OTHER:
        meaning = request.POST.get("other", "")
    turn = request.POST.get("turn", "")
    try:
        if not turn.isdecimal() or len(turn) > 18 or not meaning:
            raise LabelRefused
        kept = labelling.label(
            int(turn),
            labelling.LEFT if meaning == LEAVE else meaning,
            by=request.user,
            at=clock_now(),
        )
    except LabelRefused as refused:
        messages.error(request, refused.sentence)
    else:
        named = labels().get(kept.label, "") or _("left alone")
        told = _("“%(text)s” was labelled: %(label)s") % {"text": kept.text, "label": named}
        messages.success(request, told)
    return _back(request)


@require_POST
@requires(Page.WRITING)
def withdraw(request: HttpRequest, example_id: int) -> HttpResponse:
    """Take an example back; its words are shown again."""
    assert isinstance(request.user, User)
    example = get_object_or_404(TrainingExample, pk=example_id)
    if labelling.withdraw(example, by=request.user, at=clock_now()):
        messages.success(request, _("Taken back. The next training does not see it."))
    return _back(request)


def _row(group: Unmatched, words: dict[str, str]) -> dict[str, Any]:
    top = [(name, words.get(name, name), chance) for name, chance in group.top[:OFFERED]]
    return {
        "group": group,
        "top": top,
        "offered": [(name, text) for name, text, _chance in top if name in LABELS],
        "places": group.places.most_common(OFFERED),
        "more_places": max(0, len(group.places) - OFFERED),
    }


def _query(script: str, shown: str, page: int = 0) -> str:
    given = {"show": "kept" if shown == "kept" else "", "script": script, "page": page}
    return urlencode({key: value for key, value in given.items() if value})


def _back(request: HttpRequest) -> HttpResponse:
    """To the page of the list from which the form was sent."""
    here = request.POST.get("here", "")
    address = reverse("utterances")
    return redirect(address + here if here.startswith("?") else address)
