"""Made-up customers: who they are, what they allowed, what they refused, when we last called.

Pure: the same seed gives the same customers, and customer *i* is the same in a bank of any size.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from faker import Faker

#: Ranges that are assigned to mobiles in mainland China.
PREFIXES = (
    "130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "155",
    "157", "158", "159", "176", "177", "178", "180", "181", "182", "183", "185", "186", "187",
    "188", "189", "198", "199",
)  # fmt: skip
#: The carrier plays a fixed part for these last digits; sample customers behave by their persona.
RESERVED_ENDINGS = ("0486", "0487", "0404", "0901")

SHARE_NUMBER = 0.02
HOUSEHOLD = 0.05
BAD_NUMBER = 0.03
ODD_SPELLING = 0.12
NO_CONSENT = 0.05
WITHDRAWN = 0.02
EXPIRED = 0.02
OPTED_OUT = 0.02
COMPLAINED = 0.004
RECENT = 0.05
VULNERABLE = 0.015
DECEASED = 0.005
XINJIANG = 0.015
SECOND_NUMBER = 0.06


@dataclass(slots=True)
class SampleCustomer:
    """A row of the customer file, and the facts about that customer that no file row holds.

    `phone` and `second_phone` are spelled as in the file; times are business time.
    """

    bank_id: str
    name: str
    gender: str
    birth_date: date
    phone: str
    second_phone: str
    branch: str
    segment: str
    risk: str
    assessed_on: str
    household: str
    region: str
    vulnerable: str
    deceased: str
    card: str
    consent: dict[str, Any] | None = None
    suppressions: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)


def sample_customers(
    *, count: int, seed: int, branches: list[str], at: datetime
) -> Iterator[SampleCustomer]:
    """`count` customers as they are known at an instant."""
    fake = Faker("zh_CN")
    numbers = _Numbers(seed)
    household, left = "", 0
    home: tuple[str, str] = ("", "")
    for index in range(count):
        dice = random.Random(f"{seed}|customer|{index}")
        fake.seed_instance(f"{seed}|name|{index}")
        if left == 0:
            household = ""
            if dice.random() < HOUSEHOLD / 2:
                household, left = f"F{index:07d}", dice.choice((2, 2, 3))
                home = (dice.choice(branches), _region(dice))
        customer = _customer(dice, fake, index, at, branches)
        if household:
            customer.household = household
            customer.branch, customer.region = home
            left -= 1
        # some have a number together with the customer before them
        shares = index > 0 and dice.random() < SHARE_NUMBER
        customer.phone = _spelled(dice, numbers.number(index - shares))
        _history(dice, customer, at)
        yield customer


def _customer(
    dice: random.Random, fake: Faker, index: int, at: datetime, branches: list[str]
) -> SampleCustomer:
    woman = dice.random() < 0.52
    born = _birth_date(dice, at.date())
    assessed = at.date() - timedelta(days=dice.randint(5, 480))
    rated = dice.random() < 0.9
    return SampleCustomer(
        bank_id=f"S{index + 1:08d}",
        name=fake.name_female() if woman else fake.name_male(),
        gender="女" if woman else "男",
        birth_date=born,
        phone="",
        second_phone=_landline(dice) if dice.random() < SECOND_NUMBER else "",
        branch=dice.choice(branches),
        segment=dice.choices(("个人", "小微", "县域"), (90, 6, 4))[0],
        risk=f"C{dice.choices((1, 2, 3, 4, 5), (15, 30, 35, 15, 5))[0]}" if rated else "",
        assessed_on=assessed.isoformat() if rated else "",
        household="",
        region=_region(dice),
        vulnerable=dice.choice(("残疾人", "听力障碍", "是")) if dice.random() < VULNERABLE else "",
        deceased="是" if dice.random() < DECEASED else "",
        card=dice.choice(("标准卡", "金卡", "白金卡", "车主卡", "联名卡")),
    )


def _birth_date(dice: random.Random, today: date) -> date:
    ages = dice.choices(
        ((16, 17), (18, 24), (25, 44), (45, 64), (65, 79), (80, 90)), (1, 7, 52, 31, 7, 2)
    )[0]
    years = dice.randint(*ages)
    return date(today.year - years, 1, 1) - timedelta(days=dice.randint(0, 300))


def _region(dice: random.Random) -> str:
    if dice.random() < XINJIANG:
        return "新疆"
    return dice.choices(("浙江", "安徽", "江苏", "上海", "江西", "河南"), (88, 4, 3, 2, 2, 1))[0]


def _landline(dice: random.Random) -> str:
    return f"0571-8{dice.randint(1_000_000, 9_999_999)}"


class _Numbers:
    """Mobile numbers that never repeat within ten million customers.

    The step has no factor in common with 10^7, so the seven middle digits walk through all of them.
    """

    def __init__(self, seed: int) -> None:
        self._start = random.Random(f"{seed}|numbers").randrange(10**7)

    def number(self, index: int) -> str:
        """The number of a customer; an ending the carrier reserves gets another last digit."""
        middle = f"{(self._start + index * 61_803_399) % 10**7:07d}"
        last = index // 3 % 10
        if f"{middle}{last}".endswith(RESERVED_ENDINGS):
            last = (last + 2) % 10
        return f"{PREFIXES[index % len(PREFIXES)]}{middle}{last}"


def _spelled(dice: random.Random, plain: str) -> str:
    """As it stands in the file: mostly plain, sometimes odd, now and then unusable."""
    draw = dice.random()
    if draw < BAD_NUMBER:
        return dice.choice(
            (
                f"{plain[0]}.{plain[1:3]}E+10",
                plain[:10],
                plain + "8",
                plain[:3] + "****" + plain[7:],
                "无",
                "95588",
                f"{plain}/{plain[:9]}88",
                "O" + plain[1:],
            )
        )
    if draw < BAD_NUMBER + ODD_SPELLING:
        return dice.choice(
            (
                f"{plain[:3]} {plain[3:7]} {plain[7:]}",
                f"+86 {plain}",
                f"0086-{plain}",
                f"{plain[:3]}-{plain[3:7]}-{plain[7:]}",
                plain.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)}),
                f"'{plain}",
                f"{plain}.0",
                f"{plain[0]}.{plain[1:]}E+10",
            )
        )
    return plain


def _history(dice: random.Random, customer: SampleCustomer, at: datetime) -> None:
    """Consent, refusals and earlier contacts."""
    draw = dice.random()
    # a month's signatures come in together
    granted = at - timedelta(days=30 * dice.randint(1, 21))
    if draw >= NO_CONSENT:
        customer.consent = {"granted_at": granted, "withdrawn_at": None}
        if draw < NO_CONSENT + WITHDRAWN:
            days = dice.randint(1, 15)
            customer.consent["withdrawn_at"] = granted + timedelta(days=days)
        elif draw < NO_CONSENT + WITHDRAWN + EXPIRED:
            customer.consent["granted_at"] = at - timedelta(days=30 * dice.randint(26, 36))
    draw = dice.random()
    if draw < OPTED_OUT:
        since = at - timedelta(days=dice.randint(1, 400))
        # said on the telephone it holds for the number too; in the app for the person only
        on_phone = dice.random() < 0.7
        customer.suppressions.append(
            {"source": "opt_out", "via": "agent" if on_phone else "app", "since": since,
             "number": on_phone}
        )  # fmt: skip
    elif draw < OPTED_OUT + COMPLAINED:
        since = at - timedelta(days=dice.randint(1, 400))
        customer.suppressions.append(
            {"source": "complaint", "via": "12378", "since": since, "number": False}
        )
    if dice.random() < RECENT:
        customer.contacts.extend(_earlier_call(dice, at))


def _earlier_call(dice: random.Random, at: datetime) -> list[dict[str, Any]]:
    """One earlier call, as the ledger's lines, in the hours in which calls are made."""
    kind = dice.choice(("no_answer", "no_answer", "talk", "branch_talk", "refused", "bought"))
    days = {"no_answer": dice.randint(1, 12), "talk": dice.randint(1, 40)}.get(
        kind, dice.randint(2, 200)
    )
    when = (at - timedelta(days=days)).replace(
        hour=dice.choice((2, 3, 6, 7, 8)), minute=dice.randint(0, 58), second=0, microsecond=0
    )  # UTC: 10 to 16 o'clock in Beijing
    robot = kind == "no_answer" and dice.random() < 0.6
    base = {"at": when, "actor": "robot" if robot else "human", "family": "card"}
    if kind == "branch_talk":
        # a talk at the counter counts as a live contact, too
        return [{**base, "kind": "conversation", "channel": "branch", "outcome": ""}]
    lines = [{**base, "kind": "attempt", "channel": "voice", "outcome": ""}]
    if kind != "no_answer":
        later = {**base, "at": when + timedelta(seconds=30), "channel": "voice"}
        lines.append({**later, "kind": "conversation", "outcome": ""})
        if kind in ("refused", "bought"):
            lines.append({**later, "kind": "outcome", "outcome": kind})
    return lines
