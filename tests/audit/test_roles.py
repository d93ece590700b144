# ruff: noqa: S608 - the statements are the attack under test
"""The ledgers can only grow: the application has no right to more, the owner meets a trigger."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django.fixtures import Settings

from audit.database_roles import APP_ROLE, faults
from audit.models import Seal
from clock.reading import now
from config.checks import check_production_is_safe
from dialer.models import CallEvent

pytestmark = pytest.mark.django_db

#: A ledger and one of its columns.
LEDGERS = {
    "audit_entry": "kind",
    "audit_seal": "root",
    "compliance_contact": "kind",
    "compliance_decision": "verdict",
    "dialer_callevent": "cause",
    "robot_turn": "node",
}
CHANGES = [
    statement.format(table=table, column=column)
    for table, column in LEDGERS.items()
    for statement in (
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
    )
]


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def write_one_of_each() -> None:
    """A row in each ledger: row triggers want a row."""
    at = now()
    run(
        "INSERT INTO audit_entry (at, kind, subject, payload, content_hash)"
        " VALUES (now(), 'k', 's', '{}', 'h')"
    )
    Seal.objects.create(
        previous="", root="", hash="h", below_transaction=1, first_id=1, last_id=1, count=1, at=at
    )
    run(
        "INSERT INTO compliance_contact (at, kind, actor, purpose)"
        " VALUES (now(), 'attempt', 'robot', 'marketing')"
    )
    run(
        "INSERT INTO compliance_decision (at, verdict, codes, purpose, actor, packs, intent, facts,"
        " decision, inputs_hash) VALUES (now(), 'allow', '{}', 'marketing',"
        " 'robot', '{}', '{}', '{}', '{}', '')"
    )
    CallEvent.objects.create(at=at, call_id=1, old="planned", new="ended", cause="test")
    run(
        "INSERT INTO robot_turn (at, conversation_id, phase, index, text, digits, node, node_after,"
        " intent, score, layer, matched, model_hash, said, step)"
        " VALUES (now(), 1, 'talk', 0, '', '', '', '', '', 0, '', '', '', '', '{}')"
    )


def test_the_tests_work_as_the_applications_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (APP_ROLE,)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_application_may_not_change_a_ledger(statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        run(statement)


@pytest.mark.parametrize("table", [name for name in LEDGERS if name != "audit_seal"])
def test_not_even_through_a_partition(table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        run(f"DELETE FROM {table}_default")


@pytest.mark.parametrize("statement", CHANGES)
def test_the_owner_meets_a_trigger(statement: str) -> None:
    write_one_of_each()
    run("SET LOCAL ROLE NONE")
    with pytest.raises(DatabaseError, match="append-only"):
        run(statement)


@pytest.mark.parametrize("table", [name for name in LEDGERS if name != "audit_seal"])
def test_a_new_partition_refuses_too_and_an_old_one_can_be_taken_away(table: str) -> None:
    run("SET LOCAL ROLE NONE")
    run(f"SELECT sanshi_make_partitions('{table}', '2040-01-01', '2040-02-01')")
    with pytest.raises(DatabaseError, match="append-only"):
        run(f"TRUNCATE {table}_204001")
    run(f"ALTER TABLE {table} DETACH PARTITION {table}_204001")
    run(f"DROP TABLE {table}_204001")


def test_the_applications_role_has_no_faults() -> None:
    assert faults(connection) == []


def test_the_owner_is_refused_in_production(settings: Settings) -> None:
    settings.SANDBOX = False
    run("SET LOCAL ROLE NONE")
    found = {fault.id: fault for fault in check_production_is_safe(None)}
    assert "superuser" in found["sanshi.E005"].msg


def test_a_role_that_may_change_one_ledger_is_named() -> None:
    run("SET LOCAL ROLE NONE")
    run(f"GRANT UPDATE ON compliance_contact_default TO {APP_ROLE}")
    run(f"SET LOCAL ROLE {APP_ROLE}")
    assert faults(connection) == ["UPDATE on compliance_contact_default"]
