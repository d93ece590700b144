"""The pressure count against a count by hand, and what its page shows to whom."""

from __future__ import annotations

import html
import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Branch, User
from audiences.models import Customer
from clock.reading import real
from compliance import suppressing
from compliance.complaints import open_case
from compliance.models import Contact
from insights import pressure
from insights.models import PressureCount
from insights.pressure import EVERYBODY, KINDS, SPANS, is_stale, rebuild
from tests.campaigns.making import TUESDAY, make_world
from tests.cast import Cast, customer, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def contact(customer: Customer, kind: str, days_ago: float, **changes: object) -> Contact:
    values: dict[str, object] = {
        "at": TUESDAY - timedelta(days=days_ago),
        "kind": kind,
        "customer_id": customer.pk,
        "branch_id": customer.branch_id,
        "product_family": "deposit",
        "actor": "robot",
        "purpose": "marketing",
        "attempt_id": uuid.uuid4(),
        **changes,
    }
    return Contact.objects.create(**values)


def document(branch_id: int) -> dict[str, object]:
    found: dict[str, object] = PressureCount.objects.get(branch_id=branch_id).document
    return found


def page(user: User, query: str = "") -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(f"/compliance/pressure/{query}")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_random_contacts_are_counted_as_by_hand(cast: Cast) -> None:
    chance = random.Random(7)
    people = [cast.wang, cast.li, cast.zhao, cast.qian, cast.sun]
    lines = [
        contact(
            chance.choice(people),
            chance.choice(["attempt", "conversation", "connect"]),
            chance.uniform(0.1, 120),
            product_family=chance.choice(["deposit", "cards"]),
        )
        for _ in range(300)
    ]
    for line in chance.sample([one for one in lines if one.kind == "attempt"], 20):
        # never placed: taken back
        contact(
            next(one for one in people if one.pk == line.customer_id),
            "release",
            0.05,
            attempt_id=line.attempt_id,
        )
        line.kind = "taken back"
    assert rebuild()
    for branch in (cast.xihu, cast.binjiang):
        mine = [one for one in lines if one.branch_id == branch.pk]
        found = document(branch.pk)
        for kind in KINDS:
            for days in SPANS:
                since = TUESDAY - timedelta(days=days)
                counted = Counter(
                    one.customer_id for one in mine if one.kind == kind and one.at >= since
                )
                wanted = Counter(str(min(n, 10)) for n in counted.values())
                name = f"{kind}_{days}"
                assert found["histogram"].get(name, {}) == wanted  # type: ignore[attr-defined]
                assert found["contacts"].get(name, 0) == counted.total()  # type: ignore[attr-defined]
        families = Counter(
            one.product_family
            for one in mine
            if one.kind == "attempt" and one.at >= TUESDAY - timedelta(days=30)
        )
        for family, count in families.items():
            row = found["families"][family]["attempt_30"]  # type: ignore[index]
            assert row[0] == count


def test_caps_that_are_full_or_nearly_are_counted_by_their_own_windows(cast: Cast) -> None:
    # C2: three attempts in seven days; C1: two a day
    for days in (1.5, 3, 5):
        contact(cast.wang, "attempt", days)
    for days in (2, 6):
        contact(cast.li, "attempt", days)
    contact(cast.sun, "attempt", 7.5)  # seven days are over
    assert rebuild()
    caps = document(cast.xihu.pk)["caps"]
    listed = {cap["rule"]: cap["key"] for cap in document(EVERYBODY)["caps"]}  # type: ignore[attr-defined]
    assert caps[listed["C2"]] == [1, 1]  # type: ignore[index]
    assert listed["C1"] not in caps  # type: ignore[operator]


def test_opt_outs_and_complaints_are_counted_per_branch_and_span(cast: Cast) -> None:
    for person in (cast.wang, cast.li, cast.zhao):
        contact(person, "attempt", 2)
    suppressing.opt_out(
        customer_id=cast.wang.pk,
        number_id=None,
        source="app",
        evidence={},
        at=TUESDAY - timedelta(minutes=1),
    )
    open_case(
        customer_id=cast.zhao.pk,
        number_id=None,
        source="12378",
        evidence={},
        at=TUESDAY - timedelta(days=20),
    )
    assert rebuild()
    assert document(cast.xihu.pk)["opt_outs"] == {"7": 1, "30": 1, "90": 1}
    assert document(cast.binjiang.pk)["complaints"] == {"30": 1, "90": 1}


def test_it_is_counted_anew_only_when_old(cast: Cast) -> None:
    assert is_stale()
    assert rebuild(only_stale=True)
    assert not is_stale()
    assert not rebuild(only_stale=True)
    assert rebuild()
    PressureCount.objects.filter(branch_id=EVERYBODY).update(
        counted_real=PressureCount.objects.get(branch_id=EVERYBODY).counted_real
        - timedelta(minutes=11)
    )
    assert is_stale()


def test_before_the_first_count_the_page_says_so(cast: Cast) -> None:
    assert "Being counted" in page(cast.officer)


def test_the_page_shows_the_distribution_and_the_most_contacted_masked(cast: Cast) -> None:
    for days in (1, 2, 3):
        contact(cast.wang, "attempt", days)
    contact(cast.zhao, "attempt", 2)
    rebuild()
    shown = page(cast.officer)
    assert '"attempt": [1, 0, 1, 0, 0]' in shown
    assert "王*" in shown and "王芳" not in shown
    assert "At most 3 attempts per customer" in shown
    assert f"/compliance/why/{cast.wang.pk}/" in shown
    assert "Xihu" in shown and "Binjiang" in shown


def test_a_branch_sees_its_own_figures_alone(cast: Cast) -> None:
    contact(cast.wang, "attempt", 1)
    contact(cast.zhao, "attempt", 1)
    rebuild()
    shown = page(cast.manager_xihu, f"?branch={cast.binjiang.pk}")
    assert "C0001" in shown
    assert "C0003" not in shown and "Binjiang" not in shown


def test_a_quiet_span_says_so(cast: Cast) -> None:
    contact(cast.wang, "attempt", 20)
    rebuild()
    assert "Nobody was contacted" in page(cast.officer, "?days=7")
    assert "Nobody was contacted" not in page(cast.officer, "?days=30")


def test_the_page_asks_no_more_for_more_contacts(cast: Cast) -> None:
    contact(cast.wang, "attempt", 1)
    rebuild()
    page(cast.officer)
    with CaptureQueriesContext(connection) as first:
        page(cast.officer)
    for person in (cast.wang, cast.li, cast.zhao, cast.qian):
        contact(person, "attempt", 2)
    rebuild()
    with CaptureQueriesContext(connection) as second:
        page(cast.officer)
    assert len(second) == len(first)


@pytest.mark.django_db(transaction=True)
def test_all_figures_are_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    contact(cast.wang, "attempt", 1)
    customers = pressure._CUSTOMERS

    def rows(cursor: object, statement: str, values: object = None) -> object:
        if statement == customers:  # the contacts have been read: now somebody else comes in
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(_comes_in, cast.xihu).result()
        return real_rows(cursor, statement, values)  # type: ignore[arg-type]

    real_rows = pressure._rows
    before = Customer.objects.filter(branch=cast.xihu).count()
    monkeypatch.setattr(pressure, "_rows", rows)
    assert rebuild()
    assert document(cast.xihu.pk)["customers"] == before
    assert Customer.objects.filter(branch=cast.xihu).count() == before + 1


def _comes_in(branch: Branch) -> None:
    try:
        customer("C0099", "周", branch, [], born=1980, risk=3)
    finally:
        connection.close()


def test_the_page_says_of_when_its_figures_are_and_when_they_are_old(cast: Cast) -> None:
    contact(cast.wang, "attempt", 1)
    rebuild()
    client = Client()
    client.force_login(cast.officer)
    shown = client.get("/compliance/pressure/").content.decode()
    assert "All figures as of 2026-03-10" in shown
    assert "being counted anew" not in shown
    PressureCount.objects.update(counted_real=real() - timedelta(minutes=11))
    assert "being counted anew" in client.get("/compliance/pressure/").content.decode()


def test_a_branch_that_nobody_has_is_no_branch(cast: Cast) -> None:
    contact(cast.wang, "attempt", 1)
    rebuild()
    for absurd in ("9" * 5000, "²", "-1", "0"):
        assert "Customers dialled" in page(cast.officer, f"?branch={absurd}")
