# ruff: noqa: S608 - the statements are what a restored dump looks like
"""A dump restored into a cluster whose transaction ids are lower: the chain goes on."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit.models import Entry, Seal
from audit.rebasing import REBASED
from audit.sealing import LOCK_KEYS, OtherCluster, seal_once
from audit.verifying import verify
from tests.audit.test_books import OTHERS, seal_all
from tests.audit.test_record import note, tamper
from tests.audit.test_roles import write_one_of_each
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)

#: How much higher the ids were in the cluster that the dump came from.
AHEAD = 10**9
_NUMBERS = """
CREATE OR REPLACE FUNCTION sanshi_transaction() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT pg_current_xact_id()::text::bigint + {lift} $$;
CREATE OR REPLACE FUNCTION sanshi_ended_below() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {lift} $$;
"""


def numbers(lift: int) -> str:
    return _NUMBERS.format(lift=lift)


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def _numbers_as_they_were() -> Iterator[None]:
    yield
    tamper(numbers(0))


def write_rows() -> None:
    """Rows of the other ledgers, written in one transaction."""
    with transaction.atomic():
        write_one_of_each()
    tamper("DELETE FROM audit_seal WHERE hash = 'h'; DELETE FROM audit_entry WHERE kind = 'k'")


def live_in_the_old_cluster() -> None:
    """Entries and rows sealed, and some not sealed yet, when the dump is taken."""
    tamper(numbers(AHEAD))
    for number in range(3):
        note(number)
    write_rows()
    seal_all()
    note(3)
    write_rows()


def restore() -> None:
    """The new cluster counts from far below."""
    tamper(numbers(0))


def rebase(maker: str = "operator", checker: str = "officer") -> None:
    call_command("audit", "rebase", "--maker", maker, "--checker", checker, "--reason", "moved")


def test_sealing_stops_after_a_restored_dump_until_it_is_rebased(people: Cast) -> None:
    live_in_the_old_cluster()
    restore()
    with pytest.raises(OtherCluster):
        seal_once()
    rebase()
    note(4)
    write_rows()
    seal_all()
    verdict = verify()
    assert verdict.whole
    assert (verdict.rows, verdict.unsealed) == (3 * len(OTHERS), 0)
    entry = Entry.objects.get(kind=REBASED)
    assert (entry.actor_id, entry.payload["checker"]) == (people.operator.pk, people.officer.pk)
    assert Seal.objects.order_by("id").last().last_id >= entry.pk  # type: ignore[union-attr]


def test_what_was_written_before_the_rebase_is_recorded_by_it(people: Cast) -> None:
    live_in_the_old_cluster()
    restore()
    note(7)
    write_rows()
    rebase()
    seal_all()
    assert verify().whole
    assert Entry.objects.get(kind=REBASED).payload["ledgers"]["audit_entry"]["count"] == 1
    tamper("DELETE FROM audit_entry WHERE subject = 'thing:7'")
    assert {fault.code for fault in verify().faults} == {"strays_changed"}


@pytest.mark.parametrize("table", OTHERS)
def test_a_stray_row_that_is_removed_is_found(people: Cast, table: str) -> None:
    live_in_the_old_cluster()
    restore()
    write_rows()
    rebase()
    seal_all()
    tamper(f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})")
    assert {fault.code for fault in verify().faults} == {"strays_changed"}


def test_it_may_happen_twice(people: Cast) -> None:
    live_in_the_old_cluster()
    restore()
    note(7)
    rebase()
    seal_all()
    restore()
    note(8)
    rebase()
    note(9)
    seal_all()
    assert verify().whole


def test_it_takes_two_people_and_a_need(people: Cast) -> None:
    live_in_the_old_cluster()
    with pytest.raises(CommandError, match="nothing to rebase"):
        rebase()
    restore()
    with pytest.raises(CommandError, match="two people"):
        rebase(checker="operator")
    with pytest.raises(CommandError, match="no active user"):
        rebase(checker="nobody")


def test_a_sealer_at_work_keeps_it_out(people: Cast) -> None:
    with psycopg2.connect(**connection.get_connection_params()) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK_KEYS)
        with pytest.raises(CommandError, match="sealer is at work"):
            rebase()
    other.close()
