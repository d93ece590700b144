"""dialer.errands: questions to the carrier in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dialer.errands import Errands


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands()
    yield made
    made.close()


def test_what_is_urgent_waits_for_no_question(errands: Errands) -> None:
    answer, hung_up = threading.Event(), threading.Event()
    for place in range(3 * errands.threads):
        errands.send(f"silent:{place}", lambda: answer.wait(20), lambda _: None)
    errands.send("end:CA1", hung_up.set, lambda _: None, urgent=True)
    assert hung_up.wait(20)
    assert not answer.is_set()
    answer.set()
