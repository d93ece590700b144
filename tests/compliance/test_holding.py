"""Legal holds: who is held, and who lets go."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from audiences.models import CustomerNumber
from audit.models import Entry
from compliance.holding import HoldRefused, held, numbers_held, place, release
from compliance.merging import merge
from compliance.models import Attempt, LegalHold
from tests.compliance.conftest import Bank
from tests.compliance.world import beijing

AT = beijing("2026-11-24 10:00")


@pytest.fixture
def two(db: None) -> tuple[User, User]:
    return User.objects.create(username="one"), User.objects.create(username="two")


def test_a_held_customer_is_held_until_somebody_else_releases(
    bank: Bank, two: tuple[User, User]
) -> None:
    one, other = two
    hold = place(customer_id=bank.x.pk, number_id=None, reason="court", actor_id=one.pk, at=AT)
    assert held([bank.x.pk, bank.y.pk]) == {bank.x.pk}
    with pytest.raises(HoldRefused):
        release(hold_id=hold.pk, actor_id=one.pk, reason="done", at=AT)
    assert release(hold_id=hold.pk, actor_id=other.pk, reason="done", at=AT)
    assert not release(hold_id=hold.pk, actor_id=other.pk, reason="done", at=AT)
    assert held([bank.x.pk]) == set()
    kinds = Entry.objects.filter(kind__startswith="legal_hold").order_by("id")
    assert [entry.kind for entry in kinds] == ["legal_hold.placed", "legal_hold.released"]


def test_a_held_number_holds_everybody_who_has_it(bank: Bank, two: tuple[User, User]) -> None:
    place(customer_id=None, number_id=bank.home.pk, reason="12378", actor_id=two[0].pk, at=AT)
    assert held([bank.x.pk, bank.y.pk]) == {bank.x.pk, bank.y.pk}
    assert numbers_held([bank.home.pk, bank.mobile.pk]) == {bank.home.pk}


def test_holds_add_up(bank: Bank, two: tuple[User, User]) -> None:
    one, other = two
    first = place(customer_id=bank.x.pk, number_id=None, reason="a", actor_id=one.pk, at=AT)
    place(customer_id=bank.x.pk, number_id=None, reason="b", actor_id=one.pk, at=AT)
    release(hold_id=first.pk, actor_id=other.pk, reason="done", at=AT)
    assert held([bank.x.pk]) == {bank.x.pk}


def test_the_database_refuses_a_release_by_the_one_who_placed_it(
    bank: Bank, two: tuple[User, User]
) -> None:
    hold = place(customer_id=bank.x.pk, number_id=None, reason="a", actor_id=two[0].pk, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(released_at=AT, released_by=two[0])


def test_nobody_asked_about_is_nobody_held(db: None) -> None:
    assert held([]) == set()


def test_a_hold_on_one_record_of_a_person_holds_all_of_them(
    bank: Bank, two: tuple[User, User]
) -> None:
    place(customer_id=bank.y.pk, number_id=None, reason="court", actor_id=two[0].pk, at=AT)
    merge(kept_id=bank.x.pk, gone_id=bank.y.pk, reason="same", actor_id=None, at=AT)
    assert held([bank.x.pk]) == {bank.x.pk}
    assert held([bank.x.pk, bank.y.pk]) == {bank.x.pk, bank.y.pk}


def test_a_held_number_holds_whoever_was_called_on_it_before(
    bank: Bank, two: tuple[User, User]
) -> None:
    Attempt.objects.create(
        customer=bank.x, number=bank.home, state="closed", idempotency_key="earlier",
        purpose="marketing", actor="human", kind="agent", reserved_at=AT, valid_until=AT,
    )  # fmt: skip
    CustomerNumber.objects.all().delete()
    place(customer_id=None, number_id=bank.home.pk, reason="12378", actor_id=two[0].pk, at=AT)
    assert held([bank.x.pk, bank.y.pk]) == {bank.x.pk}


def test_many_are_asked_about_in_as_many_queries_as_one(
    bank: Bank, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(5):
        held([bank.x.pk])
    with django_assert_num_queries(5):
        held([bank.x.pk, bank.y.pk])
