"""The gate under contention: real connections, many threads, and counting afterwards."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from hashlib import sha256
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connection

from audiences.models import Customer, CustomerNumber, Number
from compliance import calendars, consenting, gate, packs, suppressing
from compliance import facts as loading
from compliance.calendars import read_shipped as shipped_years
from compliance.domain.decision import Outcome
from compliance.domain.documents import CalendarDocument
from compliance.domain.intent import Actor, DialKind, Intent
from compliance.domain.pack import content_hash
from compliance.gate import GateResult, reserve
from compliance.models import Attempt, Contact, Decision, PackVersion
from compliance.replaying import replay
from tests.compliance.conftest import Bank, make_customer, set_time
from tests.compliance.test_gate import intent, stored_of
from tests.compliance.world import beijing

pytestmark = pytest.mark.django_db(transaction=True)

NOW = beijing("2026-11-24 10:00")
THREADS, ROUNDS = 8, 3
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no reason to refuse: these tests are about order."""
    monkeypatch.setattr(gate, "LOCK_TIMEOUT_MS", 60_000)
    monkeypatch.setattr(gate, "STATEMENT_TIMEOUT_MS", 60_000)


@dataclass(frozen=True)
class Cap:
    """`most`: so many attempts may be allowed, whoever asks however often.

    `people` and `numbers`: how many of each share the cap. `rule`: the campaign's own, beside the
    pack's.
    """

    most: int
    people: int = 1
    numbers: int = 1
    household: str = ""
    rule: dict[str, Any] | None = None
    robot: bool = False


def rule(limit: int, *per: str, **window: object) -> dict[str, Any]:
    return {"id": "Z", "kind": "cap", "limit": limit, "per": list(per), "window": window}


CAPS = {
    "customer a day": Cap(2, numbers=6),
    "robot's a week": Cap(1, numbers=6, robot=True),
    "gap of a number": Cap(1, people=6),
    "household": Cap(
        2, people=6, numbers=6, household="H", rule=rule(2, "household", rolling_days=1)
    ),
    "campaign's lifetime": Cap(1, numbers=6, rule=rule(1, "customer", "campaign", lifetime=True)),
    "family": Cap(1, numbers=6, rule=rule(1, "customer", "product_family", rolling_days=30)),
    "customer a calendar week": Cap(1, numbers=6, rule=rule(1, "customer", calendar="week")),
}


@pytest.mark.parametrize("name", list(CAPS))
def test_no_cap_is_ever_exceeded(committed_bank: Bank, name: str) -> None:
    """Each thread asks, and closes at once what it got, so that the cap alone stops the others."""
    cap, bank = CAPS[name], committed_bank
    dials = wishes(bank, cap)

    def work(place: int) -> int:
        allowed = 0
        for turn in range(ROUNDS):
            wanted = replace(dials[(place + turn) % len(dials)], idempotency_key=uuid.uuid4().hex)
            result = reserve(lambda wanted=wanted: wanted)  # type: ignore[misc]
            if result.attempt_id is not None:
                allowed += 1
                assert gate.bind(result.attempt_id, f"CA{result.attempt_id.hex}")
                assert gate.close(result.attempt_id)
        return allowed

    assert sum(together(THREADS, work)) == cap.most
    assert Contact.objects.filter(kind="attempt").count() == cap.most
    assert Decision.objects.count() == THREADS * ROUNDS
    assert_every_sid_was_allowed_once()


def wishes(bank: Bank, cap: Cap) -> list[Intent]:
    """A dial to each pair of person and number that share the cap."""
    people = [
        make_customer(bank.branch, f"P{index}", NOW, household=cap.household)
        for index in range(cap.people)
    ]
    numbers = [
        Number.objects.create(e164=f"+86139000001{index:02d}", kind="mobile", region="CN-33")
        for index in range(cap.numbers)
    ]
    count = max(cap.people, cap.numbers)
    pairs = [(people[i % cap.people], numbers[i % cap.numbers]) for i in range(count)]
    CustomerNumber.objects.bulk_create(
        CustomerNumber(customer=person, number=number) for person, number in pairs
    )
    wanted = intent(
        bank, campaign_limits={"rules": [cap.rule]} if cap.rule else None, campaign_id=10
    )
    if cap.robot:
        wanted = replace(wanted, actor=Actor.ROBOT, kind=DialKind.ROBOT)
    return [replace(wanted, customer_id=p.pk, number_id=n.pk) for p, n in pairs]


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """The same work in so many threads at once, each on a connection of its own."""
    barrier = Barrier(count)

    def one(index: int) -> T:
        try:
            barrier.wait(20)
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def assert_every_sid_was_allowed_once() -> None:
    for attempt in Attempt.objects.filter(sid__isnull=False):
        decisions = Decision.objects.filter(attempt_id=attempt.pk)
        assert [found.verdict for found in decisions] == ["allow"]
        assert decisions[0].pk == attempt.decision_id
        assert Contact.objects.filter(attempt_id=attempt.pk, kind="attempt").count() == 1
    allowed = Decision.objects.filter(verdict="allow").values_list("attempt_id", flat=True)
    assert set(allowed) == set(Attempt.objects.values_list("pk", flat=True))


def test_two_campaigns_want_one_number_at_once(committed_bank: Bank) -> None:
    """compliance.md §6, number 14."""
    bank = committed_bank
    set_time(beijing("2026-11-24 09:30"), speed=0.000001)
    first = reserve(lambda: intent(bank, campaign_id=3))
    assert first.attempt_id is not None and gate.close(first.attempt_id)
    set_time(beijing("2026-11-24 14:10"), speed=0.000001)

    def dial(index: int) -> GateResult:
        wanted = intent(bank, campaign_id=1 + index % 2)
        return reserve(lambda: wanted)

    results = together(20, dial)
    refused = [result.decision for result in results if not result.decision.allowed]
    assert len(refused) == 19
    for decision in refused:
        assert {"INFLIGHT", "CAP_C1"} & set(decision.codes)
        assert decision.earliest_next is not None
        ahead = decision.earliest_next - beijing("2026-11-25 09:30")
        assert timedelta(0) <= ahead < timedelta(seconds=1)


@pytest.mark.parametrize("how", ["opt_out", "withdraw", "spoken"])
def test_who_says_no_while_a_dial_is_decided_is_not_called(committed_bank: Bank, how: str) -> None:
    """A hundred interleavings: the call is refused, or it was allowed first and is to be ended."""
    bank, pairs = committed_bank, 100
    people = [make_customer(bank.branch, f"P{index}", NOW) for index in range(pairs)]
    numbers = Number.objects.bulk_create(
        Number(e164=f"+8613700000{index:03d}", kind="mobile", region="CN-33")
        for index in range(pairs)
    )
    CustomerNumber.objects.bulk_create(
        CustomerNumber(customer=person, number=number)
        for person, number in zip(people, numbers, strict=True)
    )
    steps = Barrier(2)

    def refuse(person: Customer, number: Number) -> None:
        if how == "withdraw":
            consenting.withdraw(customer_id=person.pk, at=NOW, evidence={})
        else:
            suppressing.opt_out(
                customer_id=person.pk,
                number_id=number.pk if how == "spoken" else None,
                source="app",
                evidence={},
                at=NOW,
            )

    def work(role: int) -> list[GateResult]:
        results = []
        for person, number in zip(people, numbers, strict=True):
            steps.wait(30)
            if role == 0:
                wanted = intent(bank, customer_id=person.pk, number_id=number.pk)
                results.append(reserve(lambda wanted=wanted: wanted))  # type: ignore[misc]
            else:
                refuse(person, number)
        return results

    results = together(2, work)[0]
    for person, number, result in zip(people, numbers, results, strict=True):
        if result.attempt_id is None:
            assert result.decision.verdict is Outcome.BLOCK_TERMINAL
            assert set(result.decision.codes) <= {"OPT_OUT", "CONSENT_WITHDRAWN"}
        else:
            attempt = Attempt.objects.get(pk=result.attempt_id)
            assert attempt.cancel_wanted_at is not None
        # and from now on, nothing gets through
        wanted = intent(bank, customer_id=person.pk, number_id=number.pk)
        again = reserve(lambda wanted=wanted: wanted)  # type: ignore[misc]
        assert {"OPT_OUT", "CONSENT_WITHDRAWN"} & set(again.decision.codes)


def test_old_decisions_replay_after_packs_and_calendars_changed(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = committed_bank
    results = [reserve(lambda: intent(bank)) for _ in range(3)]
    suppressing.opt_out(customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW)
    results.append(reserve(lambda: intent(bank)))
    assert len({tuple(result.decision.codes) for result in results}) >= 3
    stored = [stored_of(result) for result in results]
    _never_call_again()
    # as another process would, with nothing remembered
    for module, name in (
        (packs, "_compiled"), (packs, "_stacks"), (calendars, "_days"), (calendars, "_calendars"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, {})
    loading._shared.cache_clear()
    assert "CAP_C1" in reserve(lambda: intent(bank)).decision.codes
    for row, result in zip(stored, results, strict=True):
        again = replay(row)
        assert again == result.decision or again.document() == result.decision.document()
        assert as_bytes(again.document()) == as_bytes(row.decision)
        assert row.inputs_hash == fingerprint(row)


def _never_call_again() -> None:
    """A new version of the pack from now on, and another calendar for the year."""
    first = PackVersion.objects.get()
    document = {**first.document, "version": "2.0"}
    document["rules"] = [
        {**each, "limit": 0} if each["id"] == "C1" else each for each in document["rules"]
    ]
    PackVersion.objects.create(
        pack=first.pack,
        version="2.0",
        document=document,
        sha256=content_hash(document),
        state="approved",
        effective_from=NOW,
        created_at=NOW,
    )
    year = next(found for found in shipped_years() if found.year == 2026)
    changed = {**year.model_dump(mode="json"), "adjusted_work": []}
    calendars.install(CalendarDocument.model_validate(changed))


def as_bytes(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()


def fingerprint(row: Decision) -> str:
    """Made again from what is stored, by nothing but JSON and SHA-256."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT salt::text FROM compliance_decision WHERE id = %s", [row.pk])
        ((salt,),) = cursor.fetchall()
    inputs = {
        "at": row.at.astimezone(UTC).isoformat(),
        "facts": row.facts,
        "intent": row.intent,
        "packs": [pack.split("#") for pack in row.packs],
    }
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{salt}{text}".encode()).hexdigest()
