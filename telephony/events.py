"""Which events we ask the carrier to report."""

from __future__ import annotations

CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
CONFERENCE_EVENTS = ["start", "end", "join", "leave"]
