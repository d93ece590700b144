"""Which events we ask the carrier to report."""

from __future__ import annotations

#: Not "initiated": it says no more than the carrier's reply did, and costs a request a call.
CALL_EVENTS = ["ringing", "answered", "completed"]
CONFERENCE_EVENTS = ["start", "end", "join", "leave"]
