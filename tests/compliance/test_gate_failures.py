"""Whatever breaks inside the gate, it blocks: with a code, with a sentence, with nothing half done.

The database really loses its connections here (pg_terminate_backend), rows really are corrupted.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from audiences.models import Customer
from compliance import facts as loading
from compliance import gate, packs
from compliance.domain.decision import Outcome
from compliance.domain.intent import Actor, Intent, Purpose
from compliance.domain.pack import compile_pack, content_hash
from compliance.domain.registry import KINDS
from compliance.gate import GateResult, reserve
from compliance.locking import keys_of, take
from compliance.models import (
    Attempt,
    CalendarYear,
    Contact,
    Decision,
    PackVersion,
    Preference,
    Register,
)
from tests.backends import end_connection
from tests.compliance.conftest import Bank, make_bank, set_time
from tests.compliance.test_gate import intent
from tests.compliance.world import beijing
from tests.roles import as_attacker

pytestmark = pytest.mark.django_db(transaction=True)

NOW = beijing("2026-11-24 10:00")
#: Messages of an ALLOW: locks, facts, and all that is written with the commit.
MESSAGES = 3


@pytest.fixture
def committed_bank() -> Bank:
    """The bank of the other tests, its customers in households: every statement is needed."""
    bank = make_bank()
    Customer.objects.filter(pk=bank.x.pk).update(household="H1")
    Customer.objects.filter(pk=bank.y.pk).update(household="H2")
    return bank


def ask(bank: Bank, **changes: object) -> GateResult:
    wanted = intent(bank, **changes)
    return reserve(lambda: wanted)


def assert_blocked(result: GateResult, *codes: str) -> None:
    """A block with a code and a sentence in both languages, and nothing that counts."""
    decision = result.decision
    assert decision.verdict is not Outcome.ALLOW
    assert decision.codes, decision
    if codes:
        assert set(decision.codes) <= set(codes), decision.codes
    for reason in decision.reasons:
        assert reason.zh and reason.en and "{" not in reason.zh + reason.en
    assert result.attempt_id is None and result.valid_until is None
    assert not Attempt.objects.filter(state__in=["reserved", "bound"]).exists()
    lines = list(Contact.objects.values_list("kind", flat=True))
    assert lines.count("attempt") == lines.count("release")


@contextmanager
def at_message(number: int, fail: Callable[[], None], *, after: bool) -> Iterator[None]:
    """Call `fail` before or after the so-many-th message of the gate."""
    seen = [0]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # not what a process reads or prepares once (packs, calendars, plans)
        if not sql.startswith(("BEGIN", "EXECUTE")):
            return execute(sql, params, many, context)
        seen[0] += 1
        if seen[0] != number:
            return execute(sql, params, many, context)
        if not after:
            fail()
            return execute(sql, params, many, context)
        found = execute(sql, params, many, context)
        fail()
        return found

    with connection.execute_wrapper(wrapper):
        yield
    assert seen[0] >= number


def test_an_allow_is_made_of_so_many_messages(committed_bank: Bank) -> None:
    """So that the tests below break every one of them."""
    with at_message(MESSAGES, lambda: None, after=True):
        assert ask(committed_bank).decision.allowed
    with pytest.raises(AssertionError), at_message(MESSAGES + 1, lambda: None, after=True):
        ask(committed_bank, customer_id=committed_bank.y.pk, number_id=committed_bank.mobile.pk)


# after the last one there is a permission
@pytest.mark.parametrize(
    ("number", "after"),
    [(number, after) for number in range(1, MESSAGES + 1) for after in (False, True)][:-1],
)
def test_a_connection_lost_at_any_message_blocks(
    committed_bank: Bank, number: int, after: bool
) -> None:
    with at_message(number, end_connection, after=after):
        result = ask(committed_bank)
    assert_blocked(result, "DEP_DATABASE", "DEP_LEDGER")
    assert result.decision.verdict is Outcome.BLOCK_RETRIABLE
    assert result.decision.earliest_next == result.decision.at + timedelta(seconds=60)
    # the refusal was kept on a new connection, and the next one is let through
    assert Decision.objects.get().verdict == "block_retriable"
    assert ask(committed_bank).decision.allowed


def test_a_connection_lost_after_the_commit_takes_nothing_back(committed_bank: Bank) -> None:
    with at_message(MESSAGES, end_connection, after=True):
        result = ask(committed_bank)
    assert result.decision.allowed
    connection.close_if_unusable_or_obsolete()
    assert Attempt.objects.get().pk == result.attempt_id


@pytest.mark.parametrize("number", range(1, MESSAGES + 1))
def test_an_exception_at_any_message_blocks(committed_bank: Bank, number: int) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with at_message(number, fail, after=True):
        result = ask(committed_bank)
    assert_blocked(result, "DEP_INTERNAL")
    assert ask(committed_bank).decision.allowed


@contextmanager
def at_commit(fail: Callable[[], None], *, after: bool) -> Iterator[None]:
    """Call `fail` between the last statement and the commit, or when all is committed."""

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements = sql.removesuffix(";COMMIT")
        if statements == sql:
            return execute(sql, params, many, context)
        execute(sql if after else statements, params, many, context)
        fail()
        return execute("COMMIT", None, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def test_a_connection_lost_before_the_commit_blocks(committed_bank: Bank) -> None:
    with at_commit(end_connection, after=False):
        result = ask(committed_bank)
    assert_blocked(result, "DEP_LEDGER")
    assert not Attempt.objects.exists()
    assert ask(committed_bank).decision.allowed


def test_a_commit_whose_answer_is_lost_blocks_and_its_permission_is_taken_back(
    committed_bank: Bank,
) -> None:
    with at_commit(end_connection, after=True):
        result = ask(committed_bank)
    assert_blocked(result, "DEP_LEDGER")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.cause) == ("released", "answer_lost")
    assert ask(committed_bank).decision.allowed


def test_a_database_that_is_gone_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("no server")

    connection.close()
    monkeypatch.setattr(connection, "connect", refuse)
    result = ask(committed_bank)
    monkeypatch.undo()
    assert_blocked(result, "DEP_DATABASE")
    assert result.decision_id is None


def test_a_statement_that_takes_too_long_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LOCK_TIMEOUT_MS", 0)
    monkeypatch.setattr(gate, "STATEMENT_TIMEOUT_MS", 200)
    with held(lambda: take(keys_of(customer_ids=[committed_bank.x.pk]))):
        result = ask(committed_bank)
    assert_blocked(result, "DEP_DATABASE")
    assert result.decision.reasons[0].observed == "57014"


@pytest.mark.parametrize(
    "table", ["compliance_suppression", "compliance_contact", "compliance_decision", "audit_entry"]
)
def test_a_table_that_somebody_holds_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(gate, "LOCK_TIMEOUT_MS", 200)

    def lock() -> None:
        # what the facts are read from cannot be read, the others not be written
        read = table in ("compliance_suppression", "compliance_contact")
        mode = "ACCESS EXCLUSIVE" if read else "SHARE ROW EXCLUSIVE"
        with as_attacker(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")

    with held(lock, seconds=1.0 if table == "compliance_decision" else None):
        result = ask(committed_bank)
        assert not result.decision.allowed
    assert_blocked(result, "DEP_LOCK", "DEP_LEDGER")
    assert result.decision.earliest_next == result.decision.at + timedelta(seconds=60)


@contextmanager
def held(take_lock: Callable[[], None], *, seconds: float | None = None) -> Iterator[None]:
    """Another transaction holds something, to the end of the block or for so long."""
    taken, go = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                take_lock()
                taken.set()
                go.wait(seconds or 30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert taken.wait(10)
        try:
            yield
        finally:
            go.set()
            holding.result(10)


# --- rules ----------------------------------------------------------------------------------------

_SHIPPED = compile_pack(packs.read_shipped("cn-bank"))
_EVALUATED = sorted(
    {
        rule.kind
        for _, rule in _SHIPPED.rules
        if Purpose.MARKETING in rule.purposes
        and Actor.HUMAN in rule.actors
        and rule.kind != "exemption"
    }
)


@pytest.mark.parametrize("name", _EVALUATED)
def test_a_rule_that_raises_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(KINDS, name, KINDS[name]._replace(evaluate=fail))  # type: ignore[arg-type]
    monkeypatch.setattr(packs, "_compiled", {})
    monkeypatch.setattr(packs, "_stacks", {})
    loading._shared.cache_clear()
    # a rule about the past is not even asked of somebody who has none
    for kind in ("conversation", "outcome"):
        Contact.objects.create(
            at=beijing("2026-11-23 10:00"),
            kind=kind,
            customer_id=committed_bank.x.pk,
            actor="human",
            purpose="marketing",
        )
    assert_blocked(ask(committed_bank), "DEP_INTERNAL")
    loading._shared.cache_clear()  # it holds the rule that raises


def change_pack(**changes: object) -> None:
    """The pack in force, with other content that is properly signed."""
    version = PackVersion.objects.get()
    document = {**version.document, **changes}
    with as_attacker():
        PackVersion.objects.filter(pk=version.pk).update(
            document=document, sha256=content_hash(document)
        )


def test_an_unknown_kind_of_rule_blocks(committed_bank: Bank) -> None:
    rules = PackVersion.objects.get().document["rules"]
    change_pack(rules=[*rules, {"id": "Z9", "kind": "astrology", "moon": "full"}])
    result = ask(committed_bank)
    assert_blocked(result, "DEP_UNKNOWN_RULE")
    assert "astrology" in result.decision.reasons[0].zh


@pytest.mark.parametrize(
    "changes",
    [{"rules": "none"}, {"rules": [1]}, {"zone": "Mars/Base"}, {"layer": None}, {"extra": 1}],
    ids=str,
)
def test_a_pack_that_cannot_be_read_blocks(
    committed_bank: Bank, changes: dict[str, object]
) -> None:
    change_pack(**changes)
    assert_blocked(ask(committed_bank), "DEP_PACK", "DEP_INTERNAL")


@pytest.mark.parametrize("document", ["[]", "null", '"pack"', "{}"])
def test_a_pack_that_is_no_document_blocks(committed_bank: Bank, document: str) -> None:
    # with a hash of its own: this process has not read that version before
    with as_attacker(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compliance_packversion SET document = %s, sha256 = %s", [document, "0" * 64]
        )
    assert_blocked(ask(committed_bank), "DEP_PACK", "DEP_INTERNAL")


@pytest.mark.parametrize(
    "limits",
    [5, "x", ["x"], {"rules": 5}, {"rules": [5]}, {"more": 1}, {"rules": [{"id": "Q"}]}],
    ids=str,
)
def test_a_campaigns_limits_that_cannot_be_read_block(committed_bank: Bank, limits: Any) -> None:
    assert_blocked(
        ask(committed_bank, campaign_limits=limits),
        "DEP_CAMPAIGN_LIMITS", "DEP_INTERNAL", "DEP_UNKNOWN_RULE", "DEP_DATABASE",
    )  # fmt: skip


# --- facts ----------------------------------------------------------------------------------------


def test_a_stale_register_blocks(committed_bank: Bank) -> None:
    Register.objects.create(name="industry", imported_at=NOW - timedelta(days=32), max_age_days=31)
    assert_blocked(ask(committed_bank), "REGISTER_STALE")


def test_a_register_that_never_arrived_blocks(committed_bank: Bank) -> None:
    Register.objects.create(name="industry", imported_at=None, max_age_days=31)
    assert_blocked(ask(committed_bank), "REGISTER_STALE")


def test_a_calendar_year_that_is_not_loaded_blocks(committed_bank: Bank) -> None:
    CalendarYear.objects.filter(year=2026).update(in_force=False)
    assert_blocked(ask(committed_bank), "CAL_MISSING")


def test_a_calendar_that_was_changed_blocks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compliance.calendars._days", {})
    monkeypatch.setattr("compliance.calendars._calendars", {})
    loading._shared.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_calendarday SET kind = 'adjusted_work'")
    assert_blocked(ask(committed_bank), "DEP_INTERNAL")


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(1.9, True), (-1.9, True), (5, False), (-5, False)]
)
def test_clocks_more_than_two_seconds_apart_block(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch, seconds: float, allowed: bool
) -> None:
    real = time.time
    monkeypatch.setattr("compliance.facts.time.time", lambda: real() + seconds)
    result = ask(committed_bank)
    assert result.decision.allowed is allowed
    if not allowed:
        assert_blocked(result, "CLOCK_SKEW")


@pytest.mark.parametrize("hours", [[["a", "b"]], [5], "all day", {"from": 9}], ids=str)
def test_a_wish_that_cannot_be_read_blocks(committed_bank: Bank, hours: Any) -> None:
    Preference.objects.create(customer=committed_bank.x, since=NOW, hours=hours)
    assert_blocked(ask(committed_bank), "DEP_INTERNAL")


@pytest.mark.parametrize("value", ["[1]", '"x"', "5"])
def test_attributes_that_are_no_mapping_block(committed_bank: Bank, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audiences_customer SET attributes = %s", [value])
    assert_blocked(ask(committed_bank), "DEP_INTERNAL")


# --- intents --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [None, "call him", 5, {"customer_id": 1}], ids=str)
def test_what_is_no_intent_blocks(committed_bank: Bank, wanted: Any) -> None:
    result = reserve(lambda: wanted)
    assert_blocked(result, "DEP_INTENT")


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_id": "x"},
        {"customer_id": 10**30},
        {"number_id": [1]},
        {"product_id": "x"},
        {"idempotency_key": "k" * 500},
        {"idempotency_key": "\x00"},
        {"purpose": "marketing"},
        {"actor": None},
        {"campaign_id": "x"},
        {"lead_id": "x"},
    ],
    ids=str,
)
def test_an_intent_of_wrong_values_blocks(committed_bank: Bank, changes: dict[str, object]) -> None:
    assert_blocked(ask(committed_bank, **changes))


def test_an_intent_that_fails_only_under_the_locks_blocks(committed_bank: Bank) -> None:
    answers = iter([intent(committed_bank)])
    assert_blocked(reserve(lambda: next(answers)), "DEP_INTENT")


def test_inside_a_transaction_the_gate_blocks(committed_bank: Bank) -> None:
    """There a permission would not be durable."""
    with transaction.atomic():
        result = ask(committed_bank)
    assert_blocked(result, "DEP_INTERNAL")


def test_a_permission_and_its_attempt_cannot_be_told_apart(committed_bank: Bank) -> None:
    allowed = ask(committed_bank)
    refused = ask(committed_bank)
    for odd in (
        {"attempt_id": None}, {"valid_until": None}, {"decision": refused.decision},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="permission"):
            replace(allowed, **odd)
    with pytest.raises(ValueError, match="permission"):
        replace(refused, attempt_id=uuid.uuid4())


def test_plans_that_a_pooler_lost_block_once_and_are_done_without(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = loading.at_the_gate(NOW.date())
    plans = [gate._HOUSEHOLD, facts, gate._DECISION, gate._ATTEMPT, gate._LINE, gate._NOTE]
    for plan in plans:
        monkeypatch.setattr(plan, "_kept", True)
    first = ask(committed_bank)
    assert first.attempt_id is not None and gate.release(first.attempt_id, "test")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    blocked = 0
    for _ in plans:
        result = ask(committed_bank)
        if result.decision.allowed:
            break
        assert_blocked(result, "DEP_DATABASE", "DEP_LEDGER")
        blocked += 1
    assert result.decision.allowed
    assert 0 < blocked <= 3
    connection.close()  # the next test may keep plans again: not on this connection


def test_time_is_set(committed_bank: Bank) -> None:
    """The failures above happen within calling hours: what blocks is the failure."""
    set_time(NOW)
    assert settings.SANDBOX
    assert ask(committed_bank).decision.allowed


def test_a_failed_permission_can_be_asked_for_again_under_its_key(committed_bank: Bank) -> None:
    wanted: Intent = intent(committed_bank)
    with at_message(MESSAGES, end_connection, after=False):
        assert not reserve(lambda: wanted).decision.allowed
    assert reserve(lambda: wanted).decision.allowed
