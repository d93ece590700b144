"""What every test has: the named cast, and tables that are empty again after a transaction test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
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
    TransactionTestCase._fixture_teardown = _empty_the_tables  # type: ignore[attr-defined]
    TransactionTestCase._should_reload_connections = lambda self: False  # type: ignore[attr-defined]
    # Each test client sets the middleware up anew: without this, WhiteNoise would list two hundred
    # files every time. They are found when they are asked for.
    settings.WHITENOISE_AUTOREFRESH = True
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


# What a transaction test leaves is removed by the owner, with the ledgers' triggers off. Django's
# flush takes thirty times as long: it truncates each of two hundred tables, most of them empty, and
# makes all permissions again. Those stay here. The lock waits for whoever still writes.
# Small tables are quicker deleted from than truncated; but one that was analysed or has grown is
# truncated, for the planner would go by what was in it.
EMPTY = """
DO $$
DECLARE
  tables regclass[] := array(
    SELECT oid FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
  );
  one regclass;
BEGIN
  EXECUTE 'LOCK TABLE ' || array_to_string(tables, ', ') || ' IN SHARE ROW EXCLUSIVE MODE';
  FOREACH one IN ARRAY tables LOOP
    IF (SELECT reltuples >= 0 FROM pg_class WHERE oid = one)
       OR pg_relation_size(one) > 8 * 8192 THEN
      EXECUTE 'TRUNCATE ' || one || ' CASCADE';  -- no further than these tables
    ELSIF pg_relation_size(one) > 0 THEN  -- no file, no rows: nearly all partitions
      EXECUTE 'DELETE FROM ' || one;
    END IF;
  END LOOP;
END $$
"""


# What another test may not find of an earlier one in its session. What is prepared and known of the
# catalogue stays, as it does between the requests of production.
AS_NEW = """
CLOSE ALL; RESET ALL; RESET ROLE; UNLISTEN *; SELECT pg_advisory_unlock_all();
DISCARD TEMP; DISCARD SEQUENCES
"""


def _empty_the_tables(self: TransactionTestCase) -> None:
    """In the place of Django's flush after a transaction test, and of a new connection."""
    connection.close_if_unusable_or_obsolete()
    become_owner()
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
        cursor.execute(AS_NEW)
    connection.init_connection_state()


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
