"""What really was dialled, from the carrier's journal, joined with what the database says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from audiences.models import Customer, CustomerNumber, Number
from compliance.models import Attempt
from dialer.models import Call

ENDS = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_PUBLIC_ID = re.compile(r"/hooks/call/([0-9a-f-]{36})/")


@dataclass(slots=True)
class Dial:
    """One outbound call to a customer as the carrier saw it; times are business time.

    `real` and `real_end` are machine time: overlaps are judged by it, since a call's own time does
    not wait for slow webhooks. What the database adds is None where it knows nothing.
    """

    sid: str
    to: str
    at: datetime
    real: datetime
    rang_at: datetime | None = None
    real_end: datetime | None = None
    public_id: UUID | None = None
    attempt: Attempt | None = None
    number_id: int | None = None
    customer: Customer | None = None
    others: frozenset[int] = field(default_factory=frozenset)  # ids of all who have the number


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; a last line cut off by a crash is passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def dials_of(lines: Iterable[dict[str, Any]]) -> list[Dial]:
    """The dials to customers in order of time: no inbound calls, no legs to an agent's browser."""
    found: dict[str, Dial] = {}
    for line in lines:
        sid, event = line.get("sid") or "", line.get("event")
        at, real = _instant(line.get("time")), _instant(line.get("real"))
        if not sid or at is None:
            continue
        real = real or at
        dial = found.get(sid)
        if event == "queued" and dial is None:
            to = str(line.get("to") or "")
            if line.get("direction") == "inbound" or not to or to.startswith("client:"):
                continue
            found[sid] = Dial(sid, to, at, real, public_id=_public_id(line.get("callback")))
        elif dial is not None:
            if event in ("initiated", "ringing") and dial.rang_at is None:
                dial.rang_at = at
            elif event in ENDS and dial.real_end is None:
                dial.real_end = real
    return sorted(found.values(), key=lambda dial: dial.at)


def join(dials: list[Dial]) -> None:
    """Add attempt, number and customer to each dial.

    A dial whose SID was never bound (its reply was lost) is found by the call's id in the callback
    addresses that the carrier was given.
    """
    by_sid = {
        attempt.sid: attempt
        for attempt in Attempt.objects.filter(sid__in=[dial.sid for dial in dials])
    }
    unbound = [d.public_id for d in dials if d.sid not in by_sid and d.public_id is not None]
    calls = Call.objects.filter(public_id__in=unbound, attempt__isnull=False)
    by_public_id = {call.public_id: call.attempt for call in calls.select_related("attempt")}
    numbers = dict(
        Number.objects.filter(e164__in={dial.to for dial in dials}).values_list("e164", "id")
    )
    links: dict[int, set[int]] = {}
    pairs = CustomerNumber.objects.filter(number_id__in=numbers.values())
    for number_id, customer_id in pairs.values_list("number_id", "customer_id"):
        links.setdefault(number_id, set()).add(customer_id)
    customers = Customer.objects.in_bulk(
        {a.customer_id for a in (*by_sid.values(), *by_public_id.values()) if a and a.customer_id}
        | {pk for pks in links.values() for pk in pks}
    )
    for dial in dials:
        dial.attempt = by_sid.get(dial.sid)
        if dial.attempt is None and dial.public_id is not None:
            dial.attempt = by_public_id.get(dial.public_id)
        dial.number_id = numbers.get(dial.to)
        dial.others = frozenset(links.get(dial.number_id or 0, ()))
        if dial.attempt is not None:
            dial.customer = customers.get(dial.attempt.customer_id or 0)
        elif len(dial.others) == 1:
            dial.customer = customers.get(next(iter(dial.others)))


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _public_id(callback: object) -> UUID | None:
    url = callback[0] if isinstance(callback, list) and callback else callback
    match = _PUBLIC_ID.search(url) if isinstance(url, str) else None
    return UUID(match.group(1)) if match else None
