"""From a candidate to the model that calls use: asked for, read by a second person, signed.

Whoever had it trained neither signs it nor has it signed by the one who asked for it. Rolling back
is promoting an earlier model again, by the same two signatures.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import transaction

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import pending
from audit import recording as audit
from robot.domain import corpus
from robot.domain.intents.comparing import shortcomings
from robot.domain.model_life import PROMOTABLE, ModelState
from robot.intents_in_force import classifier_of
from robot.measuring import measure
from robot.models import IntentModel

#: A signature that was asked for and not given within this time must be asked for anew.
ANSWER_WITHIN: Final = timedelta(days=14)
_PROMOTABLE: Final = [state.value for state in PROMOTABLE]


class NotFit(ValueError):
    """The model does not reach what the hold-out asks; `short` says where."""

    def __init__(self, short: list[str]) -> None:
        super().__init__(", ".join(short))
        self.short = short


def subject_of(model: IntentModel) -> str:
    """What an approval calls a model."""
    return f"intent_model:{model.pk}"


def waiting(model: IntentModel, at: datetime) -> Approval | None:
    """The request on this model that nobody has decided yet."""
    return pending(subject_of(model), at)


def ask(model: IntentModel, *, maker: User, at: datetime, root: Path = corpus.HERE) -> Approval:
    """Ask for a signature. The model is measured anew: rules, corpus, scripts and the model in
    force may have changed since it was trained. Raises NotFit, ApprovalRefused, WeightsChanged.
    """
    if model.state not in _PROMOTABLE:
        raise deciding.AlreadyDecided
    report = measure(classifier_of(model), root)
    short = shortcomings(report)
    if short:
        raise NotFit(short)
    with transaction.atomic():
        IntentModel.objects.filter(pk=model.pk).update(report=report)
        return deciding.submit(
            subject=subject_of(model),
            content_hash=model.sha256,
            maker=maker,
            branch=None,
            title=f"{model} · {model.sha256[:12]}",
            expires_at=at + ANSWER_WITHIN,
        )


@transaction.atomic
def sign(model: IntentModel, *, approval: Approval, checker: User, at: datetime) -> None:
    """Sign, and put it in force in place of the one before. Raises ApprovalRefused,
    WeightsChanged.
    """
    if model.maker_id == checker.pk:
        raise deciding.MakerIsChecker
    classifier_of(model)  # what is signed is what is there
    deciding.approve(approval=approval, checker=checker, content_hash=model.sha256)
    # every promotion locks the same rows in the same order
    states = [*_PROMOTABLE, ModelState.LIVE.value]
    list(
        IntentModel.objects.select_for_update()
        .filter(state__in=states)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    live = IntentModel.objects.filter(state=ModelState.LIVE.value)
    retired = live.values_list("pk", flat=True).first()
    live.update(state=ModelState.RETIRED.value)
    changed = IntentModel.objects.filter(pk=model.pk, state__in=_PROMOTABLE).update(
        state=ModelState.LIVE.value, live_at=at
    )
    if not changed:
        raise deciding.AlreadyDecided
    audit.record(
        kind="robot.model_promoted",
        actor_id=checker.pk,
        subject=subject_of(model),
        payload={"hash": model.sha256, "instead_of": retired},
    )


def send_back(*, approval: Approval, checker: User, reason: str) -> None:
    """Return it with a reason. Raises ApprovalRefused."""
    deciding.send_back(approval=approval, checker=checker, reason=reason)


def take_back(*, approval: Approval, actor: User) -> None:
    """No longer asked for. Raises ApprovalRefused."""
    deciding.withdraw(approval=approval, actor=actor, reason="")
