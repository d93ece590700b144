"""dialer.domain.retrying: what follows an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.retrying import Expire, NextStep, Retry, Settle, next_step

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
END = NOW + timedelta(hours=3)
PLAN = {"BUSY": [30, 120], "NO_ANSWER": [60]}


@pytest.mark.parametrize(
    ("outcome", "attempts", "expected"),
    [
        ("BUSY", 1, Retry(NOW + timedelta(minutes=30))),
        ("BUSY", 2, Retry(NOW + timedelta(minutes=120))),
        ("BUSY", 3, Settle()),  # the plan has no third
        ("NO_ANSWER", 1, Retry(NOW + timedelta(minutes=60))),
        ("INTERESTED", 1, Settle()),  # not in the plan
        ("LOST", 1, Settle()),  # counted, never repeated by itself
        ("CANCELED", 1, Retry(NOW + timedelta(minutes=5))),  # our own doing
        ("CANCELED", 6, Settle()),  # not for ever
    ],
)
def test_the_plan_says_what_follows(outcome: str, attempts: int, expected: NextStep) -> None:
    assert next_step(outcome, attempts, PLAN, NOW, END) == expected


def test_a_try_due_at_the_campaigns_end_is_too_late() -> None:
    end = NOW + timedelta(minutes=30)
    assert next_step("BUSY", 1, PLAN, NOW, end) == Expire(end)
    assert next_step("BUSY", 1, PLAN, NOW, end + timedelta(microseconds=1)) == Retry(end)
