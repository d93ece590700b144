"""Whether a webhook really comes from our carrier."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from twilio.request_validator import RequestValidator

SIGNATURE_HEADER = "X-Twilio-Signature"


def is_genuine(request: HttpRequest) -> bool:
    """Check the signature over the address that the carrier was given, and all parameters.

    The address is PUBLIC_BASE_URL plus the raw request target: Django's own rebuilding re-encodes
    the path and does not know that TLS ended at a proxy.
    """
    signature = request.headers.get(SIGNATURE_HEADER, "")
    if not signature:
        return False
    url = settings.PUBLIC_BASE_URL.rstrip("/") + raw_target(request)
    validator = RequestValidator(settings.TWILIO_AUTH_TOKEN)
    return bool(validator.validate(url, request.POST, signature))


def raw_target(request: HttpRequest) -> str:
    """Path and query exactly as they came over the wire, where the server tells (gunicorn does)."""
    raw = str(request.META.get("RAW_URI") or request.META.get("REQUEST_URI") or "")
    if raw.startswith("/"):
        return raw
    if raw.startswith(("http://", "https://")):
        parts = urlsplit(raw)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()
