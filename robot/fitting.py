"""The training itself (a worker's job on the queue `batch`): fit, measure, keep as a candidate.

Reproducible: the same corpus, the same examples and the same scikit-learn give the same bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.db import transaction

from audit import recording as audit
from clock.reading import now
from robot import train
from robot.domain import corpus
from robot.domain.corpus import Example
from robot.domain.intents.model import PIN, WEIGHTS
from robot.domain.model_life import ModelState
from robot.intents_in_force import classifier_of
from robot.measuring import measure
from robot.models import IntentModel, TrainingExample


class HoldoutSeen(ValueError):
    """An example is in the hold-out, in some spelling."""


def train_model(model_id: int, root: Path | None = None) -> None:
    """Train what `retraining.begin` asked for. Whatever goes wrong is kept as its trouble."""
    model = IntentModel.objects.filter(pk=model_id, state=ModelState.TRAINING.value).first()
    if model is None:
        return
    root = root or corpus.HERE
    keep_shipped(root)
    try:
        data = fitted(examples_of(model), root)
        model.weights, model.sha256 = data, hashlib.sha256(data).hexdigest()
        if IntentModel.objects.filter(sha256=model.sha256).exists():
            _fail(model, "same")
            return
        report = measure(classifier_of(model), root)
    except HoldoutSeen:
        _fail(model, "held_out")
        return
    except Exception:
        _fail(model, "broken")
        raise
    with transaction.atomic():
        mine = IntentModel.objects.filter(pk=model.pk, state=ModelState.TRAINING.value).update(
            state=ModelState.CANDIDATE.value,
            weights=data,
            sha256=model.sha256,
            report=report,
            trained_at=now(),
        )
        if mine:
            _record("robot.model_trained", model)


def examples_of(model: IntentModel) -> list[Example]:
    """The examples it learns from, in an order of their own."""
    rows = TrainingExample.objects.filter(pk__in=model.example_ids).order_by("text", "pk")
    return [Example(text, label) for text, label in rows.values_list("text", "label")]


def fitted(own: list[Example], root: Path = corpus.HERE) -> bytes:
    """The weights of the corpus and these examples. Raises HoldoutSeen."""
    everything = corpus.read("train", root) + own
    if corpus.shared(everything, corpus.read("holdout", root)):
        raise HoldoutSeen
    return train.fit(everything)


def keep_shipped(root: Path = corpus.HERE) -> None:
    """The shipped weights as a candidate of their own, so that one can return to them."""
    sha256 = PIN.read_text().split()[0]
    if IntentModel.objects.filter(sha256=sha256).exists():
        return
    at = now()
    model = IntentModel(
        state=ModelState.CANDIDATE.value,
        weights=WEIGHTS.read_bytes(),
        sha256=sha256,
        corpus_hash=corpus.digest(root),
        created_at=at,
        trained_at=at,
    )
    model.report = dict(measure(classifier_of(model), root))
    model.save()


def _fail(model: IntentModel, trouble: str) -> None:
    IntentModel.objects.filter(pk=model.pk, state=ModelState.TRAINING.value).update(
        state=ModelState.FAILED.value, trouble=trouble
    )


def _record(kind: str, model: IntentModel) -> None:
    audit.record(
        kind=kind,
        actor_id=model.maker_id,
        subject=f"intent_model:{model.pk}",
        payload={"hash": model.sha256, "examples": len(model.example_ids)},
    )
