"""A bank in each country, in the database, with everything in order: a clean call of each pack."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import Branch
from audiences.models import Customer, CustomerNumber, Number
from compliance.calendars import install_shipped_calendars
from compliance.domain.intent import Intent
from compliance.gate import GateResult, reserve
from compliance.models import Blackout, CallerId, Consent, Contact, Product, Register, Suppression
from compliance.packs import install_shipped_packs
from tests.compliance.conftest import set_time
from tests.compliance.world import human
from tests.kept import kept

CAMPAIGN = 10


#: What a case changes in the intent. Arranging returns it; empty, so that acts chain with `or`.
Changes = dict[str, Any]


class Country(NamedTuple):
    """Where the customer lives, and Tuesday at ten there."""

    code: str
    pack: str
    region: str
    zone: str
    e164: str
    registers: tuple[str, ...] = ()

    @property
    def now(self) -> datetime:
        return self.at("2026-11-24 10:00")

    def at(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))


CN = Country("CN", "cn-bank", "CN-33", "Asia/Shanghai", "+8613800000001")
US = Country("US", "us-tsr", "US-IL", "America/Chicago", "+13125550100", ("national",))
GB = Country("GB", "uk-ofcom", "GB-ENG", "Europe/London", "+447700900100", ("tps", "ctps"))


@dataclass
class Live:
    """One customer on one number, a product, a line: `ask` puts the question to the gate."""

    country: Country
    customer: Customer
    number: Number
    product: Product
    line: CallerId

    @property
    def now(self) -> datetime:
        return self.country.now

    def ask(self, **changes: Any) -> GateResult:
        clean = human(
            customer_id=self.customer.pk,
            number_id=self.number.pk,
            product_id=self.product.pk,
            campaign_id=CAMPAIGN,
            caller_id_id=self.line.pk,
            ring_s=30,
            idempotency_key=uuid.uuid4().hex,
        )
        wanted: Intent = replace(clean, **changes)
        return reserve(lambda: wanted)

    def of_customer(self, **values: Any) -> Changes:
        Customer.objects.filter(pk=self.customer.pk).update(**values)
        return {}

    def of_number(self, **values: Any) -> Changes:
        Number.objects.filter(pk=self.number.pk).update(**values)
        return {}

    def of_product(self, **values: Any) -> Changes:
        Product.objects.filter(pk=self.product.pk).update(**values)
        return {}

    def of_line(self, **values: Any) -> Changes:
        CallerId.objects.filter(pk=self.line.pk).update(**values)
        return {}

    def of_consent(self, **values: Any) -> Changes:
        Consent.objects.filter(customer=self.customer).update(**values)
        return {}

    def risky(self, rating: int, tolerance: int = 5) -> Changes:
        """A risk-rated product, and a customer with a fresh assessment."""
        assessed = self.now.date() - timedelta(days=30)
        self.of_product(risk_rated=True, risk_rating=rating, family="wealth")
        self.of_customer(risk_tolerance=tolerance, risk_assessed_on=assessed)
        return {}

    def refuse(self, source: str, **values: Any) -> Changes:
        who = values or {"customer": self.customer}
        Suppression.objects.create(source=source, since=self.now - timedelta(days=1), **who)
        return {}

    def stop(self, **values: Any) -> Changes:
        day = timedelta(days=1)
        until = {"since": self.now - day, "until": self.now + day, "reason": "drill"}
        Blackout.objects.create(**until, **values)
        return {}

    def happened(self, kind: str, ago: timedelta, times: int = 1, **changes: Any) -> Changes:
        """Lines of the ledger: of this customer on this number about this product, or as said."""
        values: dict[str, Any] = {
            "at": self.now - ago,
            "kind": kind,
            "customer_id": self.customer.pk,
            "number_id": self.number.pk,
            "product_id": self.product.pk,
            "product_family": self.product.family,
            "campaign_id": 99,
            "actor": "human",
            "purpose": "marketing",
            **changes,
        }
        lines = [Contact(attempt_id=uuid.uuid4(), **values) for _ in range(times)]
        Contact.objects.bulk_create(lines)
        return {}

    def did(self, kind: str, times: int, **changes: Any) -> Changes:
        """What the campaign did two hours ago, with other customers."""
        others = {"customer_id": None, "number_id": None, "campaign_id": CAMPAIGN, **changes}
        self.happened(kind, timedelta(hours=2), times, **others)
        return {}

    def clock(self, text: str) -> Changes:
        set_time(self.country.at(text))
        return {}


def clean(country: Country) -> Live:
    """Adult, consented in writing, never called; number asked for; lists fresh; all signed."""
    bank = kept("clean", lambda: _clean(country), country.code)
    set_time(country.now)
    return bank


def _clean(country: Country) -> Live:
    now = country.now
    set_time(now)
    install_shipped_packs(country.code)
    install_shipped_calendars(country.code)
    for name in country.registers:
        Register.objects.create(name=name, imported_at=now - timedelta(days=1), max_age_days=31)
    customer = Customer.objects.create(
        bank_id="X",
        name="测试",
        birth_date=date(1985, 6, 1),
        branch=Branch.objects.create(code="T1", name="测试支行"),
        region=country.region,
        time_zone=country.zone,
        created_at=now,
        updated_at=now,
    )
    Consent.objects.create(customer=customer, granted_at=now - timedelta(days=100), basis="written")
    number = Number.objects.create(
        e164=country.e164,
        kind="mobile",
        region=country.region,
        time_zone=country.zone,
        ownership="same",
        ownership_asked_at=now - timedelta(days=1),
    )
    CustomerNumber.objects.create(customer=customer, number=number)
    product = Product.objects.create(code="d", name="存款", family="deposit", risk_rated=False)
    return Live(country, customer, number, product, CallerId.objects.create(number="+1"))


Arrange = Callable[[Live], Changes]


class Case(NamedTuple):
    """A rule of a pack, the code by which it objects, and how that comes about."""

    rule: str
    code: str
    arrange: Arrange
