"""The one source of now. The database is the authority; nothing else reads a clock.

*Simulated* time (`now`) rules business: windows, caps, retries, ring and talk times, offers,
wrap-up. *Real* time (`real`) rules machines: leases, presence, HTTP and queue time-outs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from clock.models import SandboxClock


@dataclass(frozen=True, slots=True)
class Anchors:
    """The three numbers of a sandbox clock: two instants and simulated seconds per real second."""

    real: datetime
    sim: datetime
    speed: float


def now() -> datetime:
    """Business time, timezone-aware: simulated in the sandbox, the database's own otherwise."""
    return _instant("SELECT sanshi_now()")


def real() -> datetime:
    """Machine time, timezone-aware: the database's wall clock, never simulated."""
    return _instant("SELECT clock_timestamp()")


def anchors() -> Anchors | None:
    """The sandbox clock's numbers, or None when time is real."""
    row = SandboxClock.objects.first()
    return None if row is None else Anchors(row.anchor_real, row.anchor_sim, row.speed)


def speed() -> float:
    """Simulated seconds per real second (1.0 when time is real)."""
    found = anchors()
    return 1.0 if found is None else found.speed


def _instant(statement: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise RuntimeError("the database gave no time")
    return row[0]
