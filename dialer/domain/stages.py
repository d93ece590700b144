"""Where a live robot call stands: what the pacing reads and the wall shows."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """From the dial to a person. The chance of a hand-over rises from stage to stage."""

    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    INTERESTED = "interested"
    PARKED = "parked"
    AGENT = "agent"
