"""Lists: page by page, newest first, with relative URIs (the SDK puts its own base before them)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from carrier.rest.errors import RestError

T = TypeVar("T")


def page(
    request: web.Request,
    key: str,
    items: Sequence[T],
    sid_of: Callable[[T], str],
    render: Callable[[T], dict[str, Any]],
) -> web.Response:
    """One page of ``items`` (newest first). ``PageToken`` is ``PA`` and the last SID before it."""
    query = request.query
    size = _whole(query.get("PageSize", "50"), "PageSize", 1, 1000)
    number = _whole(query.get("Page", "0"), "Page", 0, 10**9)
    token = query.get("PageToken", "")
    start = number * size
    if token:
        last = token[2:]
        start = next((i + 1 for i, item in enumerate(items) if sid_of(item) == last), start)
    chosen = items[start : start + size]
    end = start + len(chosen) - 1

    def uri(at: int, after: str = "") -> str:
        pairs = [(k, v) for k, v in query.items() if k not in ("Page", "PageSize", "PageToken")]
        pairs += [("PageSize", str(size)), ("Page", str(at))]
        if after:
            pairs.append(("PageToken", f"PA{after}"))
        return f"{request.path}?{urlencode(pairs)}"

    more = start + size < len(items)
    previous: str | None = None
    if number > 0:
        before = start - size - 1
        previous = uri(number - 1, sid_of(items[before]) if 0 <= before < len(items) else "")
    return web.json_response(
        {
            key: [render(item) for item in chosen],
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, end) if chosen else start,
            "uri": uri(number),
            "first_page_uri": uri(0),
            "next_page_uri": uri(number + 1, sid_of(chosen[-1])) if more and chosen else None,
            "previous_page_uri": previous,
        }
    )


def _whole(text: str, name: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise RestError(400, 20001, f"{name} must be a whole number")
    return min(high, max(low, int(text)))
