"""A campaign's own limits, read before anybody signs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compliance.document_wording import told
from compliance.domain.pack import Pack, campaign_layer
from compliance.domain.pack_checking import Problem, problems_of_limits


class LimitsUnreadable(ValueError):
    """The campaign's limits cannot be read; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{place(each)}: {each.message}" for each in problems))
        self.problems = problems

    def sentences(self) -> list[str]:
        """Each mistake with its place, in the reader's language."""
        found = []
        for each in self.problems:
            mistake = told(each.kind, each.message, each.values)
            where = place(each)
            found.append(f"{where}: {mistake.text}" if where else mistake.text)
        return found


def place(problem: Problem) -> str:
    """Where in the limits: "rules.1.limit", the first rule being 1."""
    parts = (str(each + 1) if isinstance(each, int) else each for each in problem.path)
    return ".".join(parts)


def read_limits(limits: Mapping[str, Any] | None) -> Pack:
    """The campaign's layer, compiled. Raises LimitsUnreadable, also for an unknown kind of rule."""
    found = problems_of_limits(limits or {})
    if found:
        raise LimitsUnreadable(found)
    return campaign_layer(limits or {}, None, "Asia/Shanghai")
