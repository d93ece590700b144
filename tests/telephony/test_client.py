"""telephony.client: the official SDK, a client a thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from telephony.client import client


def test_each_thread_has_a_client_of_its_own_and_keeps_it() -> None:
    together = Barrier(3)

    def mine() -> tuple[int, int]:
        together.wait(20)
        return id(client()), id(client())

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(mine) for _ in range(3)]
        found = [each.result() for each in asked]
    assert all(first == again for first, again in found)
    assert len({first for first, _ in found}) == 3


def test_another_carrier_gets_another_client(settings: Any) -> None:
    before = client()
    settings.TWILIO_API_BASE = "http://127.0.0.1:1/"
    after = client()
    assert after is not before
    assert after.api.base_url == "http://127.0.0.1:1"
