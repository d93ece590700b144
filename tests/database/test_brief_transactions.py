"""Brief transactions: begun by their first message, committed by their last, else not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from compliance.models import CallerId
from database.brief_transactions import brief_transaction
from database.prepared import Insertion, Statement, Write
from tests.backends import end_connection

pytestmark = pytest.mark.django_db(transaction=True)

INSERTION = Insertion(CallerId)
ONE: Write = (Statement("SELECT 1"), {})


def line(number: str) -> tuple[Insertion, dict[str, Any]]:
    return INSERTION, {"number": number, "registered_use": ["marketing"]}


def numbers() -> list[str]:
    return list(CallerId.objects.order_by("number").values_list("number", flat=True))


def test_what_is_committed_is_kept_and_rows_come_back() -> None:
    with brief_transaction() as work:
        assert work.begin(ONE) == [(1,)]
        CallerId.objects.create(number="+1")
        with transaction.atomic():
            CallerId.objects.create(number="+2")
        assert work.run((Statement("SELECT %(a)s + 1"), {"a": 1})) == [(2,)]
        work.commit(line("+3"), line("+4"))
    connection.close()
    assert numbers() == ["+1", "+2", "+3", "+4"]


def test_it_takes_three_messages() -> None:
    connection.ensure_connection()
    sent: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper), brief_transaction() as work:
        work.begin(ONE)
        work.run(ONE, ONE)
        work.commit(ONE)
    assert sent == ["BEGIN;SELECT 1", "SELECT 1;SELECT 1", "SELECT 1;COMMIT"]


@pytest.mark.parametrize("how", ["no commit", "exception", "statement"])
def test_what_is_not_committed_is_not_kept(how: str) -> None:
    def leave() -> None:
        with brief_transaction() as work:
            work.begin(line("+1"), ONE)
            transaction.on_commit(lambda: numbers().append("never"))
            if how == "exception":
                raise KeyError
            if how == "statement":
                work.commit(line("+2"), line("+2"), ONE)

    if how == "no commit":
        leave()
    else:
        with pytest.raises(KeyError if how == "exception" else IntegrityError):
            leave()
    assert numbers() == []
    assert connection.get_autocommit() and not connection.in_atomic_block
    assert not connection.run_on_commit
    with transaction.atomic():  # the connection is as good as new
        CallerId.objects.create(number="+9")
    assert numbers() == ["+9"]


class Interruption(BaseException):
    """As a worker's time-out comes: anywhere."""


def test_an_interruption_right_after_the_first_message_leaves_nothing_open() -> None:
    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        execute(sql, params, many, context)
        if sql.startswith("BEGIN"):
            raise Interruption

    with (
        pytest.raises(Interruption),
        connection.execute_wrapper(wrapper),
        brief_transaction() as work,
    ):
        work.begin(line("+1"), ONE)
    with brief_transaction() as work:
        work.begin(ONE)
        work.commit(line("+2"))
    assert numbers() == ["+2"]


def test_a_failure_caught_inside_is_not_forgotten() -> None:
    with pytest.raises(DatabaseError), brief_transaction() as work:
        work.begin(line("+1"), ONE)
        with pytest.raises(DatabaseError):
            work.run((Statement("SELECT 1/0"), {}))
        work.commit(line("+2"))
    assert numbers() == []


def test_to_django_it_is_a_transaction_like_any_other() -> None:
    CallerId.objects.create(number="+0")
    with brief_transaction() as work:
        work.begin(ONE)
        assert CallerId.objects.select_for_update().get().number == "+0"
        with pytest.raises(KeyError), transaction.atomic():
            CallerId.objects.create(number="+1")
            raise KeyError
        with transaction.atomic():
            CallerId.objects.create(number="+2")
        work.commit(line("+3"))
    assert numbers() == ["+0", "+2", "+3"]


@pytest.mark.parametrize("how", ["by the server", "by us"])
def test_a_connection_that_goes_leaves_nothing_behind(how: str) -> None:
    def lose() -> None:
        if how == "by the server":
            end_connection()
        else:
            connection.close()

    with pytest.raises(DatabaseError), brief_transaction() as work:
        work.begin(line("+1"), ONE)
        lose()
        work.commit(line("+2"))
    connection.close_if_unusable_or_obsolete()
    assert numbers() == []
    with brief_transaction() as work:
        work.begin(ONE)
        work.commit(line("+3"))
    assert numbers() == ["+3"]


def test_what_waits_for_the_commit_comes_after_it() -> None:
    seen: list[list[str]] = []
    with brief_transaction() as work:
        work.begin(ONE)
        transaction.on_commit(lambda: seen.append(numbers()))
        work.commit(line("+1"))
        assert not seen
    assert seen == [["+1"]]


def test_it_is_no_part_of_another_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError), brief_transaction():
        pass
