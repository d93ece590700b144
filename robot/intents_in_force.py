"""The intent model that calls use: the one promoted last, else the one shipped with the code.

Every process asks at most every two seconds which one that is (its hash, one small query) and
loads its weights once. So a promotion reaches running processes within seconds, without a restart.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from robot.domain.intents.cascade import Cascade, shipped
from robot.domain.intents.model import WeightsChanged, read
from robot.domain.model_life import ModelState
from robot.models import IntentModel

log = logging.getLogger(__name__)

#: Real seconds for which an answer holds.
FRESH_S: Final = 2.0


@dataclass(slots=True)
class _Kept:
    """What this process uses, and until when without asking again. "" is the shipped one."""

    sha256: str
    cascade: Cascade
    until: float


_lock = threading.Lock()
_kept: _Kept | None = None


def in_force() -> Cascade:
    """The classifier of this moment. While one thread loads another model, the others go on."""
    global _kept
    kept = _kept
    if kept is not None and (time.monotonic() < kept.until or _lock.locked()):
        return kept.cascade
    with _lock:
        kept = _kept
        if kept is None or time.monotonic() >= kept.until:
            kept = _kept = _look(kept)
        return kept.cascade


def forget() -> None:
    """Ask again at the next use."""
    global _kept
    with _lock:
        _kept = None


def classifier_of(model: IntentModel) -> Cascade:
    """The cascade with these weights; WeightsChanged if they are not what their hash says."""
    return Cascade(read(bytes(model.weights or b""), model.sha256))


def _look(kept: _Kept | None) -> _Kept:
    live = IntentModel.objects.filter(state=ModelState.LIVE.value)
    sha256 = live.values_list("sha256", flat=True).first() or ""
    until = time.monotonic() + FRESH_S
    if kept is not None and kept.sha256 == sha256:
        return _Kept(sha256, kept.cascade, until)
    if not sha256:
        return _Kept("", shipped(), until)
    try:
        return _Kept(sha256, classifier_of(IntentModel.objects.get(sha256=sha256)), until)
    except WeightsChanged:
        # A row that somebody altered must not decide; the shipped weights were proven as well.
        log.error("intents: the weights of the model in force are not the signed ones; not used")
        return _Kept(sha256, shipped(), until)
