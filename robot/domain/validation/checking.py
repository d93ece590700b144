"""Proving a script before it speaks."""

from __future__ import annotations

import json
from functools import lru_cache

from robot.domain.documents import ScriptUnreadable, canonical_json, read_json
from robot.domain.intents.cascade import shipped
from robot.domain.intents.reading import Classifier
from robot.domain.script import Script
from robot.domain.validation.findings import Finding
from robot.domain.validation.flow import flow
from robot.domain.validation.graph import Graph
from robot.domain.validation.matrix import golden, matrix
from robot.domain.validation.structure import structure
from robot.domain.validation.wording import wording

__all__ = ["Finding", "check", "prove", "unreadable"]


def check(document: object, classifier: Classifier | None = None) -> list[Finding]:
    """Everything wrong with a stored document, unreadable ones included; empty is publishable.

    Golden dialogues are understood by `classifier`, the shipped one unless named.
    """
    return list(_checked(canonical_json(document), classifier or shipped()))


# The same version is checked when a signature is asked for and when it is published, and the
# shipped ones with every upgrade. What it says depends on nothing else than these two.
@lru_cache(maxsize=16)
def _checked(text: str, classifier: Classifier) -> tuple[Finding, ...]:
    try:
        script = read_json(json.loads(text))
    except ScriptUnreadable as error:
        return tuple(unreadable(error))
    return tuple(prove(script, classifier))


def prove(script: Script, classifier: Classifier | None = None) -> list[Finding]:
    """Everything wrong with a script that can be read."""
    found = [*structure(script), *flow(Graph(script)), *wording(script), *matrix(script)]
    if not found:  # dialogues through a broken script would only repeat what is known
        found += golden(script, classifier or shipped())
    return found


def unreadable(error: ScriptUnreadable) -> list[Finding]:
    """V0: the document is not a script."""
    return [
        Finding(
            "V0",
            fault.where,
            (),
            f"文档无法读取：{fault}",
            f"the document cannot be read: {fault}",
            "请修正文档。",
            "Mend the document.",
        )
        for fault in error.faults
    ]
