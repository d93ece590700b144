"""The three-appropriates certificate of a campaign: on the screen, as PDF, as JSON with proof."""

from __future__ import annotations

import json
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Page, requires
from campaigns import labels, reasons
from campaigns.models import Campaign
from compliance import wording
from compliance.wording import label
from console.handing_out import file_answer
from console.posted import sought
from evidence.abandonment import JUDGEMENTS, OF
from evidence.certificate import certificate, note_export, with_proof
from evidence.certificate_pdf import (
    branch_of,
    call_rows,
    certificate_pdf,
    product_facts,
    rule_of,
    statement,
    uses_of,
)
from evidence.dossier_pdf import dossier_json
from evidence.fingerprint import fingerprint
from evidence.words import DENIALS, VIAS

PER_PAGE = 25
#: Lists, codes and periods shown at most; the files hold all of them.
SHOWN = 300


@require_GET
@requires(Page.CERTIFICATES)
def index(request: HttpRequest) -> HttpResponse:
    """The campaigns, the newest first."""
    words = sought(request, "q")
    found = Campaign.objects.select_related("product").order_by("-pk")
    if words:
        found = found.filter(name__icontains=words)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "compliance/certificates.html",
        {
            "rows": [(campaign, labels.CAMPAIGN[campaign.state]) for campaign in page],
            "page": page,
            "q": words,
        },
    )


@require_GET
@requires(Page.CERTIFICATES)
def one(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One campaign's; with `?format=` a file, which the audit notes."""
    campaign = get_object_or_404(
        Campaign.objects.select_related(
            "product", "script_version__script", "team", "maker", "audience__segment",
            "audience__batch",
        ),
        pk=campaign_id,
    )  # fmt: skip
    kind = request.GET.get("format", "")
    if kind not in ("", "pdf", "json"):
        raise Http404
    document = certificate(campaign)
    if not kind:
        return render(request, "compliance/certificate.html", _shown(campaign, document))
    assert isinstance(request.user, User)
    with transaction.atomic():
        if kind == "json":
            content = dossier_json(with_proof(document, campaign))
        else:
            content = certificate_pdf(document)
        note_export(campaign, reader=request.user, kind=kind, sha256=fingerprint(document))
    content_type = "application/json" if kind == "json" else "application/pdf"
    return file_answer(content, content_type, f"certificate-{campaign.pk}.{kind}")


def _shown(campaign: Campaign, document: dict[str, Any]) -> dict[str, Any]:
    screening, decisions = document["screening"], document["decisions"]
    periods = [
        {**period, "rule": rule_of(each, document["campaign"]), "divided_by": label(OF, each["of"]),
         "limit": each["limit_percent"], "says": label(JUDGEMENTS, period["result"])}
        for each in document["abandonment"]
        for period in each["periods"]
    ]  # fmt: skip
    return {
        "campaign": campaign,
        "state": labels.CAMPAIGN[campaign.state],
        "document": document,
        "statement": statement(document),
        "sha256": fingerprint(document),
        "caller_ids": [(each, uses_of(each)) for each in document["caller_ids"]],
        "product": product_facts(document["product"]),
        "limits": json.dumps(document["campaign"]["limits"], ensure_ascii=False, sort_keys=True)
        if document["campaign"]["limits"]
        else "",
        "reviews": [
            (labels.APPROVAL.get(each["state"], each["state"]), each)
            for each in document["script"]["reviews"]
        ],
        "lists": [
            (each, branch_of(each), labels.LIST[each["state"]])
            for each in document["lists"][:SHOWN]
        ],
        "more_lists": max(0, len(document["lists"]) - SHOWN),
        "areas": [
            {
                "name": name,
                "skipped": screening["by_area"][area],
                "refused": decisions["by_area"][area],
                "with": decisions["with_area"][area],
            }
            for area, name in wording.AREAS.items()
        ],
        "screened": _codes(screening["by_code"]),
        "decided": _codes(decisions["by_code"]),
        "verdicts": [
            (label(DENIALS, verdict), count) for verdict, count in decisions["by_verdict"].items()
        ],
        "call_rows": call_rows(document["calls"]),
        "opt_outs": [(label(VIAS, each["channel"]), each) for each in document["opt_outs"]],
        "complaint_channels": [
            (label(VIAS, channel), count)
            for channel, count in document["complaints"]["by_channel"].items()
        ],
        "periods": periods[-SHOWN:],
        "more_periods": max(0, len(periods) - SHOWN),
    }


def _codes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "sentence": reasons.sentence(row["code"]),
            "area": label(wording.AREAS, row["area"]),
        }
        for row in rows[:SHOWN]
    ]
