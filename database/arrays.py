"""Arrays as PostgreSQL writes them.

A literal is parsed at once; a list would go out as an expression with a node for each element.
"""

from __future__ import annotations

from collections.abc import Iterable


def array_of_ids(ids: Iterable[int | None]) -> str:
    """`{1,NULL,3}`, for a place of type bigint[]."""
    return "{" + ",".join(["NULL" if each is None else str(each) for each in ids]) + "}"
