"""Addresses for the carrier are those of the URL configuration, however they are made."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse

from telephony.addresses import OVERRIDES, hook_url, public_url


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("answer", {"public_id": uuid4()}),
        ("turn", {"public_id": uuid4(), "number": 0}),
        ("turn", {"public_id": uuid4(), "number": 123456}),
        ("overheard", {"number": 7, "public_id": uuid4()}),
        ("park", {"transfer_id": uuid4(), "offer": 2, "number": 11}),
        ("status", {"public_id": str(uuid4())}),
        ("voice", {"sha256": "0f" * 32}),
        ("inbound", {}),
    ],
)
def test_an_address_is_the_configured_one(name: str, arguments: dict[str, object]) -> None:
    expected = settings.PUBLIC_BASE_URL + reverse(f"hooks:{name}", kwargs=arguments)
    for _ in range(2):
        assert public_url(name, **arguments) == expected  # type: ignore[arg-type]
        assert hook_url(name, **arguments) == expected + OVERRIDES  # type: ignore[arg-type]
