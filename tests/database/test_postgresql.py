"""A connection is asked whether it lives, but not before each and every request."""

from __future__ import annotations

import time

import pytest
from django.db import close_old_connections, connection
from django.db.backends.postgresql import base as theirs

from database.postgresql import base
from tests.backends import end_backend

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A line for each time that a server was asked; the asking is real."""
    found: list[int] = []
    is_usable = theirs.DatabaseWrapper.is_usable

    def counting(self: theirs.DatabaseWrapper) -> bool:
        found.append(1)
        return bool(is_usable(self))

    monkeypatch.setattr(theirs.DatabaseWrapper, "is_usable", counting)
    return found


def request() -> int:
    """What Django does around one: the backend of the server that answered."""
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    close_old_connections()
    return pid


def test_one_that_answered_a_moment_ago_is_not_asked_again(asked: list[int]) -> None:
    pids = {request() for _ in range(5)}
    assert len(pids) == 1
    assert asked == []


def test_one_that_was_idle_is_asked(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    request()
    monkeypatch.setattr(base, "TRUSTED_S", 1000.0)
    monkeypatch.setattr(connection, "_trusted_until", time.monotonic())
    request()
    assert len(asked) == 1
    request()
    assert len(asked) == 1


def test_one_that_the_server_closed_is_replaced_before_the_request_even_if_trusted(
    asked: list[int],
) -> None:
    first = request()
    assert request() == first
    end_backend(first)
    second = request()
    assert second != first
    assert request() == second


def test_statements_are_planned_for_all_values_at_once_on_every_connection() -> None:
    def mode() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW plan_cache_mode")
            found: str = cursor.fetchone()[0]
        return found

    assert mode() == "force_generic_plan"
    end_backend(request())
    assert mode() == "force_generic_plan"
