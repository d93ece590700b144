"""Each kind of violation is planted in a journal and must be found, and nothing else."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Branch
from audiences.models import Customer, Number
from compliance.calendars import install_shipped_calendars
from compliance.models import Attempt, Contact, Decision, Exemption
from compliance.suppressing import opt_out
from sandbox.violations import violations
from tests import cast as people
from tests.roles import as_attacker

NONE = {"caps": 0, "windows": 0, "double_dials": 0, "after_opt_out": 0, "undecided_calls": 0}
#: Tuesday 2026-03-10 14:30 in Beijing.
AFTERNOON = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Bank:
    """One customer after another, and a journal to plant dials in."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self.path.write_text("")
        self.branch = Branch.objects.create(code="B", name="B")
        self.made = 0

    def customer(self, *, region: str = "CN-33", number: Number | None = None) -> Customer:
        self.made += 1
        return people.customer(
            f"V{self.made}", "某", self.branch,
            [number or people.number(f"+86138000001{self.made:02d}")],
            born=1985, risk=3, region=region,
        )  # fmt: skip

    def line(self, event: str, sid: str, at: datetime, **more: Any) -> None:
        stamps = {"time": at.isoformat(), "real": more.pop("real", at).isoformat()}
        with self.path.open("a") as file:
            file.write(json.dumps({**stamps, "event": event, "sid": sid, **more}) + "\n")

    def dial(
        self,
        customer: Customer,
        at: datetime,
        *,
        rings: timedelta = timedelta(seconds=2),
        lasts: timedelta = MINUTE,
        actor: str = "human",
        decided: int = 1,
        bound: bool = True,
        **attempt: Any,
    ) -> str:
        """A dial with its attempt and decisions, as the system would have left it."""
        self.made += 1
        sid = f"CA{self.made:032d}"
        number = customer.numbers.get()
        if bound:
            granted = Attempt.objects.create(
                purpose="marketing", actor=actor, kind=actor if actor == "robot" else "agent",
                customer=customer, number=number, idempotency_key=sid, sid=sid, state="closed",
                reserved_at=at, valid_until=at + MINUTE, **attempt,
            )  # fmt: skip
            for _ in range(decided):
                self.decide(granted, at)
        self.line("queued", sid, at, to=number.e164, direction="outbound-api")
        self.line("ringing", sid, at + rings, to=number.e164)
        self.line("completed", sid, at + rings + lasts, to=number.e164)
        return sid

    def decide(self, attempt: Attempt, at: datetime, verdict: str = "allow") -> None:
        Decision.objects.create(
            at=at, verdict=verdict, codes=[], attempt_id=attempt.pk, purpose="marketing",
            actor=attempt.actor, packs=[], intent={}, facts={}, decision={}, inputs_hash="",
        )  # fmt: skip

    def history(self, customer: Customer, at: datetime, kind: str = "attempt", **more: Any) -> None:
        Contact.objects.create(
            at=at, kind=kind, customer_id=customer.pk, number_id=customer.numbers.get().pk,
            **{"actor": "human", "purpose": "marketing", "channel": "voice"} | more,
        )  # fmt: skip

    def found(self, **wanted: int) -> None:
        assert violations(self.path) == {**NONE, **wanted}


@pytest.fixture
def bank(db: None, tmp_path: Path) -> Bank:
    install_shipped_calendars()
    return Bank(tmp_path)


def test_a_clean_day_has_none(bank: Bank) -> None:
    for minute in range(5):
        bank.dial(bank.customer(), AFTERNOON + minute * MINUTE, actor="robot")
    bank.found()


def test_agent_legs_and_inbound_calls_are_no_dials(bank: Bank) -> None:
    bank.line("queued", "CAa", AFTERNOON, to="client:agent01", direction="outbound-api")
    bank.line("inbound", "CAb", AFTERNOON, to="+8657186000100", direction="inbound")
    bank.line("queued", "CAc", AFTERNOON, to="+8657186000100", direction="inbound")
    bank.found()


def test_a_line_cut_off_by_a_crash_is_passed_over(bank: Bank) -> None:
    bank.dial(bank.customer(), AFTERNOON)
    with bank.path.open("a") as file:
        file.write('{"time": "2026-03-10T1')
    bank.found()


@pytest.mark.parametrize(
    ("ago", "actor", "caps"),
    [
        # the robot once in 7 days; exactly 7 days old does not count
        ([6 * DAY], "robot", 1),
        ([7 * DAY], "robot", 0),
        # 3 attempts in 7 days
        ([2 * DAY, 3 * DAY], "human", 0),
        ([2 * DAY, 3 * DAY, 5 * DAY], "human", 1),
        ([2 * DAY, 3 * DAY, 7 * DAY], "human", 0),
        # 2 a calendar day in Beijing: 03:30 and 05:30 before are the same day, 15 h is not
        ([3 * HOUR, 5 * HOUR], "human", 1),
        ([3 * HOUR, 15 * HOUR], "human", 1),  # 2 in 24 hours on the number
        ([3 * HOUR, 25 * HOUR], "human", 0),
        # two hours between two attempts on a number
        ([HOUR], "human", 1),
        ([2 * HOUR], "human", 0),
    ],
)
def test_attempts_beyond_a_cap(bank: Bank, ago: list[timedelta], actor: str, caps: int) -> None:
    customer = bank.customer()
    for each in ago:
        bank.history(customer, AFTERNOON - each, actor=actor)
    bank.dial(customer, AFTERNOON, actor=actor)
    bank.found(caps=caps)


def test_a_cap_counts_what_the_journal_holds(bank: Bank) -> None:
    customer = bank.customer()
    bank.dial(customer, AFTERNOON, actor="robot")
    bank.dial(customer, AFTERNOON + 3 * DAY, actor="robot")
    bank.found(caps=1)


def test_seconds_between_permission_and_dial_are_no_violation(bank: Bank) -> None:
    customer = bank.customer()
    bank.dial(customer, AFTERNOON)
    Attempt.objects.update(reserved_at=AFTERNOON - MINUTE / 2)
    bank.dial(customer, AFTERNOON + 2 * HOUR - MINUTE / 2)
    bank.found()
    Attempt.objects.update(valid_until=AFTERNOON - MINUTE)
    bank.found(caps=1)


def test_a_campaign_has_three_attempts(bank: Bank) -> None:
    customer = bank.customer()
    for week in range(4):
        bank.dial(customer, AFTERNOON + week * 14 * DAY, campaign_id=5)
    bank.found(caps=1)


def test_nobody_is_called_within_a_week_of_a_conversation(bank: Bank) -> None:
    customer = bank.customer()
    bank.history(customer, AFTERNOON - 3 * DAY, kind="conversation", channel="branch")
    bank.dial(customer, AFTERNOON)
    bank.found(caps=1)


def test_a_shared_number_is_counted_over_its_customers(bank: Bank) -> None:
    shared = people.number("+8613800009999")
    bank.dial(bank.customer(number=shared), AFTERNOON)
    bank.dial(bank.customer(number=shared), AFTERNOON + HOUR)
    bank.found(caps=1)


@pytest.mark.parametrize(
    ("day", "clock", "region", "actor", "windows"),
    [
        (date(2026, 3, 10), "09:00:00", "CN-33", "robot", 0),
        (date(2026, 3, 10), "08:59:59", "CN-33", "robot", 1),
        (date(2026, 3, 10), "11:58:50", "CN-33", "robot", 0),
        (date(2026, 3, 10), "11:59:01", "CN-33", "robot", 1),  # tail guard
        (date(2026, 3, 10), "12:30:00", "CN-33", "robot", 1),
        (date(2026, 3, 10), "19:58:00", "CN-33", "robot", 0),
        (date(2026, 3, 10), "20:30:00", "CN-33", "robot", 1),
        (date(2026, 3, 10), "14:30:00", "CN-65", "robot", 1),  # Xinjiang: from 16:00
        (date(2026, 3, 10), "20:30:00", "CN-65", "robot", 0),
        (date(2026, 3, 14), "11:00:00", "CN-33", "robot", 1),  # a Saturday
        (date(2026, 3, 14), "11:00:00", "CN-33", "human", 0),
        (date(2026, 3, 14), "13:00:00", "CN-33", "human", 1),
        (date(2026, 2, 17), "11:00:00", "CN-33", "human", 1),  # Spring Festival
        (date(2026, 2, 28), "11:00:00", "CN-33", "robot", 0),  # a Saturday that is worked
    ],
)
def test_dials_outside_the_hours(
    bank: Bank, day: date, clock: str, region: str, actor: str, windows: int
) -> None:
    at = datetime.fromisoformat(f"{day}T{clock}+08:00")
    bank.dial(bank.customer(region=region), at, actor=actor)
    bank.found(windows=windows)


def test_a_call_that_waited_and_rang_too_late(bank: Bank) -> None:
    at = datetime.fromisoformat("2026-03-10T19:58:00+08:00")
    bank.dial(bank.customer(), at, rings=3 * MINUTE)
    bank.found(windows=1)


def test_a_promised_callback_may_come_in_the_evening(bank: Bank) -> None:
    at = datetime.fromisoformat("2026-03-10T20:30:00+08:00")
    customer = bank.customer()
    promise = Exemption.objects.create(
        kind="callback", customer=customer, promised_at=at + 10 * MINUTE, created_at=AFTERNOON
    )
    bank.dial(customer, at, exemption_id=promise.pk)
    bank.found()
    bank.dial(customer, at + 14 * DAY, exemption_id=promise.pk)
    bank.found(windows=1)


def test_two_calls_at_once_to_one_number(bank: Bank) -> None:
    shared = people.number("+8613800009999")
    bank.dial(bank.customer(number=shared), AFTERNOON)
    bank.dial(bank.customer(number=shared), AFTERNOON + MINUTE / 2)
    bank.found(double_dials=1, caps=1)


def test_two_calls_at_once_to_one_customer(bank: Bank) -> None:
    customer = bank.customer()
    bank.dial(customer, AFTERNOON, lasts=10 * MINUTE)
    customer.numbers.set([people.number("+8613800008888")])
    bank.dial(customer, AFTERNOON + MINUTE)
    bank.found(double_dials=1)


def test_two_calls_for_one_plan(bank: Bank) -> None:
    url = f"http://x/hooks/call/{uuid.uuid4()}/status/"
    customer = bank.customer()
    bank.dial(customer, AFTERNOON)
    for hours, sid in ((0, "CA1"), (3, "CA2")):
        at = AFTERNOON + hours * HOUR
        bank.line("queued", sid, at, to="+8613800007777", callback=[url, "POST", []])
        bank.line("completed", sid, at + MINUTE)
    bank.found(double_dials=1, undecided_calls=2)


@pytest.mark.parametrize("on_phone", [True, False])
def test_a_dial_after_a_no(bank: Bank, on_phone: bool) -> None:
    customer = bank.customer()
    bank.dial(customer, AFTERNOON)
    number_id = customer.numbers.get().pk if on_phone else None
    opt_out(
        customer_id=customer.pk, number_id=number_id, source="robot", evidence={},
        at=AFTERNOON + MINUTE / 2,
    )  # fmt: skip
    bank.found()
    bank.dial(customer, AFTERNOON + 3 * HOUR)
    bank.found(after_opt_out=1)


def test_a_no_on_a_shared_number_holds_for_both(bank: Bank) -> None:
    shared = people.number("+8613800009999")
    first, second = bank.customer(number=shared), bank.customer(number=shared)
    opt_out(
        customer_id=first.pk, number_id=shared.pk, source="robot", evidence={}, at=AFTERNOON - HOUR
    )
    bank.dial(second, AFTERNOON)
    bank.found(after_opt_out=1)


def test_dials_without_one_decision(bank: Bank) -> None:
    bank.dial(bank.customer(), AFTERNOON, decided=0)
    bank.dial(bank.customer(), AFTERNOON, decided=2)
    bank.dial(bank.customer(), AFTERNOON, bound=False)
    bank.found(undecided_calls=3)


def test_a_dial_before_its_decision(bank: Bank) -> None:
    bank.dial(bank.customer(), AFTERNOON)
    with as_attacker():
        Decision.objects.update(at=AFTERNOON + MINUTE)
    bank.found(undecided_calls=1)
