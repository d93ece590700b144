"""Refusals, registers and new owners at the real gate (reference §6: 17, 19, 31, 33, 35)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.domain.roles import Role
from audiences.models import CustomerNumber
from compliance import consenting, gate, opting_out, preferring, suppressing
from compliance.domain.decision import Outcome
from compliance.gate import GateResult, reserve
from compliance.locking import keys_of
from compliance.models import Attempt, Consent, Contact, Product, Register, Suppression
from tests.cast import person
from tests.compliance.conftest import Bank, make_customer, set_time
from tests.compliance.test_registers import bring_into_force, intent, owners, register
from tests.compliance.world import beijing

pytestmark = pytest.mark.django_db(transaction=True)

NOW = beijing("2026-11-24 10:00")


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


def ask(bank: Bank, **changes: object) -> GateResult:
    """Ask the gate; a permission is given back at once, so that the next question is alone."""
    wanted = replace(intent(bank, **changes), idempotency_key=uuid.uuid4().hex)
    result = reserve(lambda: wanted)
    if result.attempt_id is not None:
        assert gate.release(result.attempt_id, "test")
    return result


def test_17_said_on_a_shared_number_it_holds_for_the_person_everywhere_and_for_the_number(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    CustomerNumber.objects.create(customer=bank.x, number=bank.mobile)
    suppressing.opt_out(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        source="robot",
        evidence={"text": "别再打了"},
        at=NOW,
    )
    assert ask(bank).decision.codes == ["OPT_OUT"]
    assert ask(bank, number_id=bank.mobile.pk).decision.codes == ["OPT_OUT"]
    assert ask(bank, customer_id=bank.y.pk).decision.codes == ["OPT_OUT"]
    assert ask(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk).decision.allowed


def test_17_said_in_the_app_it_holds_for_the_person_alone(committed_bank: Bank) -> None:
    bank = committed_bank
    suppressing.opt_out(customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW)
    assert ask(bank).decision.verdict is Outcome.BLOCK_TERMINAL
    assert ask(bank, customer_id=bank.y.pk).decision.allowed


def test_19_no_insurance_lets_a_deposit_through_and_an_ambiguous_wish_does_not(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    cover = Product.objects.create(code="i", name="险", family="insurance", risk_rated=False)
    preferring.prefer(
        preferring.Wanted(families_refused=preferring.families_named("保险")),
        customer_id=bank.x.pk,
        via="robot",
        evidence={"text": "别打保险的"},
        at=NOW,
    )
    assert ask(bank).decision.allowed
    assert ask(bank, product_id=cover.pk).decision.codes == ["PREFERENCE_FAMILY"]
    suppressing.quarantine(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        source="robot",
        evidence={"text": "少打点"},
        at=NOW,
    )
    assert "OPT_OUT" in ask(bank).decision.codes


def test_31_a_list_of_31_days_is_fresh_and_one_of_32_stops_everybody(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    maker, checker = person("maker", Role.COMPLIANCE), person("checker", Role.COMPLIANCE)
    drawn = beijing("2026-10-23 12:00")
    bring_into_force(register("national"), "13912345678", maker, checker, drawn_at=drawn)
    set_time(beijing("2026-11-23 10:00"))
    assert ask(bank).decision.allowed
    set_time(beijing("2026-11-24 10:00"))
    stale = ask(bank).decision
    assert (stale.codes, stale.verdict) == (["REGISTER_STALE"], Outcome.BLOCK_RETRIABLE)


def test_33_a_book_of_refusals_that_does_not_answer_blocks_and_is_asked_again(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = committed_bank
    monkeypatch.setattr(gate, "LOCK_TIMEOUT_MS", 300)
    held, go = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE compliance_suppression IN ACCESS EXCLUSIVE MODE")
                held.set()
                assert go.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(5)
        try:
            decision = ask(bank).decision
        finally:
            go.set()
        holding.result(10)
    assert decision.verdict is Outcome.BLOCK_RETRIABLE
    assert decision.codes[0].startswith("DEP_")
    assert decision.earliest_next is not None
    assert decision.earliest_next - decision.at == timedelta(seconds=60)
    assert not Attempt.objects.exists() and not Contact.objects.exists()
    assert ask(bank).decision.allowed


def test_35_an_old_refusal_on_a_number_stays_until_the_new_owners_own_consent_on_it(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    maker, checker = person("maker", Role.COMPLIANCE), person("checker", Role.COMPLIANCE)
    suppressing.opt_out(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        source="robot",
        evidence={},
        at=beijing("2026-03-01 10:00"),
    )
    moved = beijing("2026-10-01 00:00")
    owners(maker, checker, "number,in use since\n057112345678,2026-10-01\n")
    newcomer = make_customer(bank.branch, "Z", NOW)
    CustomerNumber.objects.create(customer=newcomer, number=bank.home)
    # a consent of the newcomer's, but not on this number and from before it was theirs
    refused = ask(bank, customer_id=newcomer.pk).decision
    assert set(refused.codes) == {"OPT_OUT", "CONSENT_REASSIGNED"}
    # theirs, since it is theirs, but naming no number
    Consent.objects.create(customer=newcomer, granted_at=moved + timedelta(days=2))
    assert ask(bank, customer_id=newcomer.pk).decision.codes == ["OPT_OUT"]
    Consent.objects.create(
        customer=newcomer, number=bank.home, granted_at=moved + timedelta(days=3)
    )
    assert ask(bank, customer_id=newcomer.pk).decision.allowed
    # the old owner's refusal is theirs and goes with them
    assert "OPT_OUT" in ask(bank).decision.codes


def test_35_an_old_consent_never_passes_to_the_new_owner(committed_bank: Bank) -> None:
    bank = committed_bank
    maker, checker = person("maker", Role.COMPLIANCE), person("checker", Role.COMPLIANCE)
    Consent.objects.filter(customer=bank.x).update(
        number=bank.home, granted_at=beijing("2026-09-01 10:00")
    )
    owners(maker, checker, "number,in use since\n057112345678,2026-10-01\n")
    assert ask(bank).decision.codes == ["CONSENT_REASSIGNED"]
    consenting.grant(customer_id=bank.x.pk, at=NOW, basis="branch", evidence={})
    assert ask(bank).decision.allowed


def test_a_register_and_a_refusal_are_both_named(committed_bank: Bank) -> None:
    bank = committed_bank
    listed = Register.objects.create(name="industry", imported_at=NOW)
    Suppression.objects.create(source="register", register=listed, number=bank.home, since=NOW)
    suppressing.opt_out(customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW)
    assert ask(bank).decision.codes == ["OPT_OUT", "DNC_INDUSTRY"]


def test_a_family_is_taken_back_from_a_consent_to_every_family(committed_bank: Bank) -> None:
    bank = committed_bank
    family = bank.product.family
    Consent.objects.filter(customer=bank.x).update(product_family="")
    assert ask(bank).decision.allowed
    assert consenting.withdraw(
        customer_id=bank.x.pk, at=NOW, evidence={"text": "这类的不要了"}, product_family=family
    )
    assert ask(bank).decision.codes == ["CONSENT_WITHDRAWN"]
    # the others stand
    other = Product.objects.create(code="OTHER", name="别的", family="cards", risk_rated=False)
    assert ask(bank, product_id=other.pk).decision.allowed
    # and whoever allows it again may be called again
    set_time(NOW + timedelta(minutes=1))
    consenting.grant(
        customer_id=bank.x.pk, at=NOW + timedelta(seconds=30), basis="app", evidence={"id": 1},
        product_family=family,
    )  # fmt: skip
    assert ask(bank).decision.allowed


@pytest.mark.parametrize(("refused", "ended"), [("mine", True), ("insurance", False)])
def test_a_refusal_of_one_family_ends_the_call_about_it_and_no_other(
    committed_bank: Bank, refused: str, ended: bool
) -> None:
    bank = committed_bank
    result = reserve(lambda: intent(bank))
    assert result.attempt_id is not None
    family = bank.product.family if refused == "mine" else refused
    suppressing.opt_out(
        customer_id=bank.x.pk, number_id=None, source="app", evidence={}, at=NOW,
        product_family=family,
    )  # fmt: skip
    attempt = Attempt.objects.get(pk=result.attempt_id)
    assert (attempt.cancel_wanted_at is not None) is ended


def test_a_refusal_of_everybody_on_a_number_takes_all_locks_before_it_writes(
    committed_bank: Bank,
) -> None:
    """One after the other, the gate and it might wait for each other."""
    bank = committed_bank
    CustomerNumber.objects.get_or_create(customer=bank.x, number=bank.mobile)
    CustomerNumber.objects.get_or_create(customer=bank.y, number=bank.mobile)
    found = opting_out.who(bank_id=None, number=bank.mobile.e164)
    assert set(found.customers) == {bank.x.pk, bank.y.pk}
    with CaptureQueriesContext(connection) as queries:
        opting_out.opt_out(found, via="app", evidence={}, at=NOW)
    sent = [each["sql"] for each in queries]
    first_write = next(place for place, sql in enumerate(sent) if sql.startswith("INSERT"))
    locks = [sql for sql in sent[:first_write] if "pg_advisory_xact_lock" in sql]
    everybody = keys_of(customer_ids=found.customers, number_ids=[found.number])
    assert all(str(key) in locks[0] for key in everybody)
