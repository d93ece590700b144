"""The hold-out report of a model, beside the model in force, and the dialogues in use it breaks."""

from __future__ import annotations

from pathlib import Path

from robot.domain import corpus, trying
from robot.domain.documents import read_json
from robot.domain.intents.cascade import Cascade
from robot.domain.intents.comparing import Report, compare
from robot.domain.versions import VersionState
from robot.intents_in_force import in_force
from robot.models import ScriptVersion


def measure(candidate: Cascade, root: Path = corpus.HERE) -> Report:
    """What this model does, and what it does otherwise than the one in force."""
    return compare(
        corpus.read("holdout", root), candidate, in_force(), _broken_dialogues(candidate)
    )


def _broken_dialogues(candidate: Cascade) -> list[str]:
    """Golden dialogues of published versions that come out as written now, and then would not."""
    before = in_force()
    versions = ScriptVersion.objects.filter(state=VersionState.PUBLISHED.value)
    broken = []
    for version in versions.select_related("script"):
        script = read_json(version.document)
        pairs = zip(
            trying.dialogues(script, before), trying.dialogues(script, candidate), strict=True
        )
        broken += [f"{version}: {new.name}" for old, new in pairs if new.wrong and not old.wrong]
    return broken
