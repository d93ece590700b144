"""Rule packs for compliance officers: what is in force, each version as sentences, its life.

Writing a draft is `pack_editor`'s; trying it out `pack_rehearsal`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import history
from campaigns import labels
from clock.reading import now as clock_now
from compliance import drafting, enacting
from compliance.document_wording import told
from compliance.domain.comparing import Effect, RuleChange
from compliance.domain.pack import Layer, PackError, compile_pack
from compliance.domain.pack_checking import gaps
from compliance.domain.pack_state import PackState, Phase
from compliance.domain.registry import RELAXING
from compliance.drafting import PackRefused
from compliance.models.pack import Pack, PackVersion
from compliance.packs import in_force
from console.posted import words
from console.rule_forms import NEVER_AT_ZERO
from console.texts import packs as texts

#: Parameters that every rule has and that its sentence, badge and legal basis say already.
_SAID = frozenset({"id", "kind", "pack", "zone", "zh", "en", "legal_ref", "basis"})


@require_GET
@requires(Page.PACKS)
def packs(request: HttpRequest) -> HttpResponse:
    """Every pack in the order of the stack, with its versions; what the stack leaves unsaid."""
    now = clock_now()
    places = {layer.value: place for place, layer in enumerate(Layer)}
    found = list(Pack.objects.prefetch_related("versions__maker", "versions__checker"))
    found.sort(key=lambda pack: (places.get(pack.layer, 9), pack.code))
    standing = enacting.phases([v for pack in found for v in pack.versions.all()], now)
    try:
        unsaid = gaps(in_force(now))
        broken = None
    except PackError as error:
        unsaid, broken = {}, told("pack", str(error))
    return render(
        request,
        "compliance/packs/index.html",
        {
            "packs": [_pack_row(pack, standing) for pack in found],
            "unsaid": texts.gap_rows(unsaid),
            "broken": broken,
            "may_edit": may(request.user, Page.PACK_EDITING),
        },
    )


@require_GET
@requires(Page.PACKS)
def version_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version: its rules, what it changes, who signed it, and what can be done with it."""
    version = version_of(version_id)
    now = clock_now()
    at = enacting.phase_of(version, now)
    user = user_of(request)
    asked = enacting.open_request(enacting.subject_of(version))
    ending = enacting.open_request(enacting.end_subject_of(version))
    signs = may_sign(user, "pack_version")
    return render(
        request,
        "compliance/packs/version.html",
        {
            "version": version,
            "phase": at.value,
            "phase_shown": texts.PHASES[at],
            "layer": texts.LAYERS[Layer(version.pack.layer)],
            **_content(version),
            "asked": asked,
            "ending": ending,
            "signed_hash": enacting.signed_hash(version),
            "end_hash": enacting.end_hash(version),
            "is_maker": version.maker_id == user.pk,
            "may_edit": may(user, Page.PACK_EDITING),
            "may_ask": may(user, Page.WHAT_IF),
            "writes": at is Phase.DRAFT and version.maker_id == user.pk,
            "back_dated": enacting.is_back_dated(version, now),
            "back_dated_text": enacting.BackDated().sentence,
            "may_sign": signs and asked is not None and asked.maker_id != user.pk,
            "may_sign_end": signs and ending is not None and ending.maker_id != user.pk,
            "history": [
                {"approval": one, "label": labels.APPROVAL[one.state]}
                for one in history(enacting.subject_of(version))
            ],
        },
    )


@require_POST
@requires(Page.PACK_EDITING)
def step(request: HttpRequest, version_id: int, name: str) -> HttpResponse:
    """One step in the life of a version; back to its page with what happened."""
    version = version_of(version_id)
    user = user_of(request)
    reason, seen = words(request, "reason", 500), request.POST.get("content_hash", "")
    if name == "draft":
        made: list[PackVersion] = []

        def draft() -> str:
            made.append(drafting.draft_from(version, user))
            return _("A draft was made. It changes nothing until somebody else has signed it.")

        attempt(request, draft)
        return redirect("pack-version", made[0].pk if made else version_id)
    steps: dict[str, Callable[[], str]] = {
        "submit": lambda: _said(
            enacting.submit(version, user), _("Submitted. A colleague must sign it now.")
        ),
        "sign": lambda: _said(
            enacting.sign(version, user, seen, words(request, "note", 500)),
            _("Signed. It takes effect by itself at its beginning."),
        ),
        "return": lambda: _said(
            enacting.send_back(version, user, reason), _("Returned to its maker.")
        ),
        "take-back": lambda: _said(
            enacting.take_back(version, user), _("Taken back. You can change it again.")
        ),
        "withdraw": lambda: _said(
            enacting.withdraw(version, user, reason[:200]), _("Withdrawn. It never takes effect.")
        ),
        "ask-end": lambda: _said(
            enacting.ask_to_end(version, user, reason[:150]),
            _("Submitted. It ends when a colleague has signed."),
        ),
        "sign-end": lambda: _said(enacting.sign_end(version, user, seen), _("Ended.")),
        "refuse-end": lambda: _said(
            enacting.refuse_end(version, user, reason), _("It stays in force.")
        ),
    }
    if name not in steps:
        raise Http404
    attempt(request, steps[name])
    return redirect("pack-version", version_id)


def version_of(version_id: int) -> PackVersion:
    """The version, with what its pages show of it; 404 for none."""
    return get_object_or_404(
        PackVersion.objects.select_related("pack", "maker", "checker"), pk=version_id
    )


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def attempt(request: HttpRequest, act: Callable[[], str], *, level: int = messages.SUCCESS) -> bool:
    """Do it; tell the person what happened, or why it did not."""
    try:
        messages.add_message(request, level, act())
    except (PackRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
        return False
    return True


def language() -> str:
    """ "zh" or "en", as rules' sentences are written."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"


def mistakes_of(version: PackVersion) -> list[dict[str, Any]]:
    """What is wrong with a draft, each with its place."""
    rules = version.document.get("rules", [])
    return [
        {
            "place": texts.place_text(problem, rules),
            "field": texts.field_of(problem),
            "told": texts.told(problem),
        }
        for problem in drafting.mistakes_of(version)
    ]


def change_rows(changes: tuple[RuleChange, ...]) -> list[dict[str, Any]]:
    """Changes as a page shows them: the rule's sentence before and after, each value old → new."""
    return [
        {
            "id": change.rule_id,
            "move": texts.MOVES[change.move],
            "effect": texts.EFFECTS[change.effect],
            "loosens": change.loosens,
            "same_words": bool(
                change.old
                and change.new
                and change.effect is not Effect.NONE
                and change.old.sentence(language()) == change.new.sentence(language())
            ),
            "old": texts.rule_sentence(change.old, language()) if change.old else "",
            "new": texts.rule_sentence(change.new, language()) if change.new else "",
            "fields": [
                {
                    "label": texts.field_label(each.name),
                    "old": texts.parameter_text(each.name, each.old),
                    "new": texts.parameter_text(each.name, each.new),
                    "effect": texts.EFFECTS[each.effect],
                    "off": each.new is None,
                    "never": each.name in NEVER_AT_ZERO and each.new == 0,
                }
                for each in change.fields
            ],
        }
        for change in changes
    ]


def rule_news(ref: str, rule_id: str) -> dict[str, Any] | None:
    """What a version ("pack@version") changed in one rule, with the version; None = nothing."""
    version, found = enacting.changed_by(ref)
    mine = tuple(change for change in found if change.rule_id == rule_id)
    return {"version": version, "change": change_rows(mine)[0]} if mine else None


def rule_words(ref: str, rule_id: str) -> str:
    """A rule of a version ("pack@version") as a sentence; "" for what no stored version says."""
    code, _at, name = ref.partition("@")
    version = PackVersion.objects.filter(pack__code=code, version=name).first()
    if version is None:
        return ""
    try:
        rules = compile_pack(version.document).rules
    except PackError:
        return ""
    found = next((rule for _kind, rule in rules if rule.id == rule_id), None)
    return texts.rule_sentence(found, language()) if found is not None else ""


def _said(_done: object, sentence: str) -> str:
    return sentence


def _content(version: PackVersion) -> dict[str, Any]:
    """The rules and the difference, or what keeps the document from being read."""
    mistakes = mistakes_of(version)
    if mistakes:
        rules = [
            {"id": rule.get("id", "?"), "kind": texts.kind_label(str(rule.get("kind")))}
            for rule in version.document.get("rules", [])
            if isinstance(rule, dict)
        ]
        return {"mistakes": mistakes, "broken_rules": rules}
    earlier = enacting.before(version, clock_now())
    try:
        found = enacting.changes(earlier, version)
        stack = enacting.stack_with(version, version.effective_from)
    except PackError as error:
        return {"mistakes": [{"place": "", "field": "", "told": told("pack", str(error))}]}
    return {
        "rules": _rule_rows(version.document),
        "earlier": earlier,
        # without an earlier version nothing is looser than before; what lets calls through is named
        "relaxing": []
        if earlier
        else [each.rule_id for each in found if each.new and each.new.kind in RELAXING],
        "changes": change_rows(found),
        "loosening": sum(change.loosens for change in found) if earlier else 0,
        "unsaid": texts.gap_rows(gaps(stack) if version.state != PackState.WITHDRAWN else {}),
    }


def _rule_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for kind, rule in compile_pack(document).rules:
        defaults = kind.model.model_fields
        values = [
            (texts.field_label(name), texts.parameter_text(name, getattr(rule, name)))
            for name in defaults
            if name not in _SAID and name in rule.model_fields_set
        ]
        rows.append(
            {
                "id": rule.id,
                "kind": texts.kind_label(rule.kind),
                "sentence": texts.rule_sentence(rule, language()),
                "legal_ref": rule.legal_ref,
                "basis": texts.BASES[rule.basis],
                "values": values,
                "off": rule.is_off or bool(rule.named_and_off),
            }
        )
    return rows


def _pack_row(pack: Pack, standing: dict[int, Phase]) -> dict[str, Any]:
    order = [Phase.IN_FORCE, Phase.SUBMITTED, Phase.SCHEDULED, Phase.DRAFT]
    versions = sorted(
        pack.versions.all(),
        key=lambda one: (
            order.index(standing[one.pk]) if standing[one.pk] in order else len(order),
            -one.effective_from.timestamp(),
        ),
    )
    return {
        "pack": pack,
        "name": pack.name if language() == "zh" else pack.name_en or pack.name,
        "layer": texts.LAYERS[Layer(pack.layer)],
        "versions": [{"version": one, "phase": texts.PHASES[standing[one.pk]]} for one in versions],
    }
