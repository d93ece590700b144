"""Two records of one person: refusals and contacts of both, of consents what both had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from audiences.models import Customer
from audit.models import Entry
from compliance import consenting, gate, suppressing
from compliance.domain.common_consents import common
from compliance.domain.decision import Outcome
from compliance.domain.facts import Consent as ConsentFacts
from compliance.domain.rules import consent as consent_rule
from compliance.gate import reserve
from compliance.merging import MergeRefused, Refusal, merge
from compliance.models import Attempt, Consent, CustomerMerge, Preference
from tests.compliance.conftest import Bank
from tests.compliance.test_facts import NOW, attempt_line, one
from tests.compliance.test_gate import intent
from tests.compliance.world import DEPOSIT, INSURANCE, clean_facts, human

LATER = NOW + timedelta(seconds=5)


def codes(bank: Bank, **changes: object) -> list[str]:
    wanted = intent(bank, **changes)
    result = reserve(lambda: wanted)
    if result.attempt_id is not None:
        assert gate.release(result.attempt_id, "test")
    return result.decision.codes


def merged(bank: Bank) -> CustomerMerge:
    """Y turns out to be X."""
    return merge(
        kept_id=bank.x.pk, gone_id=bank.y.pk, reason="same identity", actor_id=None, at=NOW
    )


@pytest.mark.django_db(transaction=True)
class TestThroughTheGate:
    """Customer X is kept, Y is given up; Y's mobile is X's from then on."""

    def test_both_clean_the_one_may_be_called_on_either_number(self, committed_bank: Bank) -> None:
        bank = committed_bank
        merged(bank)
        assert codes(bank) == []
        assert codes(bank, number_id=bank.mobile.pk) == []

    def test_who_turns_out_to_have_died_is_hung_up_on(self, committed_bank: Bank) -> None:
        bank = committed_bank
        result = reserve(lambda: intent(bank))
        suppressing.mark_deceased(customer_id=bank.y.pk, source="branch", evidence={}, at=NOW)
        merged(bank)
        assert result.attempt_id is not None
        attempt = Attempt.objects.get(pk=result.attempt_id)
        assert attempt.cancel_wanted_at is not None

    def test_the_record_given_up_is_never_called(self, committed_bank: Bank) -> None:
        bank = committed_bank
        merged(bank)
        # whatever a later file says of it
        bank.y.customernumber_set.create(number=bank.mobile)
        found = codes(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk)
        assert "DEP_CUSTOMER" in found

    def test_a_refusal_of_either_holds(self, committed_bank: Bank) -> None:
        bank = committed_bank
        suppressing.opt_out(
            customer_id=bank.y.pk, number_id=None, source="app", evidence={}, at=NOW
        )
        assert codes(bank) == []
        merged(bank)
        assert codes(bank) == ["OPT_OUT"]

    def test_a_refusal_under_the_old_name_still_arrives(self, committed_bank: Bank) -> None:
        bank = committed_bank
        merged(bank)
        wanted = intent(bank)
        calling = reserve(lambda: wanted)
        assert calling.attempt_id is not None
        suppressing.opt_out(
            customer_id=bank.y.pk, number_id=None, source="app", evidence={}, at=NOW
        )
        assert Attempt.objects.get(pk=calling.attempt_id).cancel_wanted_at == NOW
        assert "OPT_OUT" in codes(bank)

    def test_a_call_under_way_is_hung_up_when_the_other_had_refused(
        self, committed_bank: Bank
    ) -> None:
        bank = committed_bank
        wanted = intent(bank)
        calling = reserve(lambda: wanted)
        assert calling.attempt_id is not None
        suppressing.opt_out(
            customer_id=bank.y.pk, number_id=None, source="app", evidence={}, at=NOW
        )
        assert Attempt.objects.get(pk=calling.attempt_id).cancel_wanted_at is None
        merged(bank)
        assert Attempt.objects.get(pk=calling.attempt_id).cancel_wanted_at == NOW

    def test_a_wish_of_either_holds(self, committed_bank: Bank) -> None:
        bank = committed_bank
        Preference.objects.create(customer=bank.y, since=NOW, families_refused=["deposit"])
        merged(bank)
        assert codes(bank) == ["PREFERENCE_FAMILY"]

    def test_attempts_of_both_count(self, committed_bank: Bank) -> None:
        bank = committed_bank
        for hours, customer in ((2, bank.x), (3, bank.y)):
            attempt_line(bank, customer, bank.mobile, at=NOW - timedelta(hours=hours))
        # two a day: X had one of them
        assert codes(bank) == []
        merged(bank)
        assert codes(bank) == ["CAP_C1"]

    def test_a_call_under_way_to_either_is_one_call(self, committed_bank: Bank) -> None:
        bank = committed_bank
        wanted = intent(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk)
        assert reserve(lambda: wanted).decision.allowed
        merged(bank)
        assert "INFLIGHT" in codes(bank)

    def test_of_consents_what_both_had_remains(self, committed_bank: Bank) -> None:
        bank = committed_bank
        Consent.objects.filter(customer=bank.y).update(product_family="insurance")
        merged(bank)
        assert codes(bank) == ["CONSENT_EXPIRED"]
        left = Consent.objects.get(customer=bank.x, expires_at=None)
        assert left.product_family == "insurance"
        # a new one, to whichever record, is the person's own
        consenting.grant(customer_id=bank.y.pk, at=NOW, basis="branch", evidence={})
        assert codes(bank) == []

    def test_who_is_merged_twice_is_one_person_still(self, committed_bank: Bank) -> None:
        bank = committed_bank
        third = Customer.objects.create(
            bank_id="Z",
            name="测试",
            birth_date=bank.x.birth_date,
            branch=bank.branch,
            created_at=NOW,
            updated_at=NOW,
        )
        Consent.objects.create(customer=third, granted_at=NOW - timedelta(days=9))
        suppressing.opt_out(
            customer_id=bank.y.pk, number_id=None, source="app", evidence={}, at=NOW
        )
        merged(bank)
        merge(kept_id=third.pk, gone_id=bank.x.pk, reason="again", actor_id=None, at=NOW)
        assert codes(bank, customer_id=third.pk) == ["OPT_OUT"]
        assert set(Customer.objects.values_list("merged_into_id", flat=True)) == {None, third.pk}

    def test_no_call_passes_between_a_merge_and_the_gate(self, committed_bank: Bank) -> None:
        bank = committed_bank
        suppressing.opt_out(
            customer_id=bank.y.pk, number_id=None, source="app", evidence={}, at=NOW
        )
        barrier = Barrier(9)

        def work(index: int) -> Outcome | None:
            try:
                barrier.wait(10)
                if index == 8:
                    merged(bank)
                    return None
                wanted = intent(bank)
                return reserve(lambda: wanted).decision.verdict
            finally:
                connection.close()

        with ThreadPoolExecutor(9) as pool:
            verdicts = list(pool.map(work, range(9)))
        # whoever came before the merge is hung up, whoever came after hears of the refusal
        live = Attempt.objects.filter(state="reserved")
        assert verdicts.count(Outcome.ALLOW) == live.count() <= 1
        assert all(attempt.cancel_wanted_at is not None for attempt in live)
        assert "OPT_OUT" in codes(bank)


def test_a_contact_of_both_is_read_once(bank: Bank) -> None:
    Customer.objects.filter(pk__in=[bank.x.pk, bank.y.pk]).update(household="h")
    bank.x.household = bank.y.household = "h"
    attempt_line(bank, bank.y, bank.home)
    attempt_line(bank, bank.x, bank.home, at=NOW - timedelta(hours=30))
    merged(bank)
    contacts = one(bank, bank.x, bank.home).contacts
    assert [c.customer_id for c in contacts] == [bank.x.pk, bank.x.pk]
    assert {c.household for c in contacts} == {"h"}


def test_what_protects_either_protects_the_one(bank: Bank) -> None:
    Customer.objects.filter(pk=bank.x.pk).update(risk_tolerance=4, risk_assessed_on="2026-01-01")
    Customer.objects.filter(pk=bank.y.pk).update(
        vulnerable=True, no_profiling=True, risk_tolerance=2, risk_assessed_on="2026-02-01"
    )
    merged(bank)
    kept = Customer.objects.get(pk=bank.x.pk)
    assert (kept.vulnerable, kept.no_profiling, kept.deceased) == (True, True, False)
    assert (kept.risk_tolerance, str(kept.risk_assessed_on)) == (2, "2026-02-01")
    numbers = kept.customernumber_set.order_by("priority").values_list("number_id", flat=True)
    assert list(numbers) == [bank.home.pk, bank.mobile.pk]
    entry = Entry.objects.get(kind="customer.merged")
    assert entry.payload == {
        "gone": bank.y.pk,
        "numbers": sorted([bank.home.pk, bank.mobile.pk]),
        "consents": 1,
    }


def test_what_cannot_be_merged(bank: Bank) -> None:
    def refused(kept: Customer, gone: Customer) -> Refusal:
        with pytest.raises(MergeRefused) as error:
            merge(kept_id=kept.pk, gone_id=gone.pk, reason="", actor_id=None, at=NOW)
        return error.value.refusal

    assert refused(bank.x, bank.x) is Refusal.SAME
    Customer.objects.filter(pk=bank.y.pk).update(sandbox=True)
    assert refused(bank.x, bank.y) is Refusal.SAMPLE_AND_REAL
    Customer.objects.filter(pk=bank.y.pk).update(sandbox=False)
    merged(bank)
    assert refused(bank.x, bank.y) is Refusal.GIVEN_UP_BEFORE
    assert refused(bank.y, bank.x) is Refusal.GIVEN_UP_BEFORE


def test_by_command(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("mergecustomers", "X", "Y", reason="same identity card")
    assert Customer.objects.get(bank_id="Y").merged_into == bank.x
    assert CustomerMerge.objects.get().reason == "same identity card"
    with override("en"), pytest.raises(CommandError, match="before"):
        call_command("mergecustomers", "X", "Y", reason="again")
    with pytest.raises(CommandError, match="no such customer"):
        call_command("mergecustomers", "X", "nobody", reason="-")


def test_in_the_admin(bank: Bank, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    url = reverse("admin:compliance_customermerge_add")
    client.cookies["django_language"] = "en"
    same = client.post(url, {"kept": bank.x.pk, "gone": bank.x.pk, "reason": "-"})
    assert "one customer, not two" in same.content.decode()
    client.post(url, {"kept": bank.x.pk, "gone": bank.y.pk, "reason": "same identity"})
    made = CustomerMerge.objects.get()
    assert made.maker is not None and made.at is not None
    assert Customer.objects.get(pk=bank.y.pk).merged_into_id == bank.x.pk


# --- what both had, as values ---------------------------------------------------------------------

_days = st.integers(0, 900).map(lambda days: NOW - timedelta(days=days))
_consents = st.lists(
    st.builds(
        ConsentFacts,
        id=st.integers(1, 9),
        granted_at=_days,
        product_family=st.sampled_from(["", "deposit", "insurance"]),
        withdrawn_at=st.none() | _days,
        expires_at=st.none() | st.integers(-50, 50).map(lambda days: NOW + timedelta(days=days)),
        basis=st.sampled_from(["written", "oral", ""]),
        profiling_ok=st.booleans(),
        number_id=st.sampled_from([None, 1, 2]),
    ),
    max_size=4,
)
_rules = st.builds(
    consent_rule.ConsentRule,
    id=st.just("K"),
    kind=st.just("consent"),
    legal_ref=st.just("-"),
    basis=st.just("law"),
    zh=st.just("-"),
    en=st.just("-"),
    max_age_months=st.sampled_from([None, 12, 24]),
    bases=st.sampled_from([frozenset[str](), frozenset({"written"})]),
    number=st.sampled_from(["any", "own"]),
    profiling=st.booleans(),
)


@given(_consents, _consents, _rules, st.sampled_from([DEPOSIT, INSURANCE]), st.booleans())
def test_what_both_had_allows_nothing_that_either_did_not(
    ours: list[ConsentFacts],
    theirs: list[ConsentFacts],
    rule: consent_rule.ConsentRule,
    product: object,
    profiled: bool,
) -> None:
    def allows(consents: list[ConsentFacts], at: datetime = LATER) -> bool:
        facts = clean_facts(NOW, product, consents=tuple(consents))  # type: ignore[arg-type]
        return not consent_rule.evaluate(rule, facts, human(profiled=profiled), at)

    ended = [replace(c, expires_at=min(NOW, c.expires_at or NOW)) for c in ours]
    both = [*ended, *common(ours, theirs, NOW)]
    if allows(both):
        assert allows(ours) and allows(theirs)
