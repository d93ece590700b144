"""The bank's own SMS gateway: one signed request a message, receipts signed the same way.

    POST SMS_GATEWAY_URL
    Idempotency-Key: <the message's id>
    X-Sanshi-Timestamp: <seconds since 1970>
    X-Sanshi-Signature: hex HMAC-SHA256 of "<timestamp>.<body>" under SMS_GATEWAY_SECRET
    {"id": …, "to": "+8613…", "template": …, "values": {…}}

2xx takes it ({"ref": …} names it there). The gateway must send a key once, however often it is
asked: that is what lets an uncertain request be repeated. 429 and 503 say that it was not taken;
they and every other 5xx are asked again later. Any other answer is final.

Its receipt comes to <PUBLIC_BASE_URL>/hooks/sms/receipt/, signed the same way under the same
headers: {"id": …, "delivered": true|false, "cause": …}.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

import requests
from django.conf import settings

TIMEOUT_S: Final = (3.05, 10)
#: A receipt older or newer than this (real seconds) is no receipt: somebody kept it.
MAX_AGE_S: Final = 300
TIMESTAMP_HEADER: Final = "X-Sanshi-Timestamp"
SIGNATURE_HEADER: Final = "X-Sanshi-Signature"


class GatewayRefused(Exception):
    """It will not take this message: asking again is useless."""


class GatewayBusy(Exception):
    """It provably has not taken this message: ask again later."""


class GatewayUncertain(Exception):
    """It may or may not have it: ask again, under the same key."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has it; `ref` is its own number for it ("" if it gave none)."""

    ref: str


def is_configured() -> bool:
    """Whether the bank has set a gateway up."""
    return bool(settings.SMS_GATEWAY_URL and settings.SMS_GATEWAY_SECRET)


def send(*, key: str, to: str, template: str, values: dict[str, Any], at_s: int) -> Accepted:
    """Hand one message over. Raises GatewayRefused, GatewayBusy or GatewayUncertain."""
    content = {"id": key, "to": to, "template": template, "values": values}
    body = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        TIMESTAMP_HEADER: str(at_s),
        SIGNATURE_HEADER: signature(body, at_s),
    }
    try:
        answer = requests.post(
            settings.SMS_GATEWAY_URL,
            data=body,
            headers=headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.ConnectTimeout as error:
        raise GatewayBusy("no connection") from error
    except requests.RequestException as error:
        raise GatewayUncertain(type(error).__name__) from error
    if answer.status_code in (429, 503):
        raise GatewayBusy(f"http {answer.status_code}")
    if answer.status_code >= 500:
        raise GatewayUncertain(f"http {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise GatewayRefused(f"http {answer.status_code}")
    try:
        ref = answer.json().get("ref", "")
    except (ValueError, AttributeError):
        ref = ""
    return Accepted(str(ref)[:100])


def signature(body: bytes, at_s: int) -> str:
    """The signature of a body at a time, as both sides make it."""
    signed = f"{at_s}.".encode() + body
    return hmac.new(settings.SMS_GATEWAY_SECRET.encode(), signed, hashlib.sha256).hexdigest()


def is_genuine(body: bytes, timestamp: str, given: str, *, now_s: float) -> bool:
    """Whether a receipt comes from the gateway, and now."""
    if not is_configured() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(now_s - int(timestamp)) > MAX_AGE_S:
        return False
    return hmac.compare_digest(signature(body, int(timestamp)), given)
