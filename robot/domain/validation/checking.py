"""Proving a script before it speaks."""

from __future__ import annotations

from robot.domain.documents import ScriptUnreadable, read_json
from robot.domain.script import Script
from robot.domain.validation.findings import Finding
from robot.domain.validation.structure import structure

__all__ = ["Finding", "check", "prove"]


def check(document: object) -> list[Finding]:
    """Everything wrong with a stored document, unreadable ones included; empty is publishable."""
    try:
        script = read_json(document)
    except ScriptUnreadable as error:
        return [
            Finding("V0", "", (), str(fault), str(fault), "请修正文档。", "Mend the document.")
            for fault in error.faults
        ]
    return prove(script)


def prove(script: Script) -> list[Finding]:
    """Everything wrong with a script that can be read."""
    return structure(script)
