"""Tickets: what lets a browser listen, without a session or a query in the pushing process."""

from __future__ import annotations

from django.core import signing

SALT = "live"
MAX_AGE_S = 12 * 3600


class BadTicket(Exception):
    """The ticket is forged, damaged or too old."""


def issue(user_id: int, channels: list[str]) -> str:
    """A signed text that lets its bearer listen to `channels` for twelve hours."""
    return signing.dumps({"user": user_id, "channels": channels}, salt=SALT, compress=True)


def read(ticket: str) -> list[str]:
    """The channels of a ticket. Raises BadTicket."""
    try:
        content = signing.loads(ticket, salt=SALT, max_age=MAX_AGE_S)
    except signing.BadSignature as error:
        raise BadTicket from error
    channels = content.get("channels") if isinstance(content, dict) else None
    if not isinstance(channels, list):
        raise BadTicket
    return [str(channel) for channel in channels]
