"""A person says what words meant that the robot did not understand: the next training's examples.

The hold-out stays unseen: what it holds, in any spelling, is refused. So is what the corpus says
otherwise or says already.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals.refusing import Refused
from audit import recording as audit
from robot.domain import corpus
from robot.domain.corpus import Example
from robot.domain.intents.catalogue import LABELS
from robot.domain.intents.normalise import normalise
from robot.models import TrainingExample
from robot.unmatched import text_of

#: Not a label: these words shall neither be learned from nor shown again.
LEFT = ""


class LabelRefused(Refused):
    """The example was not kept; `sentence` says why."""

    _sentence = gettext_noop("There is no such utterance.")


class HeldOut(LabelRefused):
    _sentence = gettext_noop("The test set holds these words. Training must not see them.")


class Contradiction(LabelRefused):
    _sentence = gettext_noop("The corpus gives these words another meaning.")


class InCorpus(LabelRefused):
    _sentence = gettext_noop("The corpus has these words already: here the dialogue lacks a way.")


class LabelledAlready(LabelRefused):
    _sentence = gettext_noop("Somebody has labelled these words already.")


@transaction.atomic
def label(turn_id: int, meaning: str, *, by: User, at: datetime) -> TrainingExample:
    """Keep what was said in this turn with its label (LEFT for none). Raises LabelRefused."""
    text = text_of(turn_id, now=at)
    if not text or meaning not in (LEFT, *LABELS):
        raise LabelRefused
    if meaning != LEFT:
        _refuse_known(text, meaning)
    try:
        with transaction.atomic():
            kept = TrainingExample.objects.create(
                text=text, label=meaning, turn_id=turn_id, created_at=at, created_by=by
            )
    except IntegrityError as error:
        raise LabelledAlready from error
    _record("robot.example_labelled", kept, by)
    return kept


@transaction.atomic
def withdraw(example: TrainingExample, *, by: User, at: datetime) -> bool:
    """Take an example back: the next training does not see it. False if that was done."""
    changed = TrainingExample.objects.filter(pk=example.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=at, withdrawn_by=by
    )
    if changed:
        _record("robot.example_withdrawn", example, by)
    return bool(changed)


def _refuse_known(text: str, meaning: str) -> None:
    if corpus.shared([Example(text, meaning)], _holdout()):
        raise HeldOut
    taught = _taught().get(text)
    if taught is not None:
        raise InCorpus if taught == meaning else Contradiction


@lru_cache(maxsize=1)
def _holdout() -> list[Example]:
    return corpus.read("holdout")


@lru_cache(maxsize=1)
def _taught() -> dict[str, str]:
    """What the corpus teaches: normalised words → label."""
    return {normalise(one.text).plain: one.label for one in corpus.read("train")}


def _record(kind: str, example: TrainingExample, by: User) -> None:
    audit.record(
        kind=kind,
        actor_id=by.pk,
        subject=f"training_example:{example.pk}",
        payload={"label": example.label, "turn": example.turn_id},
    )
