"""One equals many, on chance data: the facts statement, and what a screened list leaves out."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from audiences.models import Customer, CustomerNumber, Number
from compliance.counting import REACH as COUNT_REACH
from compliance.domain.decide import decide_stacked
from compliance.domain.facts import CUSTOMER_REACH, OTHERS_REACH, ContactKind, Facts
from compliance.domain.intent import Actor, DialKind, Gate
from compliance.facts import AHEAD, load, reach_on
from compliance.models import (
    Attempt,
    Consent,
    Contact,
    Exemption,
    Preference,
    Register,
    RegisterEntry,
    RegisterImport,
    Suppression,
)
from compliance.packs import in_force
from compliance.screening import screen
from database.brief_transactions import BriefTransaction
from tests.compliance.conftest import Bank
from tests.compliance.test_facts import NOW, template

PEOPLE = 40
CAMPAIGN = 5


def chance_bank(bank: Bank, dice: random.Random) -> list[tuple[int, int]]:
    """People who share numbers and households, with a bit of everything, and pairs of them."""

    def days(most: int) -> timedelta:
        return timedelta(minutes=dice.randrange(most * 1440))

    numbers = [
        Number.objects.create(
            e164=f"+861390000{n:04d}", region=dice.choice(["CN-33", "CN-65"]), valid=n % 9 != 0
        )
        for n in range(PEOPLE)
    ]
    people = [
        Customer.objects.create(
            bank_id=f"R{n}",
            name="某",
            branch=bank.branch,
            birth_date=dice.choice([None, date(1950, 2, 3), date(1985, 6, 1), date(2012, 2, 29)]),
            region=dice.choice(["", "CN-33", "CN-65"]),
            risk_tolerance=dice.choice([None, 1, 5]),
            risk_assessed_on=dice.choice([None, date(2026, 3, 1)]),
            household=dice.choice(["", "", "h1", "h2"]),
            vulnerable=dice.random() < 0.1,
            attributes=dice.choice([{}, {"assets": 5, "card": "gold"}]),
            created_at=NOW,
            updated_at=NOW,
        )
        for n in range(PEOPLE)
    ]
    pairs = []
    for person in people:
        for number in dice.sample(numbers, dice.randint(1, 2)):
            if dice.random() < 0.9:
                CustomerNumber.objects.create(customer=person, number=number)
            pairs.append((person.pk, number.pk))
    register = Register.objects.create(name="industry", imported_at=NOW - timedelta(days=3))
    for customer_id, _ in pairs:
        for _ in range(dice.choice([0, 1, 1, 2])):
            granted = NOW - days(900)
            Consent.objects.create(
                customer_id=customer_id,
                granted_at=granted,
                number_id=dice.choice([None, None, dice.choice(numbers).pk]),
                product_family=dice.choice(["", "deposit", "cards"]),
                withdrawn_at=dice.choice([None, None, granted + timedelta(days=9)]),
            )
    for _ in range(12):
        owner = dice.choice([None, dice.choice(numbers)])
        Suppression.objects.create(
            source=dice.choice(["opt_out", "complaint", "register"]),
            register=register,
            since=NOW - days(50),
            lifted_at=dice.choice([None, None, NOW]),
            customer=dice.choice(people) if owner is None else None,
            number=owner,
        )
        Exemption.objects.create(
            kind="callback",
            customer=dice.choice(people),
            promised_at=NOW,
            created_at=NOW,
            used_at=dice.choice([None, NOW]),
        )
        Preference.objects.create(
            customer=dice.choice(people),
            since=NOW - days(50),
            conversations_per_year=dice.choice([None, 1]),
            weekdays=[dice.randrange(7)],
            hours=[[540, 720]],
            families_refused=["cards"],
        )
    # the last three were merged into the first two
    for gone, kept in ((-1, 0), (-2, 0), (-3, 1)):
        people[gone].merged_into = people[kept]
        people[gone].save(update_fields=["merged_into"])
    batch = RegisterImport.objects.create(
        register=register,
        mode="replace",
        drawn_at=NOW,
        created_at=NOW,
        state="in_force",
        maker=User.objects.create(username="clerk"),
    )
    keys = [f"c:{people[-1].bank_id}", f"c:{people[3].bank_id}", *(n.e164 for n in numbers[:5])]
    RegisterEntry.objects.bulk_create(
        RegisterEntry(batch_id=batch.pk, key=key, since=NOW) for key in [*keys, "+861", "c:nobody"]
    )
    attempts = [uuid.uuid4() for _ in range(60)]
    for _ in range(500):
        customer_id, number_id = dice.choice(pairs)
        kind = dice.choice([each.value for each in ContactKind])
        Contact.objects.create(
            at=NOW - days(dice.choice([1, 9, 40, 450])),
            kind=kind,
            customer_id=dice.choice([customer_id, customer_id, None]),
            number_id=dice.choice([number_id, number_id, None, dice.choice(numbers).pk]),
            household=dice.choice(["", "h1", "h2"]),
            product_id=bank.product.pk,
            product_family=dice.choice(["deposit", "cards"]),
            campaign_id=dice.choice([CAMPAIGN, 6]),
            actor=dice.choice(["human", "robot"]),
            purpose="marketing",
            outcome=dice.choice(["refused", "not_now", "no_answer"]) if kind == "outcome" else "",
            attempt_id=dice.choice(attempts),
        )
    for customer_id, number_id in pairs[:6]:
        Attempt.objects.create(
            customer_id=customer_id,
            number_id=number_id,
            reserved_at=NOW,
            valid_until=NOW,
            actor="human",
            idempotency_key=f"{customer_id}-{number_id}",
            state=dice.choice(["closed", "released"]),
        )
    Attempt.objects.create(
        customer=people[0], number=numbers[0], reserved_at=NOW, valid_until=NOW, actor="human"
    )
    return pairs


def plain(facts: Facts) -> Facts:
    """Without what was measured at two different moments."""
    return replace(facts, world=replace(facts.world, clock_skew_s=0.0))


def by_hand(customer: int, number: int) -> list[Contact]:
    """The lines of the ledger that touch a pair, by plain queries, without those taken back.

    A merged record's lines are the survivor's.
    """
    person = Customer.objects.get(pk=customer)
    household = "" if person.merged_into_id else person.household
    who = [customer, *Customer.objects.filter(merged_into=customer).values_list("pk", flat=True)]
    far, near = NOW - timedelta(days=400), NOW - timedelta(days=33)
    touching = Q(customer_id__in=who, at__gte=far) | Q(number_id=number, at__gte=near)
    if household:
        touching |= Q(household=household, at__gte=near)
    found = list(Contact.objects.filter(touching).order_by("at", "pk"))
    released = {line.attempt_id for line in found if line.kind == "release"}
    return [
        line
        for line in found
        if line.kind not in ("attempt", "release") or line.attempt_id not in released
    ]


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.times(timezones=st.just(UTC)))
def test_the_months_that_the_gate_looks_at_hold_all_it_can_reach(day: date, at: time) -> None:
    since, months = datetime.combine(day, at), reach_on(day)
    assert months["long_since"] <= since - CUSTOMER_REACH
    assert months["others_since"] <= since - OTHERS_REACH
    assert months["count_since"] <= since - COUNT_REACH
    assert months["until"] >= since + AHEAD
    assert {(month.day, month.time()) for month in months.values()} == {(1, time.min)}


def test_one_equals_many_and_both_equal_plain_queries(bank: Bank) -> None:
    pairs = chance_bank(bank, random.Random(7))
    many = load(pairs, template(bank, campaign_id=CAMPAIGN), since=NOW, at=NOW)
    seen = 0
    with connection.cursor() as cursor:
        for pair, facts in zip(pairs, many.facts, strict=True):
            for within in (None, BriefTransaction(cursor)):
                alone = load(
                    [pair],
                    template(bank, campaign_id=CAMPAIGN),
                    since=NOW,
                    at=NOW,
                    within=within,
                )
                assert plain(alone.facts[0]) == plain(facts)
    for (customer, number), facts in zip(pairs, many.facts, strict=True):
        expected = by_hand(customer, number)
        assert [(line.at, line.kind) for line in facts.contacts] == [
            (line.at, line.kind) for line in expected
        ]
        consents = Consent.objects.filter(customer_id=customer).order_by("pk")
        assert [found.id for found in facts.consents] == [found.pk for found in consents]
        person = Customer.objects.get(pk=customer)
        former = Customer.objects.filter(merged_into=person)
        whose = [person.pk, *(each.pk for each in former)]
        refusals = Suppression.objects.filter(
            Q(customer_id__in=whose) | Q(number_id=number), lifted_at=None
        )
        keys = [f"c:{each.bank_id}" for each in (person, *former)]
        entries = RegisterEntry.objects.filter(key__in=[*keys, Number.objects.get(pk=number).e164])
        assert sorted(found.id for found in facts.suppressions) == sorted(
            each.pk for each in (*refusals, *entries)
        )
        assert {found.customer_id for found in facts.suppressions} <= {None, customer}
        merged = person.merged_into_id is not None
        assert (facts.customer is None) == merged
        for line in facts.contacts:
            assert line.customer_id not in whose[1:]
        seen += len(expected) + len(facts.suppressions) + len(facts.preferences)
    assert seen > 500


def test_a_list_is_judged_as_with_the_whole_ledger(bank: Bank) -> None:
    pairs = chance_bank(bank, random.Random(11))
    stack = in_force(NOW)
    shorter = 0
    for actor, kind in ((Actor.ROBOT, DialKind.ROBOT), (Actor.HUMAN, DialKind.AGENT)):
        wish = template(bank, campaign_id=CAMPAIGN, actor=actor, kind=kind, gate=Gate.LIST)
        whole = load(pairs, wish, since=NOW, at=NOW)
        part = load(
            pairs,
            wish,
            since=NOW,
            at=NOW,
            remembered=stack.remembered,
            begun=NOW - timedelta(days=450),
        )
        found: dict[tuple[int, int], list[str]] = {}
        for pair, facts, few in zip(pairs, whole.facts, part.facts, strict=True):
            intent = replace(wish, customer_id=pair[0], number_id=pair[1])
            decision = decide_stacked(facts, intent, stack, NOW)
            assert decide_stacked(few, intent, stack, NOW) == decision
            found[pair] = decision.codes
            shorter += len(facts.contacts) > len(few.contacts)
        # a customer once: the screening is keyed by them
        once = dict(pairs)
        screened = screen(list(once.items()), wish, NOW)
        for customer, number in once.items():
            assert screened[customer].codes == found[customer, number]
    assert shorter > 40
