"""People who are alike get the same answer: dates between the same turns, and everything else."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Branch
from audiences.models import Customer, CustomerNumber, Number
from compliance.alike import Likenesses
from compliance.domain.decide import decide_stacked
from compliance.domain.decision import HORIZON, Decision
from compliance.domain.facts import Consent, Facts, NumberFacts
from compliance.domain.intent import Actor, Gate, Intent
from compliance.domain.judging import Judge
from compliance.domain.likeness import (
    TICK,
    Likeness,
    Turns,
    first_day,
    first_instant,
    together,
)
from compliance.facts import load
from compliance.models import Consent as ConsentRow
from compliance.models import Contact as ContactRow
from compliance.models import Preference, Product, Register, Suppression
from compliance.packs import in_force
from compliance.screening import screen
from tests.compliance.conftest import Bank, make_customer
from tests.compliance.test_facts import NOW, attempt_line, template
from tests.compliance.world import (
    WEALTH_R3,
    attempt,
    beijing,
    clean_customer,
    clean_facts,
    cn_bank,
    outcome,
    pack_of,
    robot,
)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_the_first_day_of_what_holds_from_a_day_on_is_that_day(day: date) -> None:
    low, high = date(1899, 1, 1), date(2101, 1, 1)
    assert first_day(lambda each: each >= day, low, high) == day
    assert first_day(lambda each: True, low, high) == low


@given(st.integers(0, 10**15))
def test_the_first_instant_of_what_holds_is_found_to_the_microsecond(ticks: int) -> None:
    low, high = NOW, NOW + 10**15 * TICK
    assert first_instant(lambda each: each >= NOW + ticks * TICK, low, high) == NOW + ticks * TICK


def test_one_rule_that_cannot_say_makes_everybody_judged_alone() -> None:
    one, other = Turns(births=(date(2000, 1, 1),)), Turns(births=(date(1990, 1, 1),))
    assert together([one, other]) == Turns(births=(date(1990, 1, 1), date(2000, 1, 1)))
    assert together([one, None]) is None


def test_an_expression_on_age_or_branch_cannot_say() -> None:
    now = beijing("2026-11-24 10:00")
    for field, alone in (
        ("customer.age", True),
        ("customer.branch", True),
        ("number.region", False),
    ):
        test = {"field": field, "at_least": 30} if alone else {"field": field, "in": ["CN-33"]}
        rule = {"id": "E", "kind": "eligibility", "require": test}
        judge = Judge(listed(robot()), pack_of(rule), clean_facts(now).world, now)
        assert (judge.turns is None) == alone


def listed(intent: Intent) -> Intent:
    return replace(intent, gate=Gate.LIST)


def stretch(turns: Sequence[Any], place: int, unit: timedelta, far: Any) -> list[Any]:
    """Dates (instants) of one stretch between turns: its ends, and some inside."""
    years = timedelta(days=1_500)
    low = turns[place - 1] if place else (turns[0] if turns else far) - years
    high = (turns[place] if place < len(turns) else low + years) - unit
    steps = (high - low) // unit
    return [low + step * unit for step in sorted({0, steps // 7, steps // 2, steps})]


def stretches(turns: Sequence[Any], unit: timedelta, far: Any) -> list[list[Any]]:
    every = tuple(sorted(set(turns)))
    return [stretch(every, place, unit, far) for place in range(len(every) + 1)]


#: Beside the shipped ones: every way to bound time.
SYNTHETIC: list[dict[str, Any]] = [
    {"id": "D", "kind": "cap", "per": ["customer"], "limit": 1, "window": {"calendar": "day"}},
    {"id": "W", "kind": "cap", "per": ["customer"], "limit": 1, "window": {"calendar": "week"}},
    {"id": "M", "kind": "cap", "per": ["customer"], "limit": 1, "window": {"calendar": "month"}},
    {"id": "R", "kind": "cap", "per": ["customer"], "limit": 2, "window": {"rolling_days": 40},
     "min_gap_s": 90_000, "counts": "connects"},
    {"id": "L", "kind": "cap", "per": ["customer"], "limit": 1, "window": {"lifetime": True}},
    {"id": "Q", "kind": "cool_off", "name": "q", "name_zh": "-", "name_en": "-",
     "outcomes": ["refused"], "scope": "all", "months": 6},
    {"id": "Y", "kind": "cool_off", "name": "y", "name_zh": "-", "name_en": "-",
     "outcomes": ["refused"], "scope": "all", "months": 20},
    {"id": "Z", "kind": "cool_off", "name": "t", "name_zh": "-", "name_en": "-",
     "outcomes": ["refused"], "scope": "all", "days": 700},
    {"id": "P", "kind": "pacing", "abandoned_again_hours": 72, "machine_again_hours": 24},
    {"id": "A", "kind": "vulnerable", "min_age": 20, "bands": [{"from_age": 60, "actors": []}]},
    {"id": "S", "kind": "suitability", "assessment_max_age_months": 12},
    {"id": "K", "kind": "consent", "max_age_months": 24},
]  # fmt: skip


@pytest.mark.parametrize("at", ["2026-11-24 10:00", "2024-02-29 00:00", "2026-03-01 23:59"])
def test_between_its_turns_a_rule_says_the_same_whatever_the_date(at: str) -> None:
    now, day = beijing(at), timedelta(days=1)
    intent = listed(robot())
    plain = clean_facts(now, WEALTH_R3)
    product = replace(WEALTH_R3, min_age=25, max_age=69)
    plain = replace(plain, world=replace(plain.world, product=product), contacts=())
    heard = set()
    for kind, rule in pack_of(*SYNTHETIC).rules:
        turns = kind.turns(rule, plain.world, intent, now)
        if turns is None:
            assert rule.kind in ("exemption", "test_call")
            continue

        def says(facts: Facts, kind: Any = kind, rule: Any = rule) -> list[tuple[str, bool]]:
            return [
                (reason.code, reason.clears_at is not None and reason.clears_at <= now + HORIZON)
                for reason in kind.evaluate(rule, facts, intent, now)
            ]

        def born(date: Any) -> Facts:
            return replace(plain, customer=clean_customer(birth_date=date))

        def assessed(date: Any) -> Facts:
            return replace(plain, customer=clean_customer(risk_assessed_on=date))

        def agreed(granted: Any) -> Facts:
            return replace(plain, consents=(Consent(1, granted),))

        tried = [
            *((born, each) for each in stretches(turns.births, day, now.date())),
            *((assessed, each) for each in stretches(turns.assessed, day, now.date())),
            *((agreed, each) for each in stretches(turns.granted, TICK, now)),
        ]
        lines = [
            attempt(now, kind=memory.kind, outcome=result, product_id=2, product_family="wealth",
                    campaign_id=10, actor=Actor.ROBOT)
            for memory in kind.remembers(rule)
            for result in memory.outcomes or ("",)
        ]  # fmt: skip
        for line in lines:

            def told(
                at: Any, line: Any = line, times: int = getattr(rule, "limit", None) or 1
            ) -> Facts:
                return replace(plain, contacts=(replace(line, at=at),) * times)

            tried += [(told, each) for each in stretches(turns.contacts, TICK, now)]
        for facts_of, dates in tried:
            found = [says(facts_of(each)) for each in dates]
            assert found.count(found[0]) == len(found), (rule.id, facts_of.__name__, dates)
            heard.update(found[0])
    assert {code for code, _ in heard} >= {
        "ABANDON_72H", "CAP_C2", "CAP_C3Q", "CAP_D", "CAP_L", "CAP_M", "CAP_R", "CAP_W",
        "CONSENT_EXPIRED", "CONSENT_NONE", "COOLOFF_NOT_NOW", "COOLOFF_Q", "COOLOFF_REFUSED",
        "DEP_AGE", "ELDER_ROBOT", "MACHINE_AGAIN", "MIN_GAP", "PRODUCT_AGE", "SUIT_EXPIRED",
        "UNDERAGE",
    }  # fmt: skip
    assert heard >= {(code, soon) for code in ("UNDERAGE", "COOLOFF_Y") for soon in (True, False)}


def test_attributes_that_a_rule_does_not_name_change_nothing_it_says() -> None:
    now = beijing("2026-11-24 10:00")
    intent, everything = listed(robot()), dict.fromkeys(
        ("hardship", "fraud_victim", "bereaved", "capacity", "payroll", "assets", "else"), "1"
    )  # fmt: skip
    rules: list[dict[str, Any]] = [
        *SYNTHETIC,
        {"id": "E", "kind": "eligibility",
         "require": {"any": [{"field": "customer.attributes.payroll", "is": True},
                             {"field": "customer.assets", "at_least": 2}]}},
        {"id": "T", "kind": "suitability", "max_amount_percent": 10},
    ]  # fmt: skip
    named: set[str] = set()
    product = replace(WEALTH_R3, min_amount=50_000)
    plain = clean_facts(now, product)
    for kind, rule in pack_of(*rules).rules:
        turns = kind.turns(rule, plain.world, intent, now)
        if turns is None:
            continue
        named.update(turns.attributes)
        others = {name: value for name, value in everything.items() if name not in turns.attributes}
        assets = int(others["assets"]) if "assets" in others else None
        held = clean_customer(assets=assets, attributes=tuple(sorted(others.items())))
        noted = replace(plain, customer=held)
        assert kind.evaluate(rule, noted, intent, now) == kind.evaluate(rule, plain, intent, now)
    assert named == everything.keys() - {"else"}


def judged(judge: Judge, facts: Facts, intent: Intent, likeness: Likeness) -> Decision:
    """As the screening asks: of those who are alike first."""
    known = judge.of_alike(likeness)
    return known if known is not None else judge.decide_alike(likeness, facts, intent)


def agree(one: Decision, other: Decision) -> bool:
    mine = (one.verdict, one.codes, one.earliest_next)
    return mine == (other.verdict, other.codes, other.earliest_next)


def test_what_the_ledger_tells_is_put_together_with_who_somebody_is() -> None:
    now = beijing("2026-11-24 10:00")
    stack, intent = cn_bank(), listed(robot())
    adult = clean_facts(now)
    old = replace(adult, customer=clean_customer(birth_date=date(1950, 1, 1)))
    told = (outcome(now - timedelta(days=9), "refused", product_family="deposit"),)
    judge = Judge(intent, stack, adult.world, now)
    for facts, likeness in (
        (adult, Likeness("adult")),
        (replace(adult, contacts=told), Likeness("adult", "refused")),
        (old, Likeness("old")),
        (replace(old, contacts=told), Likeness("old", "refused")),
    ):
        whole = decide_stacked(facts, intent, stack, now)
        for _ in range(2):
            assert agree(judged(judge, facts, intent, likeness), whole)
    # the last was put together from the others; what was observed of them is not said
    known = judge.of_alike(Likeness("old", "refused"))
    assert known is not None and {reason.observed for reason in known.reasons} == {None}
    # a quiet time alone ends by itself, for each at a time of their own
    assert judge.of_alike(Likeness("adult", "refused")) is None


def test_where_a_cap_is_for_an_area_the_ledger_is_not_judged_apart_from_the_person() -> None:
    now = beijing("2026-11-24 10:00")
    cap: dict[str, Any] = {"id": "X", "kind": "cap", "per": ["customer"], "counts": "attempts"}
    cap |= {"limit": 1, "window": {"lifetime": True}, "areas": ["CN-33"]}
    stack, intent = pack_of(cap), listed(robot())
    called = (attempt(now - timedelta(days=100)),)
    here = clean_facts(now, contacts=called)
    there = replace(
        here, customer=clean_customer(region="CN-44"), number=NumberFacts(1, region="CN-44")
    )
    judge = Judge(intent, stack, here.world, now)
    for facts, likeness in (
        (there, Likeness("there", "called")),
        (replace(here, contacts=()), Likeness("here")),
        (here, Likeness("here", "called")),
    ):
        found = judged(judge, facts, intent, likeness)
        assert agree(found, decide_stacked(facts, intent, stack, now))
    assert judged(judge, here, intent, Likeness("here", "called")).codes == ["CAP_X"]


def crowd(bank: Bank, dice: random.Random, size: int) -> list[tuple[int, int]]:
    """People who differ in little, so that many are alike, with a bit of everything."""
    fund = Product.objects.create(
        code="f", name="基金", family="fund", risk_rated=True, risk_rating=3
    )

    other = Branch.objects.create(code="T2", name="另一支行")

    def ago(days: int) -> datetime:
        return NOW - timedelta(days=days, minutes=dice.randrange(1440))

    people = Customer.objects.bulk_create(
        Customer(
            bank_id=f"R{n}",
            name="某",
            branch=dice.choice([bank.branch, other]),
            birth_date=dice.choice(
                [date(1950, 2, 3), *[date(1985, 6, 1)] * 7, date(2012, 2, 29), None]
            ),
            region=dice.choice([*["CN-33"] * 9, "CN-65"]),
            risk_tolerance=dice.choice([1, 5]),
            risk_assessed_on=dice.choice([*[date(2026, 3, 1)] * 4, date(2024, 3, 1)]),
            household=dice.choice(["", "", "", "", f"u{n}", f"u{n}", f"h{n // 3}"]),
            vulnerable=dice.random() < 0.05,
            deceased=dice.random() < 0.03,
            attributes=dice.choice([*[{}] * 40, *[{"assets": n}] * 20, *ATTRIBUTES]),
            created_at=NOW,
            updated_at=NOW,
        )
        for n in range(size)
    )
    numbers = Number.objects.bulk_create(
        Number(e164=f"+86139{n:08d}", region="CN-33", valid=n % 19 != 0) for n in range(size)
    )
    pairs = [(p.pk, numbers[n - (n % 17 == 0)].pk) for n, p in enumerate(people)]
    CustomerNumber.objects.bulk_create(
        CustomerNumber(customer_id=c, number_id=n) for c, n in pairs if dice.random() < 0.97
    )
    ConsentRow.objects.bulk_create(
        ConsentRow(
            customer_id=c,
            granted_at=ago(dice.choice([10, 100, 729, 731, 900])),
            number_id=dice.choice([*[None] * 8, n, numbers[0].pk]),
            withdrawn_at=dice.choice([None] * 9 + [NOW]),
            expires_at=dice.choice([None] * 9 + [NOW + timedelta(days=1)]),
            product_family=dice.choice([*[""] * 7, "deposit", "fund"]),
        )
        for c, n in pairs
        for _ in range(dice.choice([0, *[1] * 8, 2]))
    )
    ContactRow.objects.bulk_create(
        ContactRow(
            at=ago(dice.choice([0, 2, 6, 8, 29, 31, 80, 95, 170, 190, 380])),
            kind=kind,
            customer_id=c,
            number_id=dice.choice([n, n, numbers[1].pk]),
            household=dice.choice(["", people[i].household]),
            product_id=dice.choice([bank.product.pk, fund.pk]),
            product_family=dice.choice(["deposit", "fund"]),
            branch_id=bank.branch.pk,
            campaign_id=dice.choice([5, 6]),
            actor=dice.choice(["human", "robot"]),
            purpose=dice.choice(["marketing", "marketing", "care"]),
            outcome=dice.choice(OUTCOMES) if kind == "outcome" else "",
            attempt_id=uuid.uuid4(),
        )
        for i, (c, n) in enumerate(pairs)
        for kind in dice.choices(KINDS, k=dice.choice([*[0] * 7, 1, 1, 2, 4]))
    )
    attempts = ContactRow.objects.filter(kind="attempt").order_by("pk")
    ContactRow.objects.bulk_create(
        ContactRow(
            at=line.at,
            kind="release",
            customer_id=line.customer_id,
            number_id=line.number_id,
            actor=line.actor,
            purpose=line.purpose,
            attempt_id=line.attempt_id,
        )
        for line in attempts[: size // 40]
    )
    register = Register.objects.create(name="industry", imported_at=NOW - timedelta(days=3))
    Suppression.objects.bulk_create(
        Suppression(
            source=dice.choice(["opt_out", "opt_out", "complaint", "register"]),
            register=register,
            since=NOW + dice.choice([-9, -9, -9, 1]) * timedelta(days=1),
            expires_at=dice.choice([None, None, None, NOW + timedelta(days=20)]),
            customer_id=whose[0],
            number_id=whose[1],
            product_family=dice.choice(["", "", "fund"]),
            product_id=dice.choice([None, None, bank.product.pk, fund.pk]),
            purpose=dice.choice(["", "", "care", "marketing"]),
            channel=dice.choice(["voice", "voice", "sms"]),
        )
        for c, n in dice.sample(pairs, size // 6)
        for whose in [dice.choice([(c, None), (c, None), (None, n)])]
    )
    Preference.objects.bulk_create(
        Preference(customer_id=c, since=NOW - timedelta(days=9), conversations_per_year=1)
        for c, _ in dice.sample(pairs, size // 20)
    )
    return pairs


ATTRIBUTES = [{"hardship": True}, {"hardship": 1}, {"bereaved": "yes"}, {"capacity": "limited"},
              {"card": "gold", "payroll": True}, {"payroll": False}, {"list": [1]}]  # fmt: skip
KINDS = ["attempt", "attempt", "connect", "conversation", "conversation", "outcome", "abandon"]
OUTCOMES = ["refused", "not_now", "no_answer", "bought", "wrong_number", "hung_up_early", "machine"]


def _cap(identity: str, per: list[str], days: int, **changes: Any) -> dict[str, Any]:
    window = {"rolling_days": days}
    return {"id": identity, "kind": "cap", "per": per, "limit": 1, "window": window, **changes}


def _quiet(scope: str) -> dict[str, Any]:
    names = {"name": scope, "name_zh": scope, "name_en": scope}
    return {"id": f"Q-{scope}", "kind": "cool_off", **names, "scope": scope, "permanent": True,
            "outcomes": ["not_now"]}  # fmt: skip


#: Limits that look at all that a likeness tells of a contact.
LIMITS = {
    "rules": [
        _cap("N", ["number"], 33),
        _cap("H", ["household"], 33, counts="connects"),
        _cap("F", ["customer", "product_family"], 300, counts="connects"),
        _cap("C", ["customer", "campaign"], 300, counts="conversations"),
        _cap("B", ["customer", "branch"], 300, counts="robot"),
        *map(_quiet, ["product", "product_family", "campaign", "number"]),
        {
            "id": "E",
            "kind": "eligibility",
            "require": {
                "not": {
                    "any": [
                        {"field": "customer.attributes.payroll", "is": False},
                        {"field": "customer.attributes.card", "in": ["gold"]},
                    ]
                }
            },
        },
    ]
}


@pytest.mark.parametrize("hour", [10, 23])
@pytest.mark.parametrize("limits", [None, LIMITS])
def test_a_crowd_is_judged_as_each_of_it_is(bank: Bank, hour: int, limits: Any) -> None:
    pairs = crowd(bank, random.Random(hour), 1_800)
    at = NOW.replace(hour=(hour - 8) % 24)
    asked = template(bank, campaign_id=5, campaign_limits=limits)
    for wish in map(listed, (asked, replace(asked, actor=Actor.HUMAN))):
        found = screen(pairs, wish, at)
        each = load(pairs, wish, since=at, at=at).facts
        stack = in_force(at).with_campaign(wish.campaign_limits, wish.campaign_id)
        for (customer, number), facts in zip(pairs, each, strict=True):
            mine = replace(wish, customer_id=customer, number_id=number)
            assert agree(found[customer], decide_stacked(facts, mine, stack, at))
        if hour == 10:  # at night everybody waits for the morning, each for their own reasons
            assert len({id(decision) for decision in found.values()}) < len(pairs) - 200


def test_what_one_list_found_out_does_not_hold_for_another_campaign(bank: Bank) -> None:
    pairs = crowd(bank, random.Random(3), 200)
    stack = in_force(NOW)
    limits = {"rules": [{"id": "L", "kind": "cap", "per": ["customer"], "limit": 0,
                         "window": {"rolling_days": 1}}]}  # fmt: skip
    strict = template(bank, campaign_id=5, campaign_limits=limits)
    for wish in map(listed, (template(bank, campaign_id=5), strict, template(bank, campaign_id=6))):
        stacked = stack.with_campaign(wish.campaign_limits, wish.campaign_id)
        each = load(pairs, wish, since=NOW, at=NOW).facts
        found = screen(pairs, wish, NOW)
        for (customer, number), facts in zip(pairs, each, strict=True):
            mine = replace(wish, customer_id=customer, number_id=number)
            assert agree(found[customer], decide_stacked(facts, mine, stacked, NOW))


def test_a_likeness_tells_whose_household_was_called_and_is_none_of_what_was_taken_back(
    bank: Bank,
) -> None:
    numbers = [Number.objects.create(e164=f"+86138000010{n}") for n in range(4)]
    people = [
        make_customer(bank.branch, f"P{n}", NOW, household=f"u{n}") for n in range(len(numbers))
    ]
    pairs = [(person.pk, number.pk) for person, number in zip(people, numbers, strict=True)]
    for place, household in enumerate(["u0", "u1", "", "u3"]):
        attempt_line(bank, people[place], numbers[place], household=household)
    taken = attempt_line(bank, people[3], numbers[3], household="u3")
    attempt_line(bank, people[3], numbers[3], kind="release", attempt_id=taken)
    wish = listed(template(bank, campaign_id=5))
    loaded = load(pairs, wish, since=NOW, at=NOW)
    turns = Judge(wish, loaded.stack, loaded.world, NOW).turns
    assert turns is not None
    likenesses = Likenesses(loaded.lines, turns, wish, NOW)
    same, too, other, released = likenesses.each(pairs)
    assert same == too and same is not None and other is not None
    assert same != other and same.person == other.person
    assert released is None


def test_whose_refusal_or_consent_depends_on_when_something_else_was_is_judged_alone(
    bank: Bank,
) -> None:
    register = Register.objects.create(name="industry", imported_at=NOW)
    before, later = NOW - timedelta(days=9), NOW + timedelta(days=9)
    refusals: list[dict[str, Any]] = [
        {"source": "opt_out", "since": before},
        {"source": "register", "since": before, "register": register},
        {"source": "opt_out", "since": later},
        {"source": "opt_out", "since": before, "expires_at": later},
    ]
    people = [make_customer(bank.branch, f"P{n}", NOW) for n in range(len(refusals) + 3)]
    numbers = [Number.objects.create(e164=f"+8613800002{n:03d}") for n in range(len(people))]
    for person, refusal in zip(people, refusals, strict=False):
        Suppression.objects.create(customer=person, **refusal)
    ended, again, _ = people[len(refusals) :]
    ConsentRow.objects.filter(customer__in=(ended, again)).update(withdrawn_at=before)
    ConsentRow.objects.create(customer=again, granted_at=before - timedelta(days=1))
    pairs = [(person.pk, number.pk) for person, number in zip(people, numbers, strict=True)]
    wish = listed(template(bank, campaign_id=5))
    loaded = load(pairs, wish, since=NOW, at=NOW)
    turns = Judge(wish, loaded.stack, loaded.world, NOW).turns
    assert turns is not None
    found = list(Likenesses(loaded.lines, turns, wish, NOW).each(pairs))
    assert [each is None for each in found] == [False, True, True, True, False, True, False]
    assert len({each for each in found if each is not None}) == 3
