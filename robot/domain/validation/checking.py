"""Proving a script before it speaks."""

from __future__ import annotations

from robot.domain.documents import ScriptUnreadable, read_json
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
    try:
        script = read_json(document)
    except ScriptUnreadable as error:
        return unreadable(error)
    return prove(script, classifier)


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
