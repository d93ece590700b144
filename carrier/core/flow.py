"""Where a document leads: to another, to a refusal, or to the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """The document refuses the call."""

    busy: bool


@dataclass(frozen=True, slots=True)
class Goto:
    """On with another document."""

    url: str
    method: str
    extra: tuple[tuple[str, str], ...] = ()


class Over(Exception):
    """Nothing more to do on this call."""
