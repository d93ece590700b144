"""The pure parts: transition tables, content hashes, sorting, the estimate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain import campaign_state, lead_state, list_state
from campaigns.domain.content import Part, changed, content_hash, part_hash
from campaigns.domain.forecast import Assumptions, estimate
from campaigns.domain.lead_state import LeadState
from campaigns.domain.masking import mask_name
from campaigns.domain.sorting import place
from compliance.domain.decision import Decision, Outcome, Reason

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
END = NOW + timedelta(days=10)


@pytest.mark.parametrize("machine", [campaign_state, lead_state, list_state])
def test_every_state_has_its_row_in_the_table(machine: object) -> None:
    table = machine.TRANSITIONS  # type: ignore[attr-defined]
    states = set(next(iter(table)).__class__)
    assert set(table) == states
    assert all(following <= states for following in table.values())


@given(st.dictionaries(st.sampled_from(list(Part)), st.text(), min_size=6, max_size=6))
def test_a_content_hash_changes_with_any_part(parts: dict[Part, str]) -> None:
    before = content_hash(parts)
    for part in Part:
        other = {**parts, part: parts[part] + "x"}
        assert content_hash(other) != before
        assert changed({p.value: v for p, v in parts.items()}, other) == (part,)


def test_a_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert part_hash({"a": 1, "b": 2}) == part_hash({"b": 2, "a": 1})


def decision(verdict: Outcome, earliest: datetime | None = None) -> Decision:
    reasons = () if verdict is Outcome.ALLOW else (Reason("WINDOW", "W1"),)
    return Decision(verdict, NOW, reasons, earliest)


@pytest.mark.parametrize(
    ("found", "state", "clears_at"),
    [
        (decision(Outcome.ALLOW, NOW), LeadState.LISTED, None),
        # free again before the end: waits
        (
            decision(Outcome.BLOCK_RETRIABLE, NOW + timedelta(hours=2)),
            LeadState.LISTED,
            NOW + timedelta(hours=2),
        ),
        # the end is half-open
        (decision(Outcome.BLOCK_RETRIABLE, END), LeadState.BLOCKED, END),
        # nobody knows when
        (decision(Outcome.BLOCK_RETRIABLE), LeadState.BLOCKED, None),
        (decision(Outcome.BLOCK_TERMINAL), LeadState.BLOCKED, None),
        (decision(Outcome.REVIEW, NOW), LeadState.BLOCKED, NOW),
    ],
)
def test_where_a_screened_customer_goes(
    found: Decision, state: LeadState, clears_at: datetime | None
) -> None:
    placed = place(found, END)
    assert (placed.state, placed.clears_at) == (state, clears_at)


def test_the_estimate_is_what_its_formula_says() -> None:
    found = estimate(1000, 30, Assumptions())
    assert (found.calls, found.transfers) == (1600, 66)
    assert found.hours == 0.7  # 1600 × 45 s ÷ 30 lines = 0.67 h
    assert found.agents == 9  # 66 × 5 min ÷ 60 ÷ 0.67 h = 8.25


@given(st.integers(0, 10**6), st.integers(0, 1000))
def test_an_estimate_is_never_negative_and_never_fails(customers: int, lines: int) -> None:
    found = estimate(customers, lines, Assumptions())
    assert min(found.calls, found.transfers, found.agents) >= 0


@pytest.mark.parametrize(
    ("name", "masked"), [("王芳", "王*"), ("欧阳小明", "欧***"), ("李", "李*"), ("", "")]
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked
