from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from audiences.models import Customer, Segment
from audiences.segmenting import customers_in
from clock.reading import now
from tests.cast import Cast

ON = date(2026, 3, 10)


def found(wanted: dict[str, Any]) -> set[str]:
    segment = Segment(name="s", filter=wanted, created_at=now())
    return set(customers_in(segment, on=ON).values_list("bank_id", flat=True))


@pytest.mark.parametrize(
    ("wanted", "who"),
    [
        ({}, {"C0001", "C0002", "C0003", "C0004", "C0005"}),
        ({"branches": ["HZ-BJ"]}, {"C0003", "C0004"}),
        ({"regions": ["CN-65"]}, {"C0005"}),
        # born on 1 June: Wang (1990) is 35 until the day before 1 June 2026
        ({"age_from": 35, "age_to": 35}, {"C0001"}),
        ({"age_from": 36, "age_to": 64}, {"C0003", "C0004", "C0005"}),
        ({"age_from": 70}, {"C0002"}),
        ({"risk_from": 4}, {"C0003"}),
        ({"risk_to": 2}, {"C0002"}),
        ({"branches": ["HZ-XH"], "risk_from": 3}, {"C0001", "C0005"}),
        ({"attributes": {"card": ["gold", "black"]}}, {"C0001"}),
        ({"vulnerable": True}, set()),
    ],
)
def test_a_filter_finds_its_customers(cast: Cast, wanted: dict[str, Any], who: set[str]) -> None:
    Customer.objects.filter(bank_id="C0001").update(attributes={"card": "gold"})
    assert found(wanted) == who


def test_an_unknown_key_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        found({"branch": ["HZ-XH"]})
