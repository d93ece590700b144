"""How much the installation may do at once; capability, so it comes from the settings."""

from __future__ import annotations

from django.conf import settings


def lines() -> int:
    """Calls in progress at once, all campaigns, agents' legs and ring-backs together."""
    return settings.CARRIER_LINES


def calls_per_second() -> float:
    """New calls a (simulated) second. What the carrier would queue could ring after hours."""
    return float(settings.CARRIER_CPS)
