"""Tests of what a connection keeps: each has one of its own, and leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _a_connection_of_its_own(transactional_db: None) -> Iterator[None]:
    """They throw away, or end, what others would go on with."""
    connection.close()
    yield
    connection.close()
