"""What went wrong between us and the carrier, sorted by what may be done about it.

- `NeverPlaced`: the carrier provably did not take the request. Nothing rang.
- `Unknown`: the request may have been taken (time-out, closed connection, 5xx). Never repeated,
  always reconciled.

Codes: reference Twilio error dictionary; 20429 and 20503 are documented as never processed.
"""

from __future__ import annotations

from enum import StrEnum

import requests
from twilio.base.exceptions import TwilioException
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)

#: Everything a call of the SDK can raise.
SDK_ERRORS = (TwilioException, requests.RequestException, ValueError)

_TOO_MANY = 429
_UNAVAILABLE = 20503
#: The number is not one, or cannot be reached from this network.
_BAD_NUMBER = frozenset({13223, 13224, 13226, 21211, 21214, 21217})
#: The carrier refuses to dial it: geography, block lists, law.
_FORBIDDEN = frozenset({13225, 13227, 21203, 21215, 21216})


class Fault(StrEnum):
    """Whose fault a refusal is: it decides what becomes of the lead."""

    BUSY = "busy"  # back-pressure: 429, 20503
    DOWN = "down"  # no connection at all
    NUMBER = "number"  # permanent: this number
    FORBIDDEN = "forbidden"  # permanent: this destination
    CONFIGURATION = "configuration"  # ours: credentials, caller ID, addresses


class NeverPlaced(Exception):
    """Provably not placed. `retriable`: another try may succeed without changing the number."""

    def __init__(self, fault: Fault, code: int | None = None) -> None:
        super().__init__(f"{fault.value}:{code}" if code else fault.value)
        self.fault = fault
        self.code = code
        self.retriable = fault not in {Fault.NUMBER, Fault.FORBIDDEN}


class Unknown(Exception):
    """Nobody knows whether the carrier took it. The text is a short cause without data."""


def sort(error: Exception) -> NeverPlaced | Unknown:
    """The meaning of an error that the SDK raised while it asked for a call."""
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return NeverPlaced(Fault.DOWN)
    if isinstance(error, requests.RequestException):
        return Unknown(type(error).__name__)
    status = status_of(error)
    code = code_of(error)
    if status == _TOO_MANY:
        return NeverPlaced(Fault.BUSY, code or _TOO_MANY)
    if code == _UNAVAILABLE:
        return NeverPlaced(Fault.BUSY, code)
    if status is None or not 400 <= status < 500:
        return Unknown(f"http:{status}" if status else type(error).__name__)
    if code in _BAD_NUMBER:
        return NeverPlaced(Fault.NUMBER, code)
    if code in _FORBIDDEN:
        return NeverPlaced(Fault.FORBIDDEN, code)
    return NeverPlaced(Fault.CONFIGURATION, code or status)


def status_of(error: Exception) -> int | None:
    """The HTTP status behind an SDK error; None when there was no answer."""
    for name in ("status", "http_status_code"):
        value = getattr(error, name, None)
        if isinstance(value, int):
            return value
    return None


def code_of(error: Exception) -> int | None:
    """Twilio's own error code; None when the answer had none."""
    value = getattr(error, "code", None)
    return value if isinstance(value, int) else None


def _never_connected(error: Exception) -> bool:
    """Whether no connection was ever made, so that nothing can have been sent."""
    if not isinstance(error, requests.ConnectionError) or not error.args:
        return False
    inner = error.args[0]
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError)
