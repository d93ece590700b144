"""Steering the bundled carrier in the sandbox, through its control plane.

The clock is one for both sides: the app's row and the carrier's three numbers change together, or
not at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import requests
from django.conf import settings
from django.db import transaction

from clock.reading import Anchors
from clock.setting import set_sandbox_clock

TIMEOUT_S = 5


class CarrierUnreachable(Exception):
    """The carrier's control plane did not answer."""


def set_both_clocks(*, sim: datetime | None = None, speed: float | None = None) -> Anchors:
    """Move the simulated time, or its speed, here and at the carrier.

    Raises CarrierUnreachable, and then nothing has changed; NotASandbox; ValueError.
    """
    with transaction.atomic():
        anchors = set_sandbox_clock(sim=sim, speed=speed)
        control(
            "POST",
            "clock",
            {
                "anchor_real": anchors.real.isoformat(),
                "anchor_sim": anchors.sim.isoformat(),
                "speed": anchors.speed,
            },
        )
    return anchors


def control(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """One request to `/_carrier/<path>`; the JSON answer. Raises CarrierUnreachable."""
    try:
        reply = requests.request(
            method,
            f"{settings.TWILIO_API_BASE.rstrip('/')}/_carrier/{path}",
            json=body,
            timeout=TIMEOUT_S,
        )
        reply.raise_for_status()
        return reply.json()
    except (requests.RequestException, ValueError) as error:
        raise CarrierUnreachable from error
