"""The script writer's workbench: every dialogue with its versions, and one version open to work on.

What changes while somebody types is asked for by `workbench_trying`; what changes a version's
state is in `workbench_release`.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, may_sign, requires
from clock.reading import now as clock_now
from console.texts.documents import fault_rows
from console.texts.workbench import STATES, labels, texts
from robot.domain.differences import differences
from robot.domain.documents import ScriptUnreadable, read_json, write_yaml
from robot.domain.intents.catalogue import LABELS
from robot.domain.script import TAGS
from robot.domain.versions import VersionState
from robot.models import Script, ScriptVersion
from robot.publishing import store
from robot.releasing import waiting

#: Utterances to pick in the chat: the answers that a writer tries first.
PICKS: Final = ("方便，你说", "是我", "利息多少", "转人工", "不需要", "别再打了", "我在开会", "嗯")


@require_GET
@requires(Page.WORKBENCH)
def scripts(request: HttpRequest) -> HttpResponse:
    """Every script with its newest versions."""
    rows = []
    for script in Script.objects.prefetch_related("versions__author"):
        versions = list(script.versions.all())
        rows.append(
            {
                "script": script,
                "latest": versions[0] if versions else None,
                "published": next(
                    (v for v in versions if v.state == VersionState.PUBLISHED.value), None
                ),
                "versions": [_row(version) for version in versions[:6]],
                "more": max(0, len(versions) - 6),
            }
        )
    return render(
        request,
        "workbench/scripts.html",
        {"rows": rows, "may_write": may(request.user, Page.WRITING)},
    )


@require_GET
@requires(Page.WORKBENCH)
def version(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version: source, picture, findings, chat, matrix, dialogues."""
    found = _version(version_id)
    at = clock_now()
    approval = waiting(found, at)
    assert isinstance(request.user, User)
    writes = may(request.user, Page.WRITING)
    own = request.user.pk in (found.author_id, approval.maker_id if approval else None)
    return render(
        request,
        "workbench/version.html",
        {
            "version": found,
            "state": STATES[VersionState(found.state)],
            "approval": approval,
            "may_write": writes,
            "may_ring": may(request.user, Page.TEST_CALLS),
            "may_sign": approval is not None
            and not own
            and may_sign(request.user, "script_version"),
            "may_ask": writes and approval is None and found.state != VersionState.PUBLISHED.value,
            "may_retire": writes and found.state == VersionState.PUBLISHED.value,
            "picks": PICKS,
            "others": [_row(v) for v in found.script.versions.exclude(pk=found.pk)],
            "workbench": {
                "source": source_of(found),
                "version": found.pk,
                "writes": writes,
                "addresses": {
                    "check": reverse("workbench-check"),
                    "change": reverse("workbench-change"),
                    "chat": reverse("workbench-chat"),
                    "save": reverse("workbench-save"),
                    "funnel": reverse("workbench-funnel", args=[found.pk]),
                    "voice": reverse("workbench-voice", args=[found.pk]),
                    "record": reverse("workbench-voice-record", args=[found.pk]),
                },
                "texts": texts(),
                "intents": labels(),
                "answers": ["filled", *LABELS, "*"],
                "tags": sorted(TAGS),
            },
        },
    )


@require_GET
@requires(Page.WORKBENCH)
def compare(request: HttpRequest, version_id: int, other_id: int) -> HttpResponse:
    """What changed from one version to another of the same script, in words."""
    new, old = _version(version_id), _version(other_id)
    if old.script_id != new.script_id:
        raise Http404
    changes = differences(read_json(old.document), read_json(new.document))
    chinese = (get_language() or "zh").startswith("zh")
    rows = [
        {"kind": one.kind, "where": one.where, "text": one.zh if chinese else one.en}
        for one in changes
    ]
    return render(request, "workbench/compare.html", {"old": old, "new": new, "changes": rows})


@require_POST
@requires(Page.WRITING)
def save(request: HttpRequest) -> JsonResponse:
    """Keep the source as a draft version: the next number, or the one that is the same already."""
    assert isinstance(request.user, User)
    try:
        kept = store(request.POST.get("source", ""), author=request.user, at=clock_now())
    except ScriptUnreadable as error:
        return JsonResponse({"faults": fault_rows(error.faults)}, status=422)
    return JsonResponse(
        {
            "version": kept.pk,
            "name": str(kept),
            "address": reverse("workbench-version", args=[kept.pk]),
            "text": _("Kept as %(version)s.") % {"version": str(kept)},
        }
    )


def source_of(found: ScriptVersion) -> str:
    """The version as its writer wrote it; an older one as YAML of its document."""
    return found.source or write_yaml(read_json(found.document))


def _version(version_id: int) -> ScriptVersion:
    return get_object_or_404(
        ScriptVersion.objects.select_related("script", "author"), pk=version_id
    )


def _row(found: ScriptVersion) -> dict[str, Any]:
    return {"version": found, "state": STATES[VersionState(found.state)]}
