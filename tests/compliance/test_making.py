"""Frozen values made in haste are the same values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import date

import pytest

from compliance.domain.facts import CustomerFacts, Facts, World
from compliance.domain.intent import Intent
from compliance.domain.making import maker
from tests.compliance.world import beijing, clean_facts, robot


def test_what_is_made_in_haste_equals_what_is_made_at_leisure() -> None:
    for made in (robot(), clean_facts(beijing("2026-11-24 10:00"))):
        kind: type[Intent | Facts] = type(made)
        again = maker(kind)(*(getattr(made, each.name) for each in fields(made)))
        assert type(again) is kind
        assert again == made
    assert hash(maker(Intent)(*(getattr(robot(), each.name) for each in fields(Intent)))) == hash(
        robot()
    )


def test_what_is_left_out_has_its_default() -> None:
    assert maker(World)() == World()
    assert maker(CustomerFacts)(5, date(1990, 1, 1)) == CustomerFacts(5, date(1990, 1, 1))


def test_it_is_frozen_too() -> None:
    customer = maker(CustomerFacts)(5)
    with pytest.raises(FrozenInstanceError):
        setattr(customer, "id", 6)  # noqa: B010 - mypy knows already
