"""Absolute addresses of our webhooks, as the carrier is given them."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.urls import reverse

#: Twilio's connection overrides: three more tries when the connection or the answer fails or is
#: late. Without them a callback that meets a restart is lost for good. Not sent, not signed.
OVERRIDES = "#rc=3&rp=ct,rt,5xx"


def hook_url(name: str, **arguments: UUID | int | str) -> str:
    """The address of the webhook called `name` in `dialer/urls.py`, with the overrides.

    Every webhook of ours is idempotent, so a repeat is safe for all of them. Addresses hold ASCII
    ids only: anything that needs escaping would break the signature.
    """
    return f"{public_url(name, **arguments)}{OVERRIDES}"


def public_url(name: str, **arguments: UUID | int | str) -> str:
    """The same without the overrides: what is only fetched."""
    if all(isinstance(value, UUID | int) for value in arguments.values()):
        shape = _shape(name, tuple((key, type(value)) for key, value in arguments.items()))
        path = shape.format(**arguments)
    else:
        path = reverse(f"hooks:{name}", kwargs=arguments)
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}{path}"


@lru_cache(maxsize=64)
def _shape(name: str, arguments: tuple[tuple[str, type], ...]) -> str:
    """The path with a place for each argument: to search the addresses takes longer than a turn's
    statement, and every turn has one.
    """
    marks = {
        key: UUID(int=number) if kind is UUID else 10**9 + number
        for number, (key, kind) in enumerate(arguments)
    }
    path = reverse(f"hooks:{name}", kwargs=marks)
    for key, mark in marks.items():
        path = path.replace(f"/{mark}/", f"/{{{key}}}/")
    return path
