"""What the dialer locks for as long as a connection lasts (database/session_locks.py)."""

from __future__ import annotations

from enum import IntEnum


class Space(IntEnum):
    """What is locked."""

    LEADER = 0x5A01
    PLACING = 0x5A02
    MESSAGING = 0x5A03
