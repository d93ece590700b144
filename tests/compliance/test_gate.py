"""The gate on a real database: permission, contention, refusals, failures, release."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from audiences.models import Customer
from audit.models import Entry
from compliance import exempting, gate, ledger, suppressing
from compliance.domain.attempt_state import AttemptState
from compliance.domain.decision import Outcome
from compliance.domain.intent import DialKind, Intent, Purpose
from compliance.facts import load
from compliance.gate import GateResult, reserve
from compliance.locking import TAKE_HOUSEHOLD, keys_of, take
from compliance.models import Attempt, Contact, Decision, KillSwitch, Product, Suppression
from compliance.replaying import replay
from database.brief_transactions import brief_transaction
from database.prepared import Statement
from tests.compliance.conftest import Bank, make_customer, set_time
from tests.compliance.world import beijing, human
from tests.roles import as_attacker

#: The advisory locks of this connection, as 64-bit numbers.
LOCKED_KEYS = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'advisory'
"""
LOCKED_MONTHS = """
SELECT right(relname, 6) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND relname ~ '^compliance_contact_20[0-9]{4}$'
"""

pytestmark = pytest.mark.django_db(transaction=True)

NOW = beijing("2026-11-24 10:00")


def intent(bank: Bank, **changes: object) -> Intent:
    wanted = human(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        product_id=bank.product.pk,
        caller_id_id=bank.caller_id.pk,
        idempotency_key=uuid.uuid4().hex,
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def ask(bank: Bank, **changes: object) -> GateResult:
    wanted = intent(bank, **changes)
    return reserve(lambda: wanted)


def stored_of(result: GateResult) -> Decision:
    assert result.decision_id is not None
    return Decision.objects.get(pk=result.decision_id)


def in_threads(count: int, work: Callable[[int], GateResult]) -> list[GateResult]:
    barrier = Barrier(count)

    def one(index: int) -> GateResult:
        try:
            barrier.wait()
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_permission_is_written_down_whole(committed_bank: Bank) -> None:
    result = ask(committed_bank)
    assert result.decision.verdict is Outcome.ALLOW
    assert result.attempt_id is not None
    attempt = Attempt.objects.get(pk=result.attempt_id)
    assert attempt.state == AttemptState.RESERVED
    assert attempt.reserved_at < attempt.valid_until <= attempt.reserved_at + timedelta(seconds=10)
    line = Contact.objects.get(attempt_id=attempt.pk)
    assert (line.kind, line.customer_id, line.product_family) == (
        "attempt",
        committed_bank.x.pk,
        "deposit",
    )
    stored = stored_of(result)
    assert (stored.verdict, stored.codes, stored.attempt_id) == ("allow", [], attempt.pk)
    assert Entry.objects.filter(kind="gate.allowed").count() == 1


def test_fifty_threads_on_one_customer_get_one_permission(committed_bank: Bank) -> None:
    results = in_threads(50, lambda _: ask(committed_bank))
    allowed = [result for result in results if result.decision.allowed]
    assert len(allowed) == 1
    refused = [result for result in results if not result.decision.allowed]
    assert all(result.decision.codes for result in refused)
    assert {code for r in refused for code in r.decision.codes} >= {"INFLIGHT", "MIN_GAP"}
    assert Contact.objects.filter(kind="attempt").count() == 1
    assert Decision.objects.count() == 50


def test_threads_on_one_number_never_pass_its_cap(committed_bank: Bank) -> None:
    people = [
        make_customer(committed_bank.branch, f"P{index}", NOW, household="h") for index in range(8)
    ]
    for person in people:
        person.customernumber_set.create(number=committed_bank.home)
    results = in_threads(8, lambda index: ask(committed_bank, customer_id=people[index].pk))
    assert sum(result.decision.allowed for result in results) == 1


def test_an_opt_out_between_the_plan_and_the_dial_wins(committed_bank: Bank) -> None:
    bank = committed_bank
    wanted = intent(bank)
    calls = []

    def intent_of() -> Intent:
        calls.append(1)
        return wanted

    with ThreadPoolExecutor(1) as pool:
        entered, go = Event(), Event()

        def refuse() -> None:
            with transaction.atomic():
                suppressing.opt_out(
                    customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW
                )
                entered.set()
                go.wait(5)
            connection.close()

        refusing = pool.submit(refuse)
        assert entered.wait(5)
        with ThreadPoolExecutor(1) as other:

            def dial() -> GateResult:
                try:
                    return reserve(intent_of)
                finally:
                    connection.close()

            dialling = other.submit(dial)
            # the gate waits for the refusal's lock, then reads what it committed
            assert not dialling.done()
            go.set()
            result = dialling.result(10)
        refusing.result(10)
    assert (result.decision.verdict, result.decision.codes) == (
        Outcome.BLOCK_TERMINAL,
        ["OPT_OUT"],
    )
    assert not Attempt.objects.exists()
    assert Decision.objects.count() == 1


def test_an_opt_out_in_flight_marks_the_other_call_and_not_the_speaking_one(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    speaking = ask(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk)
    ringing = ask(bank)
    assert speaking.attempt_id and ringing.attempt_id
    suppressing.opt_out(
        customer_id=bank.y.pk,
        number_id=bank.home.pk,
        source="robot",
        evidence={"turn": 3},
        at=NOW,
        speaking_attempt_id=speaking.attempt_id,
    )
    wanted = dict(Attempt.objects.values_list("pk", "cancel_wanted_at"))
    assert wanted == {speaking.attempt_id: None, ringing.attempt_id: NOW}
    # the attempt stands and counts
    assert Contact.objects.filter(attempt_id=ringing.attempt_id, kind="attempt").exists()
    assert Entry.objects.filter(kind="gate.opt_out_inflight").count() == 1


def test_what_is_said_on_a_shared_number_holds_for_both_people_there(committed_bank: Bank) -> None:
    bank = committed_bank
    suppressing.opt_out(
        customer_id=bank.x.pk, number_id=bank.home.pk, source="robot", evidence={}, at=NOW
    )
    assert ask(bank).decision.codes == ["OPT_OUT"]
    assert ask(bank, customer_id=bank.y.pk).decision.codes == ["OPT_OUT"]
    other = ask(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk)
    assert other.decision.allowed


def test_said_in_the_app_it_holds_for_the_person(committed_bank: Bank) -> None:
    bank = committed_bank
    suppressing.opt_out(customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW)
    assert ask(bank).decision.codes == ["OPT_OUT"]
    assert ask(bank, customer_id=bank.y.pk).decision.allowed


def test_an_attempt_is_released_only_once_and_then_does_not_count(committed_bank: Bank) -> None:
    first = ask(committed_bank)
    assert first.attempt_id is not None
    assert not ask(committed_bank).decision.allowed
    assert gate.release(first.attempt_id, "429")
    assert not gate.release(first.attempt_id, "429")
    assert ask(committed_bank).decision.allowed


def test_a_lost_attempt_counts_and_is_never_repeated(committed_bank: Bank) -> None:
    first = ask(committed_bank)
    assert first.attempt_id is not None
    assert gate.lose(first.attempt_id)
    assert not gate.release(first.attempt_id, "too late")
    assert ask(committed_bank).decision.codes == ["MIN_GAP"]


def test_a_bound_attempt_is_bound_once(committed_bank: Bank) -> None:
    first = ask(committed_bank)
    assert first.attempt_id is not None
    assert gate.bind(first.attempt_id, "CA1")
    assert gate.bind(first.attempt_id, "CA1")
    assert not gate.bind(first.attempt_id, "CA2")
    assert gate.close(first.attempt_id)
    assert not gate.close(first.attempt_id)


def test_the_same_dial_is_reserved_once(committed_bank: Bank) -> None:
    assert ask(committed_bank, idempotency_key="same").decision.allowed
    again = ask(committed_bank, idempotency_key="same")
    assert "ALREADY_RESERVED" in again.decision.codes
    assert again.attempt_id is None


def test_a_promise_is_kept_once(committed_bank: Bank) -> None:
    bank = committed_bank
    set_time(beijing("2026-11-24 20:30"))
    exempting.promise_callback(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        promised_at=beijing("2026-11-24 20:30"),
        at=NOW,
        evidence={"turn": 4},
    )
    callback = {"purpose": Purpose.CALLBACK, "kind": DialKind.CALLBACK}
    kept = ask(bank, **callback)
    assert kept.decision.allowed and kept.attempt_id is not None
    gate.close(kept.attempt_id)
    assert "WINDOW" in ask(bank, **callback).decision.codes


def test_a_released_promise_may_be_kept_again(committed_bank: Bank) -> None:
    bank = committed_bank
    at = beijing("2026-11-24 20:30")
    set_time(at)
    exempting.promise_callback(
        customer_id=bank.x.pk, number_id=bank.home.pk, promised_at=at, at=NOW, evidence={}
    )
    callback = {"purpose": Purpose.CALLBACK, "kind": DialKind.CALLBACK}
    first = ask(bank, **callback)
    assert first.attempt_id is not None and gate.release(first.attempt_id, "429")
    assert ask(bank, **callback).decision.allowed


def test_a_rating_raised_a_second_ago_counts(committed_bank: Bank) -> None:
    """Whatever the list was approved with."""
    bank = committed_bank
    bank.x.risk_tolerance, bank.x.risk_assessed_on = 2, NOW.date() - timedelta(days=30)
    bank.x.save()
    wealth = Product.objects.create(
        code="w", name="理财", family="wealth", risk_rated=True, risk_rating=2
    )
    first = ask(bank, product_id=wealth.pk)
    assert first.decision.allowed and first.attempt_id is not None
    assert gate.release(first.attempt_id, "test")
    Product.objects.filter(pk=wealth.pk).update(risk_rating=3)
    assert ask(bank, product_id=wealth.pk).decision.codes == ["SUIT_R_GT_C"]


def test_the_kill_switch_is_read_without_a_cache(committed_bank: Bank) -> None:
    switch = KillSwitch.objects.create(reason="test", thrown_at=NOW)
    assert ask(committed_bank).decision.codes == ["KILL_SWITCH"]
    KillSwitch.objects.filter(pk=switch.pk).update(released_at=NOW)
    assert ask(committed_bank).decision.allowed


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("all", False),
        ("robot", True),
        ("campaign:10", False),
        ("campaign:11", True),
        ("campaign:x", False),
        ("what nobody can read", False),
    ],
)
def test_a_switch_stops_what_it_speaks_about(
    committed_bank: Bank, scope: str, allowed: bool
) -> None:
    KillSwitch.objects.create(scope=scope, reason="test", thrown_at=NOW)
    assert ask(committed_bank, campaign_id=10).decision.allowed is allowed


def test_the_permission_ends_with_the_window(committed_bank: Bank) -> None:
    set_time(beijing("2026-11-24 11:58:30"), speed=60)
    result = ask(committed_bank)
    assert result.valid_until == beijing("2026-11-24 12:00")


def test_an_agents_own_leg_counts_for_nobody(committed_bank: Bank) -> None:
    result = ask(
        committed_bank,
        purpose=Purpose.AGENT_LEG,
        kind=DialKind.AGENT_LEG,
        customer_id=None,
        number_id=None,
    )
    assert result.decision.allowed and result.attempt_id
    assert not Contact.objects.exists()
    assert not ledger.record_connect(result.attempt_id, NOW)


@pytest.mark.parametrize(
    ("failure", "code"), [(KeyError("x"), "DEP_INTENT"), (ValueError("x"), "DEP_INTENT")]
)
def test_an_intent_that_fails_blocks(committed_bank: Bank, failure: Exception, code: str) -> None:
    def intent_of() -> Intent:
        raise failure

    result = reserve(intent_of)
    assert (result.decision.verdict, result.decision.codes) == (Outcome.BLOCK_RETRIABLE, [code])
    assert result.attempt_id is None


def test_an_intent_that_turns_to_another_person_under_the_lock_blocks(
    committed_bank: Bank,
) -> None:
    intents = iter(
        [intent(committed_bank), intent(committed_bank, customer_id=committed_bank.y.pk)]
    )
    result = reserve(lambda: next(intents))
    assert result.decision.codes == ["DEP_KEYS_CHANGED"]
    assert not Attempt.objects.exists()


def test_a_ledger_that_fails_blocks_and_leaves_nothing(committed_bank: Bank) -> None:
    with as_attacker(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE compliance_contact ADD CONSTRAINT broken CHECK (actor = 'x')")
    try:
        result = ask(committed_bank)
    finally:
        with as_attacker(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE compliance_contact DROP CONSTRAINT broken")
    assert result.decision.verdict is Outcome.BLOCK_RETRIABLE
    assert not Attempt.objects.exists() and not Contact.objects.exists()
    # the refusal itself is kept
    assert stored_of(result).verdict == "block_retriable"


def test_a_lock_that_is_not_let_go_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LOCK_TIMEOUT_MS", 200)
    bank = committed_bank
    held, go = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            take(keys_of(customer_ids=[bank.x.pk]))
            held.set()
            go.wait(5)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(5)
        result = ask(bank)
        go.set()
        holding.result(5)
    assert result.decision.codes == ["DEP_LOCK"]


def test_a_tampered_pack_blocks(committed_bank: Bank) -> None:
    with as_attacker(), connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_packversion SET sha256 = repeat('0', 64)")
    assert ask(committed_bank).decision.codes == ["DEP_PACK"]


def test_no_pack_in_force_blocks(committed_bank: Bank) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_packversion SET effective_to = now() - interval '1 year'")
    result = ask(committed_bank)
    assert result.decision.codes == ["DEP_PACK"]


def test_a_stored_decision_replays_to_the_same_bytes(committed_bank: Bank) -> None:
    bank = committed_bank
    first = ask(bank)
    second = ask(bank)
    suppressing.opt_out(customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW)
    for result in (first, second):
        stored = stored_of(result)
        assert replay(stored).document() == stored.decision == result.decision.document()


def test_two_entries_in_the_register_of_refusals_for_a_spoken_one(committed_bank: Bank) -> None:
    bank = committed_bank
    written = suppressing.opt_out(
        customer_id=bank.x.pk, number_id=bank.home.pk, source="robot", evidence={"n": 1}, at=NOW
    )
    rows = Suppression.objects.filter(pk__in=written).values_list("customer_id", "number_id")
    assert set(rows) == {(bank.x.pk, None), (None, bank.home.pk)}


def test_the_gate_locks_only_the_months_that_it_can_reach(committed_bank: Bank) -> None:
    wanted = intent(committed_bank)
    with brief_transaction() as work:
        work.begin((Statement("SELECT 1"), {}))
        load([(wanted.customer_id, wanted.number_id)], wanted, since=NOW, within=work)
        locked = work.run((Statement(LOCKED_MONTHS), {}))
    # those of 400 days are from October 2025 on; the bank's ledger begins in January
    assert {month for (month,) in locked} == {f"2026{month:02d}" for month in range(1, 12)}


@pytest.mark.parametrize("household", ["H1", "户主·王🏠", "'; --", " ", ""])
def test_a_households_lock_is_the_same_for_the_gate_and_for_everybody(
    committed_bank: Bank, household: str
) -> None:
    Customer.objects.filter(pk=committed_bank.x.pk).update(household=household)
    with brief_transaction() as work:
        work.begin((Statement(TAKE_HOUSEHOLD), {"customer": committed_bank.x.pk}))
        by_gate = {key for (key,) in work.run((Statement(LOCKED_KEYS), {}))}
    assert by_gate == set(keys_of(households=[household]))
    with transaction.atomic(), connection.cursor() as cursor:
        take(keys_of(households=[household]))
        cursor.execute(LOCKED_KEYS)
        assert {key for (key,) in cursor.fetchall()} == by_gate
