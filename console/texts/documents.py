"""What keeps a script from being read, as the workbench shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from compliance.document_wording import told
from robot.domain.documents import Fault


def fault_rows(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """What keeps a script from being read, for the workbench: line, place, sentence, raw text."""
    rows = []
    for fault in faults:
        mistake = told(fault.kind, fault.message, fault.values)
        rows.append(
            {"line": fault.line, "place": fault.where, "text": mistake.text, "raw": mistake.raw}
        )
    return rows
