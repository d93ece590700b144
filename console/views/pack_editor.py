"""Writing a draft: its head, its rules by forms, and the whole of it as YAML."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Page, may, requires
from clock.reading import now as clock_now
from compliance import drafting, enacting
from compliance.domain.pack_state import PackState
from compliance.domain.registry import KINDS
from compliance.models.pack import PackVersion
from compliance.pack_source import MAX_BYTES, Source, read, write
from console import rule_forms
from console.posted import words
from console.texts import packs as texts
from console.views.packs import attempt, user_of, version_of


@require_POST
@requires(Page.PACK_EDITING)
def head(request: HttpRequest, version_id: int) -> HttpResponse:
    """The draft's name and its beginning, in the bank's time."""
    version = version_of(version_id)
    try:
        given = datetime.fromisoformat(request.POST.get("begins", ""))
        begins = given.replace(tzinfo=get_current_timezone())
    except ValueError:
        messages.error(request, _("This is no time."))
        return redirect("pack-version", version_id)

    def act() -> str:
        name = words(request, "version") or version.version
        drafting.save(
            version,
            {**version.document, "version": name},
            actor=user_of(request),
            seen=request.POST.get("seen", ""),
            effective_from=begins,
        )
        return _("Saved.")

    if attempt(request, act) and begins <= clock_now():
        messages.warning(request, enacting.BackDated().sentence)
    return redirect("pack-version", version_id)


@require_http_methods(["GET", "POST"])
@requires(Page.PACK_EDITING)
def rule(request: HttpRequest, version_id: int, rule_id: str) -> HttpResponse:
    """One rule as a form; `remove` takes the whole rule out."""
    version = version_of(version_id)
    found = _rule_of(version, rule_id)
    if version.state != PackState.DRAFT or version.maker_id != user_of(request).pk:
        messages.error(request, drafting.NotYourDraft().sentence)
        return redirect("pack-version", version_id)
    shown = rule_forms.controls(found)
    if request.method == "POST":
        if "remove" in request.POST:
            _save_rule(request, version, rule_id, None)
            return redirect("pack-version", version_id)
        changed, shown = rule_forms.read(found, request.POST)
        clean = not any(control.errors for control in shown)
        if clean and _save_rule(request, version, rule_id, changed):
            return redirect("pack-version", version_id)
    return render(
        request,
        "compliance/packs/rule.html",
        {
            "version": version,
            "rule": found,
            "kind": texts.kind_label(str(found["kind"])),
            "controls": shown,
            "wrong": [control for control in shown if control.errors],
            "seen": request.POST.get("seen", version.sha256),
        },
    )


@require_http_methods(["GET", "POST"])
@requires(Page.PACKS)
def source(request: HttpRequest, version_id: int) -> HttpResponse:
    """The document as YAML: to read, and for its maker to change; mistakes with their lines."""
    version = version_of(version_id)
    writes = (
        version.state == PackState.DRAFT
        and version.maker_id == user_of(request).pk
        and may(request.user, Page.PACK_EDITING)
    )
    text, found = write(version.document), None
    if request.method == "POST":
        if not writes:
            messages.error(request, drafting.NotYourDraft().sentence)
            return redirect("pack-source", version_id)
        text = request.POST.get("source", "")
        found = read(text)
        if found.document is not None and _save_source(request, version, found):
            return redirect("pack-source" if found.mistakes else "pack-version", version_id)
    elif writes:
        found = read(text)
    return render(
        request,
        "compliance/packs/source.html",
        {
            "version": version,
            "source": text,
            "mistakes": _mistakes(found),
            "writes": writes,
            "back_dated": enacting.BackDated().sentence
            if writes and enacting.is_back_dated(version, clock_now())
            else "",
            "seen": request.POST.get("seen", version.sha256),
        },
    )


@require_http_methods(["GET", "POST"])
@requires(Page.PACK_EDITING)
def new(request: HttpRequest) -> HttpResponse:
    """A pack of a new layer, from a YAML document that is pasted or uploaded."""
    text, found = "", None
    if request.method == "POST":
        text = _text_of(request)
        found = read(text)
        made: list[PackVersion] = []

        def act() -> str:
            assert found is not None and found.document is not None
            made.append(drafting.draft_of_new_pack(found.document, user_of(request)))
            return _("A draft was made. It changes nothing until somebody else has signed it.")

        if found.document is not None and attempt(request, act):
            return redirect("pack-version", made[0].pk)
    return render(
        request,
        "compliance/packs/new.html",
        {
            "source": text,
            "mistakes": _mistakes(found),
            "kilobytes": MAX_BYTES // 1024,
            "zone": settings.TIME_ZONE,
        },
    )


def _rule_of(version: PackVersion, rule_id: str) -> dict[str, Any]:
    for each in version.document.get("rules", []):
        if isinstance(each, dict) and each.get("id") == rule_id and each.get("kind") in KINDS:
            return each
    raise Http404


def _save_rule(
    request: HttpRequest, version: PackVersion, rule_id: str, changed: dict[str, Any] | None
) -> bool:
    """Put the changed rule in its place, or take it out (None)."""

    def act() -> str:
        rules = [
            changed if each.get("id") == rule_id else each
            for each in version.document["rules"]
            if changed is not None or each.get("id") != rule_id
        ]
        drafting.save(
            version,
            {**version.document, "rules": rules},
            actor=user_of(request),
            seen=request.POST.get("seen", ""),
        )
        return _("Saved.") if changed is not None else _("The rule was taken out of the draft.")

    return attempt(request, act)


def _save_source(request: HttpRequest, version: PackVersion, found: Source) -> bool:
    def act() -> str:
        assert found.document is not None
        drafting.save(
            version, found.document, actor=user_of(request), seen=request.POST.get("seen", "")
        )
        return _("Saved, with mistakes.") if found.mistakes else _("Saved.")

    return attempt(request, act, level=messages.WARNING if found.mistakes else messages.SUCCESS)


def _mistakes(found: Source | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    rules = (found.document or {}).get("rules")
    return [
        {
            "line": each.line,
            "place": texts.place_text(each.problem, rules if isinstance(rules, list) else []),
            "field": texts.field_of(each.problem),
            "told": texts.told(each.problem),
        }
        for each in found.mistakes
    ]


def _text_of(request: HttpRequest) -> str:
    """What was uploaded, else what was pasted."""
    uploaded = request.FILES.get("file")
    if uploaded is None:
        return request.POST.get("source", "")
    content: bytes = uploaded.read(MAX_BYTES + 1)
    return content.decode("utf-8", errors="replace")
