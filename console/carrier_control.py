"""The sandbox carrier's control plane: its clock, its calls, its faults."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings

from clock.reading import Anchors

TIMEOUT_S = 3.0


class CarrierSilent(Exception):
    """The carrier does not answer, or is not the sandbox's."""


def tell_clock(anchors: Anchors) -> None:
    """Give the carrier the three numbers of the clock. Raises CarrierSilent."""
    _ask(
        "POST",
        "clock",
        {
            "anchor_real": anchors.real.isoformat(),
            "anchor_sim": anchors.sim.isoformat(),
            "speed": anchors.speed,
        },
    )


def calls() -> Any:
    """The calls in flight, as the carrier lists them. Raises CarrierSilent."""
    return _ask("GET", "calls")


def faults() -> Any:
    """The faults that are switched on, by name. Raises CarrierSilent."""
    return _ask("GET", "faults")


def set_faults(values: dict[str, Any]) -> Any:
    """Switch faults. Raises CarrierSilent."""
    return _ask("POST", "faults", values)


def _ask(method: str, what: str, content: dict[str, Any] | None = None) -> Any:
    address = f"{settings.TWILIO_API_BASE}/_carrier/{what}"
    try:
        answer = requests.request(method, address, json=content, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json() if answer.content else {}
    except (requests.RequestException, ValueError) as error:
        raise CarrierSilent from error
