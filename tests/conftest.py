"""What every test has: the named cast, and tables that are empty again after a transaction test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection

from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and customers of the tests (tests/cast.py)."""
    return make_cast()


@pytest.fixture(autouse=True)
def _empty_partitioned_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django's flush between transaction tests knows managed tables only; this knows the others."""
    yield
    marker = request.node.get_closest_marker("django_db")
    transactional = (marker is not None and bool(marker.kwargs.get("transaction"))) or any(
        name in request.fixturenames for name in ("transactional_db", "live_server")
    )
    if not transactional:
        return
    unmanaged = {model._meta.db_table for model in apps.get_models() if not model._meta.managed}
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        tables = sorted(unmanaged & existing)
        if tables:
            cursor.execute("TRUNCATE " + ", ".join(connection.ops.quote_name(t) for t in tables))
