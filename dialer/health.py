"""Whether the carrier takes calls, and whether a leader ticks: known to every process.

A carrier that fails is left alone but for one try now and then, so that a failure costs a handful
of calls and not a list. Failures are written by whoever places a call; times are real.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from dialer.models import Heartbeat

CARRIER = "carrier"
LEADER = "leader"
#: How long a failing carrier is left alone before the next try (real).
RETRY_AFTER = timedelta(seconds=2)
_DETAIL_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Health:
    """What is known at one instant (real time)."""

    carrier_ok: bool
    carrier_error: str
    carrier_failed_at: datetime | None
    leader_seen_at: datetime | None
    leader: str

    def may_try(self, real: datetime) -> bool:
        """Whether a call may be placed now: the carrier works, or it is time to ask again."""
        if self.carrier_ok or self.carrier_failed_at is None:
            return True
        return real - self.carrier_failed_at >= RETRY_AFTER


def read() -> Health:
    """The health of carrier and leader; no row means nothing bad is known."""
    rows = Heartbeat.objects.in_bulk([CARRIER, LEADER])
    carrier, leader = rows.get(CARRIER), rows.get(LEADER)
    return Health(
        carrier_ok=carrier is None or carrier.ok,
        carrier_error="" if carrier is None or carrier.ok else carrier.detail,
        carrier_failed_at=None if carrier is None else carrier.failed_at,
        leader_seen_at=None if leader is None else leader.seen_at,
        leader="" if leader is None else leader.detail,
    )


def carrier_failed(cause: str) -> None:
    """A call could not be handed to the carrier."""
    _execute(
        """
        INSERT INTO dialer_heartbeat (name, ok, seen_at, failed_at, detail)
        VALUES (%s, false, clock_timestamp(), clock_timestamp(), %s)
        ON CONFLICT (name) DO UPDATE SET ok = false, seen_at = excluded.seen_at,
            failed_at = excluded.failed_at, detail = excluded.detail
        """,
        [CARRIER, cause[:_DETAIL_LENGTH]],
    )


def carrier_worked() -> None:
    """The carrier took a call. Writes only when it had failed: no row is fought over."""
    Heartbeat.objects.filter(name=CARRIER, ok=False).update(ok=True, detail="")


def leader_ticked(who: str) -> None:
    """The leader is alive."""
    _execute(
        """
        INSERT INTO dialer_heartbeat (name, ok, seen_at, detail)
        VALUES (%s, true, clock_timestamp(), %s)
        ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, detail = excluded.detail
        """,
        [LEADER, who[:_DETAIL_LENGTH]],
    )


def _execute(statement: str, values: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
