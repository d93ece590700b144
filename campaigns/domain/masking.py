"""Personal data as screens show it."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """The first character, and a star for each other: 王芳 → 王*, Anna → A***. "" stays ""."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""
