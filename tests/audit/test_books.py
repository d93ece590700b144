"""The other ledgers are sealed by entries of the chain: whatever is done to their rows is found."""

from __future__ import annotations

import time

import pytest
from django.db import connection, transaction

from audit.books import SEALED, books
from audit.models import Entry, Seal
from audit.recording import record
from audit.verifying import verify
from tests.audit.test_record import seal, tamper
from tests.audit.test_roles import LEDGERS, write_one_of_each

pytestmark = pytest.mark.django_db(transaction=True)

OTHERS = {table: column for table, column in LEDGERS.items() if not table.startswith("audit_")}


def wait_until_settled() -> None:
    """Until nothing that runs, in other tests' databases too, is older than what was written."""
    until = time.monotonic() + 60
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        last = cursor.fetchone()[0]
        while True:
            cursor.execute("SELECT sanshi_ended_below()")
            if cursor.fetchone()[0] > last:
                return
            assert time.monotonic() < until
            time.sleep(0.01)


def seal_all() -> None:
    """The rows, all at once, and then the entries about them."""
    wait_until_settled()
    until = time.monotonic() + 60
    while seal() or verify().unsealed:
        assert time.monotonic() < until


def write_rows() -> None:
    with transaction.atomic():
        write_one_of_each()
    tamper("DELETE FROM audit_seal; DELETE FROM audit_entry")  # what it wrote there is no record


def codes() -> set[str]:
    return {fault.code for fault in verify().faults}


def test_every_other_ledger_is_a_book() -> None:
    assert [book.table for book in books()] == sorted(OTHERS)


def test_rows_are_sealed_once() -> None:
    write_rows()
    write_rows()
    seal_all()
    verdict = verify()
    assert verdict.whole
    assert (verdict.rows, verdict.entries) == (2 * len(OTHERS), len(OTHERS))
    seals = Seal.objects.count()
    seal()
    assert (Seal.objects.count(), Entry.objects.filter(kind=SEALED).count()) == (seals, len(OTHERS))


@pytest.mark.parametrize("table", OTHERS)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = 'x' WHERE id = (SELECT max(id) FROM {table})",
        "UPDATE {table} SET at = at + interval '1 s' WHERE id = (SELECT max(id) FROM {table})",
        "DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})",
        "TRUNCATE {table}",
        # two rows change places
        "UPDATE {table} SET id = (SELECT sum(id) FROM {table}) - id",
        # a row is slipped in behind the seal
        "INSERT INTO {table} SELECT * FROM (SELECT (jsonb_populate_record(t, jsonb_build_object("
        "'id', t.id + 1000))).* FROM {table} t LIMIT 1) AS more",
    ],
)
def test_tampering_with_a_row_is_found(table: str, statement: str) -> None:
    write_rows()
    write_rows()
    seal_all()
    changed = statement.format(table=table, column=OTHERS[table])
    if table == "compliance_decision":
        changed = changed.replace("verdict = 'x'", "verdict = 'review'")
    if table == "compliance_contact":
        changed = changed.replace("kind = 'x'", "kind = 'abandon'")
    tamper(changed)
    found = verify().faults
    assert [fault.code for fault in found] == ["ledger_changed"]
    assert found[0].detail.startswith(table)


def test_an_entry_that_claims_to_seal_rows_is_found() -> None:
    write_rows()
    seal_all()
    payload = (
        Entry.objects.filter(kind=SEALED, subject="robot_turn").values_list("payload").get()[0]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT sanshi_ended_below()")
        below = cursor.fetchone()[0]
    # what the application's role could do: add an entry of its own invention
    claim = payload | {"since": 0, "below": below + 10**6}
    record(kind=SEALED, actor_id=None, subject="robot_turn", payload=claim)
    assert "ledger_gap" in codes()
