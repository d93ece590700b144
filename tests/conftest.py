"""What every test has: the named cast, and tables that are empty again after a transaction test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from audit.database_roles import APP_ROLE
from tests.cast import Cast, make_cast
from tests.roles import become_owner

# how long an example takes depends on what else the machine does: no flaky failures by the clock
hypothesis_settings.register_profile(
    "sanshi", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("sanshi")


def pytest_configure() -> None:
    """Each worker of a spread run has a Redis database of its own: queues are shared otherwise.

    The owner's login makes the test database; the tests then work as the application's role.
    """
    settings.DATABASES["default"].update(
        {key: settings.MIGRATION_DATABASE[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}
    )
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return
    parts = urlsplit(settings.REDIS_URL)
    number = int(parts.path.lstrip("/") or 0) + int(worker.removeprefix("gw"))
    url = urlunsplit(parts._replace(path=f"/{number}"))
    settings.REDIS_URL = os.environ["REDIS_URL"] = url
    for queue in settings.RQ_QUEUES.values():
        queue["URL"] = url


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Every connection of the tests works as the application's role (tests/roles.py)."""
    options = connection.settings_dict["OPTIONS"]
    with django_db_blocker.unblock():
        connection.close()
    options["options"] = f"-c role={APP_ROLE}"
    yield
    with django_db_blocker.unblock():
        connection.close()
    del options["options"]


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and customers of the tests (tests/cast.py)."""
    return make_cast()


@pytest.fixture(autouse=True)
def _emptied_by_the_owner(request: pytest.FixtureRequest) -> Iterator[None]:
    """The flush between transaction tests is the owner's, with the ledgers' triggers off.

    Django's flush knows managed tables only; the partitioned ones are emptied here.
    """
    yield
    marker = request.node.get_closest_marker("django_db")
    transactional = (marker is not None and bool(marker.kwargs.get("transaction"))) or any(
        name in request.fixturenames for name in ("transactional_db", "live_server")
    )
    if not transactional:
        return
    become_owner()  # Django closes the connection after its flush, and so ends this
    parents = {model._meta.db_table for model in apps.get_models() if not model._meta.managed}
    with connection.cursor() as cursor:
        existing = parents & set(connection.introspection.table_names(cursor))
        # only the partitions that hold something: there are dozens, and emptying each takes time
        filled = set()
        for parent in sorted(existing):
            cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {parent}")  # noqa: S608
            filled |= {row[0] for row in cursor.fetchall()}
        if filled:
            cursor.execute("TRUNCATE " + ", ".join(sorted(filled)))
