"""A bank in the database: two customers on a shared number, a product, a caller ID, the pack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from accounts.models import Branch
from audiences.models import Customer, CustomerNumber, Number
from clock.models import SandboxClock
from clock.reading import real
from compliance.calendars import install_shipped_calendars
from compliance.models import CallerId, Consent, Product
from compliance.packs import install_shipped_packs
from tests.compliance.world import beijing
from tests.kept import kept

TUESDAY = beijing("2026-11-24 10:00")


@dataclass
class Bank:
    """`x` and `y` share `home`; `y` has `mobile` too."""

    branch: Branch
    x: Customer
    y: Customer
    home: Number
    mobile: Number
    product: Product
    caller_id: CallerId


def set_time(at: datetime, speed: float = 1.0) -> None:
    SandboxClock.objects.update_or_create(
        id=1, defaults={"anchor_real": real(), "anchor_sim": at, "speed": speed}
    )


def make_customer(branch: Branch, bank_id: str, at: datetime, **changes: object) -> Customer:
    customer = Customer.objects.create(
        bank_id=bank_id,
        name="测试",
        birth_date=date(1985, 6, 1),
        branch=branch,
        region="CN-33",
        created_at=at,
        updated_at=at,
        **changes,
    )
    Consent.objects.create(customer=customer, granted_at=at - timedelta(days=100))
    return customer


def make_bank() -> Bank:
    bank = kept("bank", _make_bank)
    set_time(TUESDAY)
    return bank


def _make_bank() -> Bank:
    at = TUESDAY
    set_time(at)
    install_shipped_packs()
    install_shipped_calendars()
    branch = Branch.objects.create(code="T1", name="测试支行")
    x, y = (make_customer(branch, name, at) for name in ("X", "Y"))
    home = Number.objects.create(e164="+8657112345678", kind="fixed", region="CN-33")
    mobile = Number.objects.create(e164="+8613800000001", kind="mobile", region="CN-33")
    for customer, number in ((x, home), (y, home), (y, mobile)):
        CustomerNumber.objects.create(customer=customer, number=number)
    product = Product.objects.create(code="d", name="存款", family="deposit", risk_rated=False)
    caller_id = CallerId.objects.create(number="+8657195000001")
    return Bank(branch, x, y, home, mobile, product, caller_id)


@pytest.fixture
def bank(db: None) -> Bank:
    return make_bank()


@pytest.fixture
def committed_bank() -> Bank:
    """As `bank`, committed: for threads and for the gate's durable transaction.

    The test carries `django_db(transaction=True)`.
    """
    return make_bank()
