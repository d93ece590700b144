"""The sample bank: everything a campaign needs, made from a seed. None of it is anybody's.

The customers go through the same import as a bank's own; what no customer file holds (consents,
refusals, earlier contacts) lies in a file of facts and is loaded by the same functions that write
these in daily work. All is marked as sample data, which the gate lets meet the sandbox's carrier
only.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from audiences.importing import import_file
from audiences.models import Customer, CustomerNumber, ImportBatch
from clock.reading import now
from compliance.complaints import open_case
from compliance.consenting import grant_many, withdraw
from compliance.models import CallerId, Consent, Contact, Product, Suppression
from compliance.suppressing import opt_out
from sandbox.people import TEAM_CODE, make_people
from sandbox.sample_customers import SampleCustomer, sample_customers

HEADER = (
    "客户号", "姓名", "性别", "出生日期", "手机号", "固定电话", "网点", "客群", "风险等级",
    "评估日期", "家庭", "地区", "特殊人群", "已故", "卡种",
)  # fmt: skip
CALLER_IDS = 24
CALLER_ID_USE = ["marketing_out", "service"]
BATCH = 2000


class NotASandbox(Exception):
    """Sample data is made in the sandbox only."""


@dataclass(frozen=True, slots=True)
class SampleBank:
    """Where the files lie, and what the campaign refers to."""

    customers_file: Path
    facts_file: Path
    team_code: str
    customers: int
    seed: int


def make_sample_bank(*, customers: int, seed: int, folder: Path, agents: int = 10) -> SampleBank:
    """Make people, products and caller IDs, and write the customer file and the file of facts.

    Dates are as of `clock.now()`; the same seed at the same instant gives the same files. Raises
    NotASandbox.
    """
    if not settings.SANDBOX:
        raise NotASandbox
    people = make_people(agents=agents)
    make_products()
    make_caller_ids()
    folder.mkdir(parents=True, exist_ok=True)
    bank = SampleBank(
        customers_file=folder / f"customers-{customers}-{seed}.csv",
        facts_file=folder / f"facts-{customers}-{seed}.jsonl",
        team_code=TEAM_CODE,
        customers=customers,
        seed=seed,
    )
    # to the minute, so that a file made twice within one run is the same file
    at = now().replace(second=0, microsecond=0)
    everybody = sample_customers(
        count=customers, seed=seed, branches=sorted(people.branches), at=at
    )
    _write(bank, everybody)
    return bank


def import_sample_bank(bank: SampleBank) -> ImportBatch:
    """Import the customer file, then load what is known besides."""
    batch = import_file(bank.customers_file, sandbox=True)
    load_facts(bank.facts_file)
    return batch


def make_products() -> None:
    """A card product for the shipped script, a deposit, and a wealth product that is risk-rated."""
    for code, name, name_en, family, values in (
        ("cc-instalment", "信用卡账单分期", "Credit-card instalments", "card",
         {"risk_rated": False, "min_age": 18, "max_age": 70}),
        ("deposit-3y", "三年期大额存单", "Three-year deposit", "deposit", {"risk_rated": False}),
        ("wealth-r3", "稳健增利理财（R3）", "Balanced income fund (R3)", "wealth",
         {"risk_rated": True, "risk_rating": 3, "issuer_risk_rating": 3, "min_age": 18}),
    ):  # fmt: skip
        Product.objects.get_or_create(
            code=code, defaults={"name": name, "name_en": name_en, "family": family, **values}
        )


def make_caller_ids() -> None:
    """Numbers the bank calls from, filed for marketing."""
    for index in range(CALLER_IDS):
        CallerId.objects.get_or_create(
            number=f"+8657186000{100 + index}",
            defaults={
                "label": f"外呼 {index + 1:02d}",
                "registered_use": CALLER_ID_USE,
                "region": "CN-33",
            },
        )


def _write(bank: SampleBank, everybody: Iterable[SampleCustomer]) -> None:
    with (
        bank.customers_file.open("w", encoding="utf-8-sig", newline="") as customers,
        bank.facts_file.open("w", encoding="utf-8") as facts,
    ):
        writer = csv.writer(customers)
        writer.writerow(HEADER)
        for each in everybody:
            writer.writerow(
                [
                    each.bank_id, each.name, each.gender, each.birth_date.isoformat(), each.phone,
                    each.second_phone, each.branch, each.segment, each.risk, each.assessed_on,
                    each.household, each.region, each.vulnerable, each.deceased, each.card,
                ]
            )  # fmt: skip
            known = {
                "customer": each.bank_id,
                "consent": each.consent,
                "suppressions": each.suppressions,
                "contacts": each.contacts,
            }
            facts.write(json.dumps(known, ensure_ascii=False, default=_iso) + "\n")


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def load_facts(path: Path) -> None:
    """Load consents, refusals and earlier contacts of the customers that are in the database.

    A customer whose consents or contacts are known already is passed over: loading twice changes
    nothing.
    """
    with path.open(encoding="utf-8") as file:
        while rows := [json.loads(line) for _, line in zip(range(BATCH), file, strict=False)]:
            _load(rows)


def _load(rows: list[dict[str, Any]]) -> None:
    customers = {
        customer.bank_id: customer
        for customer in Customer.objects.filter(
            bank_id__in=[row["customer"] for row in rows], sandbox=True
        )
    }
    ids = [customer.pk for customer in customers.values()]
    numbers = dict(
        CustomerNumber.objects.filter(customer_id__in=ids)
        .order_by("-priority")
        .values_list("customer_id", "number_id")
    )
    facts = [(customers[row["customer"]], row) for row in rows if row["customer"] in customers]
    _load_consents(facts)
    _load_suppressions(facts, numbers)
    _load_contacts(facts, numbers)


Fact = tuple[Customer, dict[str, Any]]


def _load_consents(facts: list[Fact]) -> None:
    have = set(
        Consent.objects.filter(customer__in=[c.pk for c, _ in facts]).values_list(
            "customer_id", flat=True
        )
    )
    by_instant: dict[str, list[int]] = defaultdict(list)
    withdrawn: list[tuple[int, str]] = []
    for customer, row in facts:
        consent = row["consent"]
        if consent is None or customer.pk in have:
            continue
        by_instant[consent["granted_at"]].append(customer.pk)
        if consent["withdrawn_at"] is not None:
            withdrawn.append((customer.pk, consent["withdrawn_at"]))
    evidence = {"source": "sample bank", "form": "开户协议"}
    for granted_at, customer_ids in sorted(by_instant.items()):
        grant_many(
            customer_ids,
            at=datetime.fromisoformat(granted_at),
            basis="account_opening",
            evidence=evidence,
        )
    for customer_id, at in withdrawn:
        withdraw(
            customer_id=customer_id,
            at=datetime.fromisoformat(at),
            evidence={"source": "sample bank", "via": "app"},
        )


def _load_suppressions(facts: list[Fact], numbers: dict[int, int]) -> None:
    have = set(
        Suppression.objects.filter(customer__in=[c.pk for c, _ in facts]).values_list(
            "customer_id", flat=True
        )
    )
    for customer, row in facts:
        if customer.pk in have:
            continue
        for each in row["suppressions"]:
            at = datetime.fromisoformat(each["since"])
            number_id = numbers.get(customer.pk) if each["number"] else None
            evidence = {"source": "sample bank"}
            if each["source"] == "complaint":
                open_case(
                    customer_id=customer.pk,
                    number_id=number_id,
                    source=each["via"],
                    evidence=evidence,
                    at=at,
                )
            else:
                opt_out(
                    customer_id=customer.pk,
                    number_id=number_id,
                    source=each["via"],
                    evidence=evidence,
                    at=at,
                )


def _load_contacts(facts: list[Fact], numbers: dict[int, int]) -> None:
    ids = [customer.pk for customer, _ in facts]
    have = set(Contact.objects.filter(customer_id__in=ids).values_list("customer_id", flat=True))
    product = Product.objects.get(code="cc-instalment")
    Contact.objects.bulk_create(
        [
            Contact(
                at=datetime.fromisoformat(each["at"]),
                kind=each["kind"],
                customer_id=customer.pk,
                number_id=numbers.get(customer.pk) if each["channel"] == "voice" else None,
                household=customer.household,
                product_id=product.pk,
                product_family=each["family"],
                branch_id=customer.branch_id,
                actor=each["actor"],
                purpose="marketing",
                channel=each["channel"],
                outcome=each["outcome"],
            )
            for customer, row in facts
            if customer.pk not in have
            for each in row["contacts"]
        ],
        batch_size=1000,
    )
