"""Kept plans: made once a connection, made again on a new one, done without where none are kept."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from compliance.models import CallerId
from database.prepared import Insertion, Prepared, run
from tests.roles import as_attacker

pytestmark = pytest.mark.django_db(transaction=True)


def plans() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements")
        return {row[0] for row in cursor.fetchall()}


def value(statement: Prepared, **values: object) -> object:
    with connection.cursor() as cursor:
        run(cursor, (statement, values))
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def test_a_plan_is_made_once_and_used_again() -> None:
    sum_of = Prepared("sum", "SELECT %(a)s::int + 10 * %(b)s::int + 100 * %(a)s::int, '%%'")
    assert value(sum_of, a=1, b=2) == 121
    assert sum_of.name in plans()
    assert value(sum_of, a=2, b=1) == 212


def test_a_new_connection_plans_again() -> None:
    one = Prepared("one", "SELECT 1 + %(a)s::int")
    assert value(one, a=1) == 2
    connection.close()
    assert one.name not in plans()
    assert value(one, a=2) == 3
    assert one.name in plans()


def test_postgresql_itself_plans_anew_what_it_has_analysed() -> None:
    """So a plan need not be made again because a table has grown."""
    found = Prepared("found", "SELECT n FROM growing WHERE n = %(n)s::int")

    def plan() -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN EXECUTE {found.name} (1)")
            return str(cursor.fetchall())

    with as_attacker(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE growing (n int PRIMARY KEY); ANALYZE growing")
        try:
            run(cursor, (found, {"n": 1}))
            assert "Seq Scan" in plan()
            cursor.execute("INSERT INTO growing SELECT generate_series(1, 5000)")
            assert "Seq Scan" in plan()
            cursor.execute("ANALYZE growing")
            assert "Index Only Scan" in plan()
        finally:
            cursor.execute("DROP TABLE growing")


def test_several_go_in_one_round_trip_and_the_last_answers() -> None:
    first, second = (Prepared(name, f"SELECT '{name}', %(a)s::int") for name in ("x", "y"))
    with connection.cursor() as cursor:
        run(cursor, (first, {"a": 1}), (second, {"a": 2}))
        assert cursor.fetchall() == [("y", 2)]


def test_a_row_is_inserted_with_its_fields_defaults() -> None:
    insertion = Insertion(CallerId, returning="id")
    identity = value(insertion, number="+8657195000009")
    made = CallerId.objects.get(number="+8657195000009")
    assert made.pk == identity
    assert made.active is CallerId(number="x").active
    assert made.registered_use == CallerId(number="x").registered_use


@pytest.mark.parametrize("how", ["DEALLOCATE ALL", "DISCARD ALL"])
def test_where_plans_are_not_kept_the_statement_is_sent_in_full(how: str) -> None:
    one = Prepared("one", "SELECT %(a)s::int, %(a)s::int")
    assert value(one, a=1) == 1
    with connection.cursor() as cursor:
        cursor.execute(how)
    # the transaction in which it is found out fails, and nothing is half done
    with pytest.raises(DatabaseError), transaction.atomic():
        value(one, a=1)
    assert value(one, a=3) == 3
    assert one.name not in plans()


def test_a_plan_made_by_somebody_else_under_the_name_is_not_trusted() -> None:
    one = Prepared("one", "SELECT %(a)s::int")
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE {one.name} AS SELECT 99")
    with pytest.raises(DatabaseError):
        value(one, a=1)
    assert value(one, a=3) == 3
