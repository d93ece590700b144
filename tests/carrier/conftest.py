from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.carrier.support import PEOPLE, Bench, bench


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    """One carrier for a module's tests, with people who do one thing each."""
    with bench(speed=300, personas=PEOPLE) as found:
        yield found


@pytest.fixture
def b(shared: Bench) -> Bench:
    """The module's carrier, with a listener that has forgotten the earlier tests."""
    shared.until(lambda: shared.carrier.exchange.live == 0)
    shared.hooks.hits.clear()
    shared.hooks.replies.clear()
    return shared
