"""Models trained from labelled utterances: their hold-out reports, and the way into force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.models import Approval
from approvals.reading import history
from clock.reading import now as clock_now
from console.posted import storable
from console.texts.workbench import MODEL_STATES, SHORTCOMINGS, TROUBLES, labels
from robot import promoting, retraining
from robot.domain.intents.comparing import shortcomings
from robot.domain.intents.model import WeightsChanged
from robot.domain.model_life import PROMOTABLE, ModelState
from robot.models import IntentModel
from robot.promoting import NotFit

PER_PAGE: Final = 20


@require_GET
@requires(Page.WORKBENCH)
def index(request: HttpRequest) -> HttpResponse:
    """Every model, the newest first, and how many examples wait for a training."""
    retraining.give_up_overdue(clock_now())
    found = IntentModel.objects.defer("weights").select_related("maker")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [_row(one) for one in page]
    return render(
        request,
        "workbench/models.html",
        {
            "rows": rows,
            "page": page,
            "live": found.filter(state=ModelState.LIVE.value).first(),
            "training": found.filter(state=ModelState.TRAINING.value).exists(),
            "examples": len(retraining.examples_now()),
            "may_train": may(request.user, Page.WRITING),
        },
    )


@require_POST
@requires(Page.WRITING)
def train(request: HttpRequest) -> HttpResponse:
    """Begin a training."""
    assert isinstance(request.user, User)
    try:
        begun = retraining.begin(maker=request.user, at=clock_now())
    except retraining.TrainingRefused as refused:
        messages.error(request, refused.sentence)
        return redirect("intent-models")
    messages.success(request, _("Training has begun. It takes a few minutes."))
    return redirect("intent-model", begun.pk)


@require_GET
@requires(Page.WORKBENCH)
def model(request: HttpRequest, model_id: int) -> HttpResponse:
    """One model: its report, what it reads otherwise, and what can be decided."""
    retraining.give_up_overdue(clock_now())
    found = get_object_or_404(
        IntentModel.objects.defer("weights").select_related("maker"), pk=model_id
    )
    user = request.user
    assert isinstance(user, User)
    approval = promoting.waiting(found, clock_now())
    writes = may(user, Page.WRITING)
    own = user.pk in (found.maker_id, approval.maker_id if approval else None)
    words = labels()
    report = found.report
    row = _row(found)
    return render(
        request,
        "workbench/model.html",
        {
            **row,
            "approval": approval,
            "history": history(promoting.subject_of(found)),
            "may_write": writes,
            "may_sign": approval is not None and not own and may_sign(user, "intent_model"),
            "may_ask": writes
            and approval is None
            and not row["short"]
            and ModelState(found.state) in PROMOTABLE,
            "training": found.state == ModelState.TRAINING.value,
            "compared": IntentModel.objects.defer("weights")
            .filter(sha256=report.get("compared_with", "-"))
            .exclude(pk=found.pk)
            .first(),
            "by_label": [
                {"label": words[name], "right": right, "before": before, "total": total}
                for name, right, before, total in report.get("by_label", [])
            ],
            "worse": _changes(report.get("worse", []), words),
            "better": _changes(report.get("better", []), words),
        },
    )


@require_POST
@requires(Page.WORKBENCH)
def promotion(request: HttpRequest, model_id: int, step: str) -> HttpResponse:
    """One step of a model's way into force: ask, sign, return, withdraw."""
    found = get_object_or_404(IntentModel, pk=model_id)
    if step not in _STEPS:
        raise Http404
    assert isinstance(request.user, User)
    try:
        messages.success(request, _STEPS[step](found, request.user, request.POST))
    except ApprovalRefused as refused:
        messages.error(request, refused.sentence)
    except NotFit as error:
        messages.error(request, " ".join(str(SHORTCOMINGS[code]) for code in error.short))
    except WeightsChanged:
        messages.error(request, _("The stored weights are not those that were trained."))
    return redirect("intent-model", found.pk)


def _ask(found: IntentModel, user: User, fields: QueryDict) -> str:
    _writer(user)
    promoting.ask(found, maker=user, at=clock_now())
    return _("Submitted. A reviewer reads and signs it.")


def _sign(found: IntentModel, user: User, fields: QueryDict) -> str:
    _signer(user)
    promoting.sign(found, approval=_waiting(found), checker=user, at=clock_now())
    return _("Signed. Calls use it within a few seconds.")


def _return(found: IntentModel, user: User, fields: QueryDict) -> str:
    _signer(user)
    promoting.send_back(
        approval=_waiting(found), checker=user, reason=storable(fields.get("reason", ""), 500)
    )
    return _("Returned to whoever submitted it.")


def _withdraw(found: IntentModel, user: User, fields: QueryDict) -> str:
    _writer(user)
    promoting.take_back(approval=_waiting(found), actor=user)
    return _("Taken back. It is a candidate as before.")


_STEPS: Final[dict[str, Callable[[IntentModel, User, QueryDict], str]]] = {
    "ask": _ask,
    "sign": _sign,
    "return": _return,
    "withdraw": _withdraw,
}


def _row(found: IntentModel) -> dict[str, Any]:
    report: Any = found.report
    return {
        "model": found,
        "state": MODEL_STATES[ModelState(found.state)],
        "trouble": TROUBLES.get(found.trouble, ""),
        "report": report,
        "examples": len(found.example_ids),
        "good": _percent(report, "good"),
        "flow": _percent(report, "flow"),
        "good_before": _percent(report, "good_before"),
        "flow_before": _percent(report, "flow_before"),
        "missed": len(report["missed_stops"]) if report else None,
        "short": [SHORTCOMINGS[code] for code in shortcomings(report)] if report else [],
    }


def _percent(report: dict[str, Any], name: str) -> str:
    return f"{report[name]:.1%}" if report else ""


def _changes(found: list[dict[str, str]], words: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "text": one["text"],
            "label": words[one["label"]],
            "was": words.get(one["was"], one["was"]),
            "now": words.get(one["now"], one["now"]),
        }
        for one in found
    ]


def _waiting(found: IntentModel) -> Approval:
    approval = promoting.waiting(found, clock_now())
    if approval is None:
        raise ApprovalRefused
    return approval


def _writer(user: User) -> None:
    if not may(user, Page.WRITING):
        raise PermissionDenied


def _signer(user: User) -> None:
    if not may_sign(user, "intent_model"):
        raise PermissionDenied
