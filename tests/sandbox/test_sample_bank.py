from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from agents.models import Agent
from audiences.domain.phone_numbers import normalize
from audiences.models import Customer, CustomerNumber, Number
from clock.reading import now
from clock.setting import set_sandbox_clock
from compliance.models import CallerId, Consent, Contact, Product, Suppression
from sandbox.sample_bank import (
    NotASandbox,
    SampleBank,
    import_sample_bank,
    load_facts,
    make_sample_bank,
)
from sandbox.sample_customers import RESERVED_ENDINGS, SampleCustomer, sample_customers

AT = datetime(2026, 3, 10, 5, 40, tzinfo=UTC)


def everybody(count: int, seed: int = 7) -> list[SampleCustomer]:
    return list(sample_customers(count=count, seed=seed, branches=["A", "B"], at=AT))


def test_the_same_seed_gives_the_same_customers_in_a_bank_of_any_size() -> None:
    assert everybody(300) == everybody(600)[:300]
    assert everybody(50, seed=8) != everybody(50)


def test_the_bank_is_as_mixed_as_a_real_one() -> None:
    people = everybody(4000)
    share = {
        "bad": sum(normalize(p.phone, "CN").e164 is None for p in people),
        "no consent": sum(p.consent is None for p in people),
        "withdrawn": sum(bool(p.consent and p.consent["withdrawn_at"]) for p in people),
        "said no": sum(bool(p.suppressions) for p in people),
        "contacted": sum(bool(p.contacts) for p in people),
        "household": sum(bool(p.household) for p in people),
        "xinjiang": sum(p.region == "新疆" for p in people),
        "deceased": sum(bool(p.deceased) for p in people),
        "minor": sum(p.birth_date.year > 2008 for p in people),
        "elder": sum(p.birth_date.year < 1961 for p in people),
    }
    low = {
        "bad": 0.02, "no consent": 0.035, "withdrawn": 0.01, "said no": 0.012, "contacted": 0.03,
        "household": 0.03, "xinjiang": 0.007, "deceased": 0.001, "minor": 0.002, "elder": 0.05,
    }  # fmt: skip
    assert {name for name, count in share.items() if not low[name] < count / 4000 < 0.13} == set()


def test_numbers_are_valid_and_shared_by_few() -> None:
    found = [normalize(p.phone, "CN").e164 for p in everybody(4000)]
    numbers = [e164 for e164 in found if e164]
    assert not any(e164.endswith(RESERVED_ENDINGS) for e164 in numbers)
    assert 0.01 < 1 - len(set(numbers)) / len(numbers) < 0.03


@pytest.fixture
def bank(db: None, tmp_path: Path, settings: Any) -> SampleBank:
    settings.SANDBOX = True
    set_sandbox_clock(sim=AT, speed=1.0)
    return make_sample_bank(customers=250, seed=7, folder=tmp_path, agents=14)


def test_the_bank_is_imported_with_all_that_is_known(bank: SampleBank) -> None:
    batch = import_sample_bank(bank)
    assert (batch.state, batch.error) == ("done", "")
    assert batch.rows_created + batch.rows_rejected == 250
    assert 0 < batch.rows_rejected < 20
    assert Customer.objects.filter(sandbox=False).count() == 0
    assert Consent.objects.count() > 200
    assert Suppression.objects.exists()
    assert Contact.objects.exists()
    assert Contact.objects.filter(at__gt=now()).count() == 0
    assert CallerId.objects.filter(registered_use__contains=["marketing_out"]).count() >= 20
    assert Product.objects.get(code="cc-instalment").risk_rated is False
    assert Agent.objects.count() == 14
    assert User.objects.filter(groups__name="branch_manager", branch__isnull=False).count() == 8
    officers = User.objects.filter(groups__name="compliance")
    assert officers.count() == 2, "nobody signs what they submitted themselves"


def test_making_and_loading_it_twice_changes_nothing(bank: SampleBank, tmp_path: Path) -> None:
    import_sample_bank(bank)
    models = (Customer, Number, CustomerNumber, Consent, Suppression, Contact, User, CallerId)
    before = [model.objects.count() for model in models]
    again = make_sample_bank(customers=250, seed=7, folder=tmp_path, agents=14)
    assert import_sample_bank(again).rows_created == 0
    load_facts(again.facts_file)
    assert [model.objects.count() for model in models] == before


def test_the_files_are_the_same_each_time(bank: SampleBank, tmp_path: Path) -> None:
    set_sandbox_clock(sim=AT, speed=1.0)
    other = make_sample_bank(customers=250, seed=7, folder=tmp_path / "again", agents=14)
    assert other.customers_file.read_bytes() == bank.customers_file.read_bytes()
    assert other.facts_file.read_bytes() == bank.facts_file.read_bytes()


def test_production_gets_no_sample_data(db: None, tmp_path: Path, settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(NotASandbox):
        make_sample_bank(customers=1, seed=7, folder=tmp_path)
