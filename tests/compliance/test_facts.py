"""The facts statement on a real database: one equals many, the ledger counts, refusals arrive."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError

from audiences.models import Customer, CustomerNumber, Number
from compliance import consenting, ledger
from compliance.complaints import open_case
from compliance.domain.calendar import DayType
from compliance.domain.facts import ContactKind, Facts, Operator, SuppressionSource
from compliance.domain.intent import Actor, Intent
from compliance.domain.pack import content_hash
from compliance.facts import BATCH, load
from compliance.models import (
    Attempt,
    Blackout,
    CallerId,
    Complaint,
    Consent,
    Contact,
    Exemption,
    PackVersion,
    Preference,
    Product,
    Register,
    Suppression,
)
from compliance.packs import in_force, install_shipped_packs
from compliance.screening import screen
from compliance.suppressing import invalidate_number, mark_deceased
from tests.compliance.conftest import Bank, make_customer
from tests.compliance.world import beijing, robot

NOW = beijing("2026-11-24 10:00")


def template(bank: Bank, **changes: object) -> Intent:
    wanted = robot(customer_id=None, number_id=None, product_id=bank.product.pk, caller_id_id=None)
    return replace(wanted, idempotency_key="", **changes)  # type: ignore[arg-type]


def attempt_line(bank: Bank, customer: Customer, number: Number, **changes: object) -> uuid.UUID:
    values: dict[str, object] = {
        "at": NOW - timedelta(days=1),
        "kind": "attempt",
        "customer_id": customer.pk,
        "number_id": number.pk,
        "household": customer.household,
        "product_id": bank.product.pk,
        "product_family": "deposit",
        "campaign_id": 5,
        "branch_id": bank.branch.pk,
        "actor": "human",
        "purpose": "marketing",
        "attempt_id": uuid.uuid4(),
    }
    line = Contact.objects.create(**{**values, **changes})
    assert line.attempt_id is not None
    return line.attempt_id


def one(bank: Bank, customer: Customer, number: Number) -> Facts:
    pair = (customer.pk, number.pk)
    return load([pair], template(bank), since=NOW, at=NOW).facts[0]


def everything(bank: Bank) -> list[tuple[int, int]]:
    """A bit of every kind of fact, spread over some customers."""
    people = [
        make_customer(bank.branch, f"P{i}", NOW, household="h" if i % 3 else "") for i in range(12)
    ]
    pairs = [(bank.x.pk, bank.home.pk), (bank.y.pk, bank.home.pk), (bank.y.pk, bank.mobile.pk)]
    for index, person in enumerate(people):
        number = Number.objects.create(e164=f"+86139000000{index:02d}", kind="mobile")
        if index != 5:
            CustomerNumber.objects.create(customer=person, number=number)
        pairs.append((person.pk, number.pk))
        for days in range(index % 4):
            attempt_line(
                bank,
                person,
                number,
                at=NOW - timedelta(days=days * 20 + 1),
                kind=["attempt", "conversation", "outcome"][days % 3],
                outcome="refused" if days % 3 == 2 else "",
            )
    register = Register.objects.create(name="industry", imported_at=NOW - timedelta(days=3))
    Suppression.objects.create(source="register", register=register, number=bank.home, since=NOW)
    Suppression.objects.create(source="opt_out", customer=people[0], since=NOW)
    Suppression.objects.create(source="opt_out", customer=people[1], since=NOW, lifted_at=NOW)
    Exemption.objects.create(kind="callback", customer=people[2], promised_at=NOW, created_at=NOW)
    Exemption.objects.create(
        kind="callback", customer=people[3], promised_at=NOW, created_at=NOW, used_at=NOW
    )
    Preference.objects.create(customer=people[4], no_robot=True, hours=[[600, 700]], since=NOW)
    Blackout.objects.create(since=NOW, until=NOW + timedelta(days=1), region="CN-65", reason="x")
    return pairs


def test_facts_for_one_equal_facts_for_many(bank: Bank) -> None:
    pairs = everything(bank)
    many = load(pairs, template(bank), since=NOW, at=NOW)
    for pair, facts in zip(pairs, many.facts, strict=True):
        alone = load([pair], template(bank), since=NOW, at=NOW).facts[0]
        # the clocks were compared at two different moments
        world = replace(alone.world, clock_skew_s=facts.world.clock_skew_s)
        assert replace(alone, world=world) == facts


def test_everything_arrives(bank: Bank) -> None:
    pairs = everything(bank)
    facts = load(pairs, template(bank), since=NOW, at=NOW).facts
    x, y_home, y_mobile, people = facts[0], facts[1], facts[2], facts[3:]
    assert x.customer and x.customer.id == bank.x.pk and x.linked and x.number
    for shared in (x, y_home):
        (entry,) = shared.suppressions
        assert (entry.source, entry.register) == (SuppressionSource.REGISTER, "industry")
    assert y_mobile.suppressions == ()
    assert len(people[0].suppressions) == 1 and people[1].suppressions == ()
    assert len(people[2].exemptions) == 1 and people[3].exemptions == ()
    assert people[4].preferences[0].hours == ((600, 700),)
    assert not people[5].linked
    # the household's contacts are there, a loner's are not
    assert {c.customer_id for c in people[1].contacts} >= {people[1].customer.id}  # type: ignore[union-attr]
    assert people[0].contacts == ()
    world = x.world
    assert world.calendar.type_of(beijing("2026-10-10 12:00").date()) is DayType.ADJUSTED_WORK
    assert [r.name for r in world.registers] == ["industry"]
    assert len(world.blackouts) == 1 and world.product and world.caller_id is None
    assert world.clock_skew_s == 0.0


def test_an_unknown_customer_and_number_are_missing_and_not_an_error(bank: Bank) -> None:
    (facts,) = load([(10**9, 10**9)], template(bank), since=NOW, at=NOW).facts
    assert (facts.customer, facts.number, facts.linked) == (None, None, False)


def test_a_batch_has_an_end(bank: Bank) -> None:
    with pytest.raises(ValueError, match="batch"):
        load([(1, 1)] * (BATCH + 1), template(bank), since=NOW, at=NOW)


def test_screening_asks_the_same_question_as_the_gate_without_what_exists_only_then(
    bank: Bank,
) -> None:
    pairs = everything(bank)
    wanted = template(bank, campaign_running=False, approval_in_force=False)
    found = screen(pairs[3:], wanted, NOW)
    assert len(found) == 12
    assert found[pairs[3][0]].codes == ["OPT_OUT"]
    assert found[pairs[4][0]].allowed
    assert found[pairs[8][0]].codes == ["DEP_LINK"]
    assert found[pairs[7][0]].codes == ["PREFERENCE_ROBOT"]


def test_screening_at_night_says_when_the_day_begins(bank: Bank) -> None:
    night = beijing("2026-11-28 03:00")
    found = screen([(bank.x.pk, bank.home.pk)], template(bank), night)[bank.x.pk]
    assert found.codes == ["WINDOW"]
    assert found.earliest_next == beijing("2026-11-30 09:00")


def test_screening_reads_a_campaigns_limits_once_and_blocks_when_it_cannot(bank: Bank) -> None:
    pairs = [(bank.x.pk, bank.home.pk)]
    zero = {"id": "Z", "kind": "cap", "limit": 0, "per": ["customer"], "window": {"lifetime": True}}
    found = screen(pairs, template(bank, campaign_limits={"rules": [zero]}), NOW)
    assert found[bank.x.pk].codes == ["CAP_Z"]
    found = screen(pairs, template(bank, campaign_limits={"rules": "?"}), NOW)
    assert found[bank.x.pk].codes == ["DEP_CAMPAIGN_LIMITS"]


def test_the_ledger_writes_each_line_once(bank: Bank) -> None:
    attempt = attempt_line(bank, bank.x, bank.home, at=NOW)
    for _ in range(2):
        ledger.record_connect(attempt, NOW)
        ledger.record_conversation(attempt, NOW)
        ledger.record_outcome(attempt, "REFUSED", NOW)
    ledger.record_outcome(attempt, "", NOW)
    kinds = list(Contact.objects.filter(attempt_id=attempt).values_list("kind", "outcome"))
    assert sorted(kinds) == [
        ("attempt", ""),
        ("connect", ""),
        ("conversation", ""),
        ("outcome", "refused"),
    ]
    contacts = one(bank, bank.x, bank.home).contacts
    assert {c.kind for c in contacts} == {
        ContactKind.ATTEMPT,
        ContactKind.CONNECT,
        ContactKind.CONVERSATION,
        ContactKind.OUTCOME,
    }
    assert all(c.actor is Actor.HUMAN for c in contacts)


@pytest.mark.parametrize(("seconds", "name"), [(9, "hung_up_early"), (10, "hung_up")])
def test_hanging_up_within_ten_seconds_is_an_outcome_of_its_own(
    bank: Bank, seconds: int, name: str
) -> None:
    attempt = attempt_line(bank, bank.x, bank.home, at=NOW)
    ledger.record_connect(attempt, NOW)
    ledger.record_outcome(attempt, "HUNG_UP", NOW + timedelta(seconds=seconds))
    assert Contact.objects.get(attempt_id=attempt, kind="outcome").outcome == name


def test_a_withdrawn_consent_ends_the_calls(bank: Bank) -> None:
    pairs = [(bank.x.pk, bank.home.pk)]
    assert screen(pairs, template(bank), NOW)[bank.x.pk].allowed
    consenting.withdraw(customer_id=bank.x.pk, at=NOW - timedelta(hours=2), evidence={"app": 1})
    assert screen(pairs, template(bank), NOW)[bank.x.pk].codes == ["CONSENT_WITHDRAWN"]
    consenting.grant(customer_id=bank.x.pk, at=NOW, basis="branch", evidence={})
    assert screen(pairs, template(bank), NOW)[bank.x.pk].allowed


def test_a_complaint_opens_a_case_and_stops_the_calls(bank: Bank) -> None:
    open_case(customer_id=bank.x.pk, number_id=None, source="12378", evidence={}, at=NOW)
    case = Complaint.objects.get()
    # the day it came is not counted, and the fifteenth runs to its end (民法典 §201–202)
    assert case.due_at == beijing("2026-12-10 00:00")
    found = screen([(bank.x.pk, bank.home.pk)], template(bank), NOW)
    assert found[bank.x.pk].codes == ["COMPLAINT"]


def test_a_wrong_number_and_a_death_stop_the_calls(bank: Bank) -> None:
    invalidate_number(
        number_id=bank.home.pk, customer_id=bank.x.pk, reason="wrong_number", evidence={}, at=NOW
    )
    mark_deceased(customer_id=bank.y.pk, source="branch", evidence={}, at=NOW)
    found = screen([(bank.x.pk, bank.home.pk)], template(bank), NOW)
    assert found[bank.x.pk].codes == ["WRONG_NUMBER"]
    found = screen([(bank.y.pk, bank.mobile.pk)], template(bank), NOW)
    assert found[bank.y.pk].codes == ["DECEASED"]


def test_a_later_version_of_a_pack_rules_from_its_instant(bank: Bank) -> None:
    first = PackVersion.objects.get()
    document = {**first.document, "version": "2.0"}
    document["rules"] = [
        {**rule, "limit": 0} if rule["id"] == "C1" else rule for rule in document["rules"]
    ]
    from_then = beijing("2026-12-01 00:00")
    PackVersion.objects.create(
        pack=first.pack,
        version="2.0",
        document=document,
        sha256=content_hash(document),
        state="approved",
        effective_from=from_then,
        created_at=NOW,
    )
    assert in_force(from_then - timedelta(microseconds=1)).refs == ("cn-bank@1.0",)
    assert in_force(from_then).refs == ("cn-bank@2.0",)
    # a list screened before, dialled after: the version in force then decides, and says so
    found = screen([(bank.x.pk, bank.home.pk)], template(bank), beijing("2026-12-01 09:00"))
    decision = found[bank.x.pk]
    assert (decision.codes, decision.packs) == (["CAP_C1"], ("cn-bank@2.0",))


def test_installing_twice_changes_nothing(bank: Bank) -> None:
    assert install_shipped_packs() == []
    assert PackVersion.objects.count() == 1


def test_two_live_attempts_of_a_customer_are_refused_by_the_database(bank: Bank) -> None:
    values = {"customer": bank.x, "reserved_at": NOW, "valid_until": NOW, "actor": "human"}
    Attempt.objects.create(idempotency_key="1", number=bank.home, **values)
    with pytest.raises(IntegrityError, match="one_live_per_customer"):
        Attempt.objects.create(idempotency_key="2", number=bank.mobile, **values)


def test_what_the_bank_knows_of_a_customer_arrives(bank: Bank) -> None:
    attributes = {"assets": 500_000, "payroll": True, "card": "gold", "score": 1.5, "list": [1]}
    Customer.objects.filter(pk=bank.x.pk).update(
        no_profiling=True, segment="private", attributes=attributes
    )
    x, y = load(
        [(bank.x.pk, bank.home.pk), (bank.y.pk, bank.home.pk)], template(bank), since=NOW
    ).facts
    assert x.customer is not None and y.customer is not None
    assert (x.customer.no_profiling, x.customer.segment) == (True, "private")
    assert x.customer.assets == 500_000
    assert x.customer.attributes == (("assets", 500_000), ("card", "gold"), ("payroll", True))
    assert (y.customer.no_profiling, y.customer.assets, y.customer.attributes) == (False, None, ())
    assert x.consents[0].basis == ""


def test_every_scope_and_wish_arrives(bank: Bank) -> None:
    Product.objects.filter(pk=bank.product.pk).update(
        on_sale=False, private=True, min_amount=10_000
    )
    CallerId.objects.filter(pk=bank.caller_id.pk).update(operator="outsourced")
    Consent.objects.filter(customer=bank.x).update(
        profiling_ok=False, number=bank.home, basis="written"
    )
    Suppression.objects.create(
        source="opt_out", customer=bank.x, since=NOW, purpose="care", product=bank.product
    )
    Preference.objects.create(customer=bank.x, since=NOW, conversations_per_month=1)
    ends = NOW + timedelta(days=1)
    Blackout.objects.create(since=NOW, until=ends, reason="x", product=bank.product)
    asked = template(bank, caller_id_id=bank.caller_id.pk)
    (facts,) = load([(bank.x.pk, bank.home.pk)], asked, since=NOW).facts
    product, caller_id = facts.world.product, facts.world.caller_id
    assert product is not None and caller_id is not None
    assert (product.on_sale, product.private, product.min_amount) == (False, True, 10_000)
    assert caller_id.operator is Operator.OUTSOURCED
    (consent,), (refusal,), (wish,) = facts.consents, facts.suppressions, facts.preferences
    assert (consent.basis, consent.profiling_ok) == ("written", False)
    assert consent.number_id == bank.home.pk
    assert (refusal.purpose, refusal.product_id) == ("care", bank.product.pk)
    assert wish.conversations_per_month == 1
    assert facts.world.blackouts[0].product_id == bank.product.pk
