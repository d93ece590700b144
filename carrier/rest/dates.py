"""Filters by date: the ``<`` or ``>`` is part of the parameter's name (``StartTime>``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial

from carrier.rest.errors import RestError

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def date_filter(query: Mapping[str, str], name: str) -> Callable[[datetime | None], bool]:
    """A test for instants made of ``name``, ``name<`` and ``name>``; None passes only no filter.

    A plain date means its whole day (UTC): on it, until its end, or from its beginning.
    """
    tests: list[Callable[[datetime], bool]] = []
    for suffix in ("", "<", ">"):
        text = query.get(name + suffix)
        if not text:
            continue
        low, high = _span(text, name)
        if suffix == "":
            tests.append(partial(_between, low, high))
        elif suffix == "<":
            tests.append(partial(_between, _EVER, high))
        else:
            tests.append(partial(_between, low, _NEVER))

    def passes(at: datetime | None) -> bool:
        if not tests:
            return True
        return at is not None and all(test(at) for test in tests)

    return passes


def _between(low: datetime, high: datetime, at: datetime) -> bool:
    return low <= at < high


def _span(text: str, name: str) -> tuple[datetime, datetime]:
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return begin, begin + timedelta(days=1)
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        instant = instant.astimezone(UTC).replace(microsecond=0)
        return instant, instant + timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise RestError(400, 20001, f"{name} is not a valid date") from error
