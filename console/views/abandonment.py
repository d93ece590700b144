"""Abandoned calls as the regulators divide them: a chart and a table for each pack's definition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Page, requires
from audit.recording import record
from console.handing_out import file_answer, span, span_problem
from evidence.abandonment import (
    JUDGEMENTS,
    OF,
    Definition,
    Judgement,
    Line,
    abandonment,
    abandonment_sheet,
    active,
)
from evidence.sheets import FORMATS

#: A chart of more campaigns at once is not read any more; the table holds them all.
DRAWN = 6
#: Rows of a table on the screen, the newest; the files hold all of them.
SHOWN = 300
_COLOURS = {Judgement.WITHIN: "ok", Judgement.OVER: "bad", Judgement.FEW: "warn"}


@require_GET
@requires(Page.EVIDENCE)
def report(request: HttpRequest) -> HttpResponse:
    """Over a span of days, of one campaign or all; `?format=` is a file, which the audit notes."""
    since, until = span(request)
    candidates = active(since, until)
    wanted = request.GET.get("campaign", "")
    chosen = [each for each in candidates if str(each.pk) == wanted]
    kind = request.GET.get("format", "")
    if kind not in ("", *FORMATS):
        raise Http404
    problem = span_problem(request)
    if problem:
        messages.error(request, problem)
        if kind:
            return redirect("evidence-abandonment")
    campaigns = chosen or candidates
    if kind:
        assert isinstance(request.user, User)
        record(
            kind="evidence.abandonment",
            actor_id=request.user.pk,
            subject="evidence:register",
            payload={
                "format": kind,
                "since": since,
                "until": until,
                "campaign": chosen[0].pk if chosen else None,
            },
        )
        content_type, make = FORMATS[kind]
        sheet = abandonment_sheet(campaigns, since, until)
        return file_answer(make(sheet), content_type, f"abandonment-{since:%Y%m%d}.{kind}")
    parts = [
        _part(number, definition, lines)
        for number, (definition, lines) in enumerate(abandonment(campaigns, since, until))
    ]
    return render(
        request,
        "compliance/abandonment.html",
        {
            "since": since,
            "until": until - timedelta(days=1),
            "campaigns": candidates,
            "chosen": chosen[0].pk if chosen else None,
            "formats": list(FORMATS),
            "parts": parts,
            "charts": [part["chart"] for part in parts if part["lines"]],
        },
    )


def _part(number: int, definition: Definition, lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "id": f"chart-{number}",
        "definition": definition,
        "of": OF[definition.guard.of],
        "over": sum(line.judgement is Judgement.OVER for line in lines),
        "lines": [
            (line, JUDGEMENTS[line.judgement], _COLOURS[line.judgement])
            for line in reversed(lines[-SHOWN:])
        ],
        "more": max(0, len(lines) - SHOWN),
        "chart": _chart(f"chart-{number}", definition, lines),
    }


def _chart(name: str, definition: Definition, lines: Sequence[Line]) -> dict[str, Any]:
    """The campaigns with most people in the denominator, period by period."""
    weight: dict[int, int] = {}
    for line in lines:
        weight[line.campaign_id] = weight.get(line.campaign_id, 0) + line.of
    drawn = sorted(weight, key=lambda pk: (-weight[pk], pk))[:DRAWN]
    shares = {(line.campaign_id, line.period.first): line for line in lines}
    days = sorted({line.period.first for line in lines if line.campaign_id in drawn})
    names = {line.campaign_id: line.campaign for line in lines}
    return {
        "id": name,
        "labels": [day.isoformat() for day in days],
        "limit": definition.guard.stop_above_percent,
        "series": [
            {
                "name": names[pk],
                "values": [_point(shares.get((pk, day))) for day in days],
            }
            for pk in drawn
        ],
    }


def _point(line: Line | None) -> list[float | int] | None:
    """Share, numerator, denominator."""
    if line is None or line.percent is None:
        return None
    return [round(line.percent, 3), line.abandoned, line.of]
