"""Asking for a new model: the corpus and every example labelled so far, trained by a worker.

One at a time. A training whose worker died counts as failed after an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import django_rq
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals.refusing import Refused
from audit import recording as audit
from robot.domain import corpus
from robot.domain.model_life import ModelState
from robot.labelling import LEFT
from robot.models import IntentModel, TrainingExample

#: The work is named, not imported: scikit-learn belongs into the worker alone.
JOB: Final = "robot.fitting.train_model"
LONGEST: Final = timedelta(hours=1)


class TrainingRefused(Refused):
    """Training was not begun; `sentence` says why."""

    _sentence = gettext_noop("A model is being trained already.")


class NothingNew(TrainingRefused):
    _sentence = gettext_noop("Nothing to learn: a model of these very examples is there already.")


def examples_now() -> list[int]:
    """The examples that a training begun now would learn from."""
    kept = TrainingExample.objects.filter(withdrawn_at__isnull=True).exclude(label=LEFT)
    return sorted(kept.values_list("pk", flat=True))


@transaction.atomic
def begin(*, maker: User, at: datetime) -> IntentModel:
    """Have a model trained from the corpus and the examples of now. Raises TrainingRefused."""
    give_up_overdue(at)
    wanted, measure = examples_now(), corpus.digest()
    same = IntentModel.objects.exclude(state=ModelState.FAILED.value).filter(
        example_ids=wanted, corpus_hash=measure
    )
    if not wanted or same.exclude(state=ModelState.TRAINING.value).exists():
        raise NothingNew
    try:
        with transaction.atomic():
            model = IntentModel.objects.create(
                maker=maker, example_ids=wanted, corpus_hash=measure, created_at=at
            )
    except IntegrityError as error:
        raise TrainingRefused from error
    audit.record(
        kind="robot.training_begun",
        actor_id=maker.pk,
        subject=f"intent_model:{model.pk}",
        payload={"examples": len(wanted), "corpus": measure},
    )
    django_rq.get_queue("batch").enqueue(JOB, model.pk)
    return model


def give_up_overdue(at: datetime) -> None:
    """A training that should have been done long ago has failed: its worker is gone."""
    IntentModel.objects.filter(state=ModelState.TRAINING.value, created_at__lt=at - LONGEST).update(
        state=ModelState.FAILED.value, trouble="overdue"
    )
