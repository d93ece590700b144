# ruff: noqa: S608 - the statements are the attack under test
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from audit.anchoring import Anchors
from audit.domain.canonical import GENESIS, canonical, content_hash, seal_hash, storable
from audit.models import Entry, Seal
from audit.recording import record
from audit.sealing import OtherCluster, seal_once
from audit.streaming import Batch
from audit.verifying import verify
from tests.roles import as_attacker

committed = pytest.mark.django_db(transaction=True)


def note(number: int, **payload: Any) -> None:
    record(kind="test.noted", actor_id=None, subject=f"thing:{number}", payload=payload)


def wait_until_sealable() -> None:
    """Until nothing older is open: other tests' databases share the cluster's transactions."""
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT sanshi_ended_below()"
                " > (SELECT coalesce(max(transaction), 0) FROM audit_entry)"
            )
            if cursor.fetchone() == (True,):
                break
            time.sleep(0.01)


def seal() -> int:
    wait_until_sealable()
    return seal_once()


def tamper(statement: str) -> None:
    with as_attacker(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def codes(**options: Any) -> set[str]:
    return {fault.code for fault in verify(**options).faults}


@committed
def test_entries_are_sealed_once_and_verify() -> None:
    for number in range(5):
        note(number, n=number)
    assert seal() == 5
    assert seal_once() == 0
    note(9)
    verdict = verify()
    assert verdict.whole
    assert (verdict.entries, verdict.seals, verdict.unsealed) == (6, 1, 1)
    assert seal() == 1
    first, second = Seal.objects.order_by("id")
    assert first.previous == GENESIS
    assert second.previous == first.hash
    assert verify().whole


@committed
def test_an_entry_of_a_failed_transaction_is_gone() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        note(1)
        raise RuntimeError
    assert not Entry.objects.exists()


THE_SECOND = "WHERE subject = 'thing:2'"
SWAP = """
UPDATE audit_entry SET id = (SELECT sum(id) FROM audit_entry
                             WHERE subject IN ('thing:1', 'thing:2')) - id
WHERE subject IN ('thing:1', 'thing:2')
"""
SLIP_IN = f"""
INSERT INTO audit_entry (at, kind, subject, payload, content_hash, transaction)
SELECT at, kind, subject, payload, content_hash, transaction FROM audit_entry {THE_SECOND}
"""


@committed
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        # the content changes and the hash stays
        (f"UPDATE audit_entry SET payload = '{{}}' {THE_SECOND}", "entry_changed"),
        (f"UPDATE audit_entry SET actor_id = 7 {THE_SECOND}", "entry_changed"),
        (f"UPDATE audit_entry SET at = at + interval '1 s' {THE_SECOND}", "entry_changed"),
        # the content changes and the hash with it
        (f"UPDATE audit_entry SET content_hash = repeat('a', 64) {THE_SECOND}", "batch_changed"),
        (f"DELETE FROM audit_entry {THE_SECOND}", "batch_changed"),
        # two entries change places
        (SWAP, "batch_changed"),
        # an entry is slipped in behind the seal
        (SLIP_IN, "batch_changed"),
        ("UPDATE audit_seal SET root = repeat('b', 64)", "seal_changed"),
        ("UPDATE audit_seal SET previous = repeat('b', 64)", "seal_changed"),
        ("DELETE FROM audit_seal WHERE id = (SELECT min(id) FROM audit_seal)", "seal_changed"),
    ],
)
def test_tampering_is_found(statement: str, code: str) -> None:
    for number in range(4):
        note(number, n=number)
    seal()
    note(8)
    seal()
    assert verify().whole
    tamper(statement)
    assert code in codes()


@committed
def test_cutting_off_the_end_is_found_by_an_anchored_head(tmp_path: Path) -> None:
    anchor = tmp_path / "heads"
    for number in range(3):
        note(number)
        wait_until_sealable()
        call_command("audit", "seal", "--anchor", str(anchor))
    call_command("audit", "verify", "--anchor", str(anchor))
    last = Seal.objects.latest("id")
    tamper(f"DELETE FROM audit_entry WHERE id >= {last.first_id}")
    tamper(f"DELETE FROM audit_seal WHERE id = {last.pk}")
    assert verify().whole  # the chain alone cannot know
    with pytest.raises(CommandError, match="1 faults"):
        call_command("audit", "verify", "--anchor", str(anchor))
    heads = Anchors.read(anchor)
    assert codes(anchored_heads=heads) == {"head_missing"}


@committed
def test_a_chain_written_anew_is_found_by_an_anchored_head(tmp_path: Path) -> None:
    anchor = tmp_path / "heads"
    for number in range(3):
        note(number)
        wait_until_sealable()
        call_command("audit", "seal", "--anchor", str(anchor))
    # one entry replaced with a right hash of its own, and every seal from there on made to fit
    forged = content_hash(
        "2026-03-10T06:00:00.000000Z",
        canonical(kind="test.noted", actor_id=None, subject="thing:1", payload={}),
    )
    tamper(
        f"UPDATE audit_entry SET at = '2026-03-10T06:00:00Z', payload = '{{}}',"
        f" content_hash = '{forged}' WHERE subject = 'thing:1'"
    )
    previous, since = GENESIS, 0
    for seal in Seal.objects.order_by("id"):
        entries = Entry.objects.filter(
            transaction__gte=since, transaction__lt=seal.below_transaction
        )
        batch = Batch.of(entries.order_by("id").values_list("id", "content_hash"))
        new = seal_hash(
            previous=previous,
            root=batch.root,
            below_transaction=seal.below_transaction,
            first_id=seal.first_id,
            last_id=seal.last_id,
            count=seal.count,
            version=seal.version,
            at=seal.at,
        )
        tamper(
            f"UPDATE audit_seal SET previous = '{previous}', root = '{batch.root}',"
            f" hash = '{new}' WHERE id = {seal.pk}"
        )
        previous, since = new, seal.below_transaction
    assert verify().whole  # the chain alone cannot know
    heads = Anchors.read(anchor)
    assert len(heads) == 3
    assert codes(anchored_heads=heads) == {"head_missing"}


@committed
def test_a_head_is_anchored_once_an_hour(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "heads", every=3600)
    kept = []
    for number, second in enumerate([0, 5, 3599, 3605, 3610]):
        note(number)
        seal()
        kept.append(anchors.keep_head(second))
    assert kept == [True, False, False, True, False]
    assert Anchors.read(tmp_path / "heads")[0] == Seal.objects.order_by("id")[0].hash


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@committed
def test_nothing_is_sealed_past_an_open_transaction() -> None:
    written, finish = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            note(1)
            written.set()
            finish.wait(10)

    thread = in_thread(slow)
    assert written.wait(10)
    note(2)  # commits first, though it began later
    assert seal_once() == 0
    finish.set()
    thread.join()
    assert seal() == 2
    assert verify().whole


@committed
def test_only_one_sealer_seals() -> None:
    note(1)
    held, finish = threading.Event(), threading.Event()
    sealed: list[int] = []

    def first() -> None:
        with transaction.atomic():
            sealed.append(seal())
            held.set()
            finish.wait(10)

    thread = in_thread(first)
    assert held.wait(10)
    assert seal_once() == 0
    finish.set()
    thread.join()
    assert sealed == [1]
    assert Seal.objects.count() == 1


@committed
def test_entries_of_another_cluster_are_not_sealed_silently() -> None:
    note(1)
    seal()
    tamper("UPDATE audit_seal SET below_transaction = 2::bigint ^ 60")
    with pytest.raises(OtherCluster):
        seal()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.datetimes(timezones=st.just(UTC))
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@pytest.mark.django_db
@given(payload=st.dictionaries(st.text(), values))
def test_whatever_is_recorded_verifies(payload: dict[str, Any]) -> None:
    with transaction.atomic():
        record(kind="test.any", actor_id=3, subject="any:1", payload=payload)
        verdict = verify()
        assert verdict.whole
        transaction.set_rollback(True)


def test_the_canonical_text_has_one_spelling() -> None:
    first = canonical(kind="k", actor_id=1, subject="s", payload={"b": 1, "a": "适"})
    again = canonical(kind="k", actor_id=1, subject="s", payload={"a": "适", "b": 1})
    assert first == again == '{"actor":1,"kind":"k","payload":{"a":"适","b":1},"subject":"s"}'


def test_values_are_stored_as_they_come_back() -> None:
    at = datetime(2026, 3, 10, 6, tzinfo=UTC)
    given_value = {1: 2.0, "at": at, "d": Decimal("1.50"), "n": "a\x00b", "s": {"y", "x"}}
    assert storable(given_value) == {
        "1": 2, "at": "2026-03-10T06:00:00+00:00", "d": "1.50", "n": "a\ufffdb", "s": ["x", "y"],
    }  # fmt: skip


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        storable({"x": float("nan")})
