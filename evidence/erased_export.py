"""Who was erased, as an export of the audit says it: for a database that does not know it.

A backup from before an erasure holds neither its request nor its entry. Both are in any export that
was written after it (`manage.py audit export FILE`); these lines of it are read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.domain.canonical import canonical, content_hash

#: The entry of an erasure.
KIND = "person.erased"


class ExportUnusable(Exception):
    """A line that is none of an export, or an entry that was changed; the message says which."""


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: all records of the person (that which was kept first), whose request, when."""

    records: tuple[int, ...]
    request_id: int
    at: datetime


def read_export(lines: Iterable[str]) -> Iterator[Erased]:
    """The erasures in an export, in its order. Raises ExportUnusable."""
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            entry = document.get("entry") or document.get("stray")
            if entry is not None and entry["kind"] == KIND:
                yield _erased(entry)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportUnusable(f"line {place}: {error!r}") from error


def _erased(entry: dict[str, Any]) -> Erased:
    said = canonical(
        kind=entry["kind"],
        actor_id=entry["actor"],
        subject=entry["subject"],
        payload=entry["payload"],
    )
    if content_hash(entry["at"], said) != entry["hash"]:
        raise ValueError(f"entry {entry['id']} does not give its hash")
    kept = int(entry["subject"].removeprefix("customer:"))
    # entries of old name the record kept, and no other
    records = entry["payload"].get("records", [kept])
    # one that was done again says when it was done first
    at = entry["payload"].get("since", entry["at"])
    return Erased(
        records=tuple(dict.fromkeys([kept, *map(int, records)])),
        request_id=int(entry["payload"]["request"]),
        at=datetime.fromisoformat(at),
    )
