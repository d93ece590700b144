"""The properties of test_earliest_next.py, for the kinds and parameters it does not draw.

The packs of the US and the UK, and overlays of a province and a group, on random worlds: what
`earliest_next` promises, that more rules and more events only tighten, and that a stored decision
comes out the same, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.domain.ownership import Ownership
from compliance.calendars import read_shipped as shipped_years
from compliance.domain.codes import CODES, PREFIXES
from compliance.domain.decide import decide
from compliance.domain.decision import Reason
from compliance.domain.documents import (
    calendar_of,
    facts_document,
    facts_from,
    facts_json,
    intent_document,
    intent_from,
    intent_json,
)
from compliance.domain.expressions import (
    FIELDS,
    AllOf,
    AnyOf,
    Comparison,
    NotOf,
    Snapshot,
    protected,
)
from compliance.domain.facts import (
    Blackout,
    CampaignCounts,
    Consent,
    Contact,
    ContactKind,
    Facts,
    NumberFacts,
    Preference,
    ProductFacts,
    RegisterFacts,
    StaffNumberFacts,
    Suppression,
    SuppressionSource,
)
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.domain.needs import NEEDS
from compliance.domain.pack import EffectivePack, PackError, compile_pack
from compliance.domain.rules import eligibility
from compliance.domain.rules.pacing import Abandonment, PacingRule
from compliance.domain.rules.time_window import Weekday
from compliance.domain.terms import becomes_elder, comes_of_age
from compliance.packs import SHIPPED, read_shipped
from tests.compliance.world import (
    beijing,
    clean_customer,
    clean_facts,
    cn_bank,
    human,
    pack_of,
    robot,
)

TICK = timedelta(microseconds=1)
OVERLAYS = SHIPPED.parent / "scenarios" / "packs"
ZONES = {
    "US-NY": "America/New_York",
    "US-LA": "America/Chicago",
    "US-TX": "America/Chicago",
    "US-WA": "America/Los_Angeles",
    "GB-ENG": "Europe/London",
    "CN-33": "Asia/Shanghai",
    "CN-64": "Asia/Shanghai",
}
REGIONS = {"US": ["US-NY", "US-LA", "US-TX", "US-WA"], "GB": ["GB-ENG"], "CN": ["CN-33", "CN-64"]}


@cache
def stacks() -> tuple[EffectivePack, ...]:
    overlays = [
        compile_pack(yaml.safe_load((OVERLAYS / f"{name}.yaml").read_text(encoding="utf-8")))
        for name in ("ningxia", "private-banking")
    ]
    foreign = [EffectivePack((compile_pack(read_shipped(n)),)) for n in ("us-tsr", "uk-ofcom")]
    return (*foreign, EffectivePack((overlays[0], *cn_bank().packs, overlays[1])))


@cache
def calendar(country: str) -> Any:
    return calendar_of(shipped_years(country))


def near(now: datetime, back: int, ahead: int = 0) -> st.SearchStrategy[datetime]:
    hours = st.integers(-back * 24, ahead * 24).map(lambda h: h * 3600)
    seconds = st.integers(-back * 86_400, ahead * 86_400)
    return st.one_of(hours, seconds).map(lambda s: now + timedelta(seconds=s))


@st.composite
def contacts(draw: st.DrawFn, now: datetime) -> Contact:
    kinds = ["attempt", "conversation", "abandon", "outcome", "outcome"]
    return Contact(
        draw(near(now, 120)),
        ContactKind(draw(st.sampled_from(kinds))),
        customer_id=draw(st.sampled_from([1, 1, 2])),
        number_id=1,
        product_id=1,
        product_family=draw(st.sampled_from(["wealth", "cards"])),
        campaign_id=10,
        actor=draw(st.sampled_from(Actor)),
        purpose=draw(st.sampled_from([Purpose.MARKETING, Purpose.CARE])),
        outcome=draw(st.sampled_from(["refused", "machine", "inquiry", "not_now"])),
    )


@st.composite
def refusals(draw: st.DrawFn, now: datetime) -> Suppression:
    of_number = draw(st.booleans())
    return Suppression(
        1,
        draw(st.sampled_from([SuppressionSource.REGISTER, SuppressionSource.OPT_OUT])),
        draw(near(now, 90, 5)),
        customer_id=None if of_number else 1,
        number_id=1 if of_number else None,
        register="national",
        product_family=draw(st.sampled_from(["", "wealth"])),
        expires_at=draw(st.one_of(st.none(), near(now, 0, 40))),
        purpose=draw(st.sampled_from(["", "marketing", "care"])),
        product_id=draw(st.sampled_from([None, 1, 2])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, Intent, EffectivePack, datetime]:
    stack = draw(st.sampled_from(stacks()))
    start = datetime(2026, 2, 10, tzinfo=UTC)
    now = start + timedelta(seconds=draw(st.integers(0, 230 * 86_400)))
    if draw(st.booleans()):
        now = now.replace(minute=0, second=0)
    regions = st.sampled_from(REGIONS[stack.country])
    lives, called = draw(regions), draw(regions)
    actor = draw(st.sampled_from(Actor))
    product = ProductFacts(
        1,
        "wealth",
        risk_rated=True,
        risk_rating=draw(st.sampled_from([1, 2, 3])),
        min_amount=draw(st.sampled_from([None, 10_000])),
    )
    base = clean_facts(now, product)
    facts = replace(
        base,
        world=replace(
            base.world,
            calendar=calendar(stack.country),
            registers=tuple(RegisterFacts(n, now, 31) for n in sorted(stack.registers_required)),
            blackouts=tuple(
                Blackout(1, at, at + timedelta(days=2), region=draw(regions))
                for at in draw(st.lists(near(now, 2, 20), max_size=1))
            ),
            campaign_counts=(
                CampaignCounts(720, 200, 200, 4000, draw(st.sampled_from([0, 0, 0, 9]))),
                CampaignCounts(24, 200, 200, 4000, 0, draw(st.sampled_from([0, 0, 0, 9]))),
            ),
        ),
        customer=clean_customer(
            region=lives,
            time_zone=ZONES[lives],
            birth_date=date(2026 - draw(st.sampled_from([24, 25, 40])), *draw(DAYS)),
            risk_assessed_on=now.date() - timedelta(days=40),
            segment=draw(st.sampled_from(["retail", "private"])),
            assets=draw(st.sampled_from([None, 100_000, 9_000_000])),
            attributes=draw(st.sampled_from([(), (("payroll", True),)])),
        ),
        number=NumberFacts(
            1,
            called,
            ZONES[called],
            in_use_since=draw(st.one_of(st.none(), near(now, 200, 0))),
            ownership=draw(st.sampled_from([Ownership.SAME, Ownership.SAME, Ownership.NO_DATA])),
            ownership_asked_at=now,
        ),
        consents=(
            Consent(1, now - timedelta(days=100), basis="written"),
            *(
                Consent(2, at, basis="written", number_id=1)
                for at in draw(st.lists(near(now, 60, 0), max_size=1))
            ),
        ),
        contacts=tuple(sorted(draw(st.lists(contacts(now), max_size=5)), key=lambda c: c.at)),
        suppressions=tuple(draw(st.lists(refusals(now), max_size=2))),
        preferences=tuple(
            Preference(1, now - timedelta(days=9), conversations_per_month=limit)
            for limit in draw(st.lists(st.integers(1, 2), max_size=1))
        ),
    )
    intent = human(
        actor=actor,
        kind=DialKind.ROBOT if actor is Actor.ROBOT else DialKind.AGENT,
        product_id=1,
        licences=("wealth_manager",),
    )
    return facts, intent, stack, now


DAYS = st.sampled_from([(2, 28), (3, 1), (6, 1), (8, 15), (12, 31)])


@settings(max_examples=150, deadline=None)
@given(worlds(), st.lists(st.floats(0, 1, exclude_max=True), min_size=4, max_size=4))
def test_allowed_at_earliest_next_and_blocked_at_every_instant_before(
    world: tuple[Facts, Intent, EffectivePack, datetime], samples: list[float]
) -> None:
    facts, intent, stack, now = world
    following = decide(facts, intent, stack, now).earliest_next
    if following is None or following == now:
        return
    assert decide(facts, intent, stack, following).allowed
    for sample in (*samples, 1.0):
        before = min(now + (following - now) * sample, following - TICK)
        assert not decide(facts, intent, stack, before).allowed


@settings(max_examples=80, deadline=None)
@given(worlds(), st.data())
def test_one_more_event_or_layer_never_turns_a_block_into_an_allow(
    world: tuple[Facts, Intent, EffectivePack, datetime], data: st.DataObject
) -> None:
    facts, intent, stack, now = world
    if decide(facts, intent, stack, now).allowed:
        return
    # an inquiry is a grant: it lifts the national list in the US
    more = [c for c in data.draw(st.lists(contacts(now), max_size=2)) if c.outcome != "inquiry"]
    tighter = replace(
        facts,
        contacts=(*facts.contacts, *more),
        suppressions=(*facts.suppressions, *data.draw(st.lists(refusals(now), max_size=1))),
    )
    assert not decide(tighter, intent, stack, now).allowed
    for overlay in stacks()[2].packs:
        assert not decide(facts, intent, EffectivePack((*stack.packs, overlay)), now).allowed


def canonical_json(document: object) -> str:
    """By nothing but the standard library, as an auditor would."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_a_stored_decision_comes_out_the_same_byte_for_byte(
    world: tuple[Facts, Intent, EffectivePack, datetime],
) -> None:
    facts, intent, stack, now = world
    stored = json.dumps([facts_document(facts), intent_document(intent)], sort_keys=True)
    # what the gate stores is this very text, made another way
    assert facts_json(facts) == canonical_json(facts_document(facts))
    assert intent_json(intent) == canonical_json(intent_document(intent))
    kept_facts, kept_intent = json.loads(stored)
    again = facts_from(kept_facts, dict(facts.world.calendar.days))
    assert (again, intent_from(kept_intent)) == (facts, intent)
    first = decide(facts, intent, stack, now).document()
    second = decide(again, intent_from(kept_intent), stack, now).document()
    assert json.dumps(first) == json.dumps(second)


def test_a_document_of_before_the_newer_fields_still_reads() -> None:
    now = beijing("2026-11-24 10:00")
    document = facts_document(clean_facts(now))
    for part, names in (
        ("customer", ("no_profiling", "segment", "assets", "attributes")),
        ("number", ("in_use_since", "ownership", "ownership_asked_at")),
    ):
        for name in names:
            del document[part][name]
    del document["staff_number"], document["world"]["campaign_counts"]
    facts = facts_from(document, dict(calendar("CN").days))
    assert decide(facts, human(), cn_bank(), now).allowed


# --- expressions ----------------------------------------------------------------------------------


def required(expression: dict[str, Any]) -> EffectivePack:
    return pack_of({"id": "E", "kind": "eligibility", "require": expression})


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ({"field": "customer.shoe_size", "at_least": 40}, "no such field"),
        ({"field": "customer.__class__", "in": ["x"]}, "no such field"),
        ({"field": "customer.attributes.a.b", "in": ["x"]}, "no such field"),
        ({"field": "customer.age", "in": ["x"]}, "every value"),
        ({"field": "customer.age", "is": True}, "does not fit"),
        ({"field": "customer.region", "at_least": 3}, "does not fit"),
        ({"field": "customer.vulnerable", "in": ["x"]}, "does not fit"),
        ({"field": "customer.age"}, "one of"),
        ({"field": "customer.age", "at_least": 1, "at_most": 2}, "one of"),
        ({"field": "customer.age", "at_least": 1, "lambda": "x"}, "lambda"),
        ({"all": []}, "all"),
        ({"all": [{"field": "customer.age", "at_least": 1}], "any": []}, "any"),
        ({"not": {"field": "nothing", "is": True}}, "no such field"),
        ("customer.age >= 18", "require"),
    ],
)
def test_an_expression_that_is_none_is_refused_by_name(expression: Any, names: str) -> None:
    with pytest.raises(PackError, match=names):
        required(expression)


AGE = Comparison(field="customer.age", at_least=18)
WEALTHY = Comparison(field="customer.assets", at_least=1)
VULNERABLE = Comparison.model_validate({"field": "customer.vulnerable", "is": True})


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (AGE, True),
        (WEALTHY, None),
        (VULNERABLE, False),
        (AllOf(all=(AGE, WEALTHY)), None),
        (AllOf(all=(VULNERABLE, WEALTHY)), False),
        (AnyOf(any=(AGE, WEALTHY)), True),
        (AnyOf(any=(VULNERABLE, WEALTHY)), None),
        (NotOf.model_validate({"not": VULNERABLE}), True),
        (NotOf.model_validate({"not": WEALTHY}), None),
    ],
)
def test_what_is_not_known_is_neither_true_nor_false(expression: Any, holds: bool | None) -> None:
    facts = clean_facts(beijing("2026-11-24 10:00"))
    assert expression.holds(Snapshot(facts, date(2026, 11, 24))) is holds


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_can_be_read_of_a_clean_customer_and_of_nobody(field: str) -> None:
    facts = clean_facts(beijing("2026-11-24 10:00"))
    nobody = Facts(replace(facts.world, product=None))
    read, today = FIELDS[field].read, date(2026, 11, 24)
    read(Snapshot(facts, today))
    assert read(Snapshot(nobody, today)) is None


OLD_OR_RICH = {
    "any": [
        {"field": "customer.age", "at_least": 42},
        {"field": "customer.assets", "at_least": 1_000_000},
    ]
}


def test_a_birthday_lifts_what_an_unknown_alternative_leaves_open() -> None:
    now = beijing("2026-11-24 10:00")
    facts = clean_facts(now, customer=clean_customer(birth_date=date(1984, 12, 1)))
    decision = decide(facts, human(), required(OLD_OR_RICH), now)
    assert decision.codes == ["DEP_ELIGIBILITY"]
    assert decision.earliest_next == beijing("2026-12-01 09:00")
    assert decide(facts, human(), required(OLD_OR_RICH), beijing("2026-12-01 09:00")).allowed


@pytest.mark.parametrize(
    ("expression", "last", "first"),
    [
        # born on 29 February 1960: 66 for whoever must be old enough on 1 March, …
        ({"field": "customer.age", "at_least": 66}, None, "2026-03-01"),
        ({"not": {"field": "customer.age", "at_most": 65}}, None, "2026-03-01"),
        # … and for whoever must not be too old from 28 February on
        ({"field": "customer.age", "at_most": 65}, "2026-02-27", None),
        ({"not": {"field": "customer.age", "at_least": 66}}, "2026-02-27", None),
        ({"field": "customer.age", "in": [65]}, "2026-02-27", None),
        ({"field": "customer.age", "in": [66]}, None, "2026-03-01"),
        ({"field": "customer.age", "in": [65, 66]}, "2027-02-27", None),
    ],
)
def test_an_age_takes_the_protective_side_of_29_february(
    expression: dict[str, Any], last: str | None, first: str | None
) -> None:
    facts = clean_facts(
        beijing("2026-02-20 10:00"), customer=clean_customer(birth_date=date(1960, 2, 29))
    )
    rule = next(each.rule for each in required(expression).rules if each.rule.id == "E")

    def holds(day: date) -> bool:
        return not eligibility.evaluate(rule, facts, human(), beijing(f"{day} 10:00"))

    if last is not None:
        day = date.fromisoformat(last)
        assert (holds(day), holds(day + timedelta(days=1))) == (True, False)
    if first is not None:
        day = date.fromisoformat(first)
        assert (holds(day - timedelta(days=1)), holds(day)) == (False, True)
        (reason,) = eligibility.evaluate(rule, facts, human(), beijing("2026-02-20 10:00"))
        assert reason.clears_at == beijing(f"{first} 00:00")


@given(
    st.dates(date(1930, 1, 1), date(2010, 1, 1)).map(
        lambda d: d.replace(month=2, day=29) if d.year % 4 == 0 else d
    ),
    st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    st.integers(15, 90),
)
def test_an_age_limit_is_never_open_to_both_sides(birth: date, today: date, age: int) -> None:
    """Whoever is too young for a lower limit is not too old for the upper one below it."""
    facts = clean_facts(beijing("2026-02-20 10:00"), customer=clean_customer(birth_date=birth))
    enough = Comparison(field="customer.age", at_least=age)
    young = Comparison(field="customer.age", at_most=age - 1)
    assert protected(enough, facts, today) is (today >= comes_of_age(birth, age))
    assert protected(young, facts, today) is (today < becomes_elder(birth, age))
    negated = NotOf.model_validate({"not": young})
    assert protected(negated, facts, today) is protected(enough, facts, today)


# --- parameters -----------------------------------------------------------------------------------


def only(stack: EffectivePack, code: str, facts: Facts, intent: Intent, now: datetime) -> Reason:
    (reason,) = decide(facts, intent, stack, now).reasons
    assert reason.code == code
    return reason


def alone(rule: dict[str, Any], text: str) -> list[Reason]:
    """What one rule says of a clean customer at a Beijing time."""
    now = beijing(text)
    found = next(entry for entry in pack_of(rule).rules if entry.rule.id == rule["id"])
    return found.kind.evaluate(found.rule, clean_facts(now), human(), now)


def test_a_window_across_midnight_belongs_to_the_day_it_opens_on() -> None:
    night = {"workday": [["20:00", "02:00"]], "rest": [], "statutory": []}
    rule = {"id": "N", "kind": "time_window", "windows": night}
    # Friday evening runs into Saturday; Saturday evening is none
    assert alone(rule, "2026-11-28 01:59") == []
    (reason,) = alone(rule, "2026-11-28 02:00")
    assert reason.clears_at == beijing("2026-11-30 20:00")


def test_a_weekday_goes_before_rest_days_but_not_before_a_holiday() -> None:
    rule = {
        "id": "N",
        "kind": "time_window",
        "windows": {
            Weekday.SATURDAY.value: [["10:00", "11:00"]],
            "statutory": [["09:00", "10:30"]],
        },
    }

    def blocked(text: str) -> bool:
        return bool(alone(rule, text))

    assert [blocked("2026-11-28 10:45"), blocked("2026-11-28 11:00")] == [False, True]
    # 3 October 2026 is a Saturday and a holiday: open when both are
    assert [blocked("2026-10-03 09:30"), blocked("2026-10-03 10:15")] == [True, False]
    assert blocked("2026-10-03 10:45")
    # an adjusted Saturday is a workday, of which the rule says nothing
    assert not blocked("2026-10-10 15:00")


REGIONAL: dict[str, Any] = {
    "id": "N",
    "kind": "time_window",
    "windows": {
        "workday": [["09:00", "20:00"]],
        "rest": [["10:00", "18:00"]],
        "statutory": [],
        "adjusted_work": [["08:00", "22:00"]],
        "sunday": [["14:00", "18:00"]],
    },
}


@pytest.mark.parametrize(
    ("own", "at", "open_"),
    [
        # of a day that the region does not name, the general hours hold there
        ({"workday": [["11:00", "13:00"]]}, "2026-11-28 09:30", False),  # a Saturday
        ({"workday": [["11:00", "13:00"]]}, "2026-11-28 10:30", True),
        ({"workday": [["11:00", "13:00"]]}, "2026-10-05 11:30", False),  # a holiday
        ({"workday": [["11:00", "13:00"]]}, "2026-11-24 10:30", False),  # a Tuesday
        ({"saturday": [["11:00", "13:00"]]}, "2026-11-29 11:30", False),  # a Sunday
        # a holiday stays one on a weekday that the region names
        ({"saturday": [["11:00", "13:00"]]}, "2026-10-03 11:30", False),
        ({"statutory": [["11:00", "15:00"]]}, "2026-10-04 14:30", True),  # on a Sunday: both
        ({"statutory": [["11:00", "15:00"]]}, "2026-10-04 11:30", False),
        # what the region says of a type of day goes before what is said in general of some
        ({"rest": [["11:00", "13:00"]]}, "2026-11-29 14:30", False),
        ({"rest": [["11:00", "13:00"]]}, "2026-11-29 11:30", True),
        ({"workday": [["11:00", "13:00"]]}, "2026-10-10 08:30", False),  # an adjusted Saturday
        ({"workday": [["11:00", "13:00"]]}, "2026-10-10 11:30", True),
    ],
)
def test_a_region_changes_the_days_it_names_and_no_others(
    own: dict[str, Any], at: str, open_: bool
) -> None:
    assert bool(alone({**REGIONAL, "regions": {"CN-33": own}}, at)) is not open_


@given(
    st.dictionaries(
        st.sampled_from(["workday", "rest", "statutory", "adjusted_work", "saturday", "sunday"]),
        st.sampled_from([[], [["11:00", "13:00"]], [["00:00", "24:00"]]]),
    ),
    st.integers(0, 400 * 24),
)
def test_a_region_that_only_repeats_the_general_hours_changes_nothing(
    hours: dict[str, Any], after: int
) -> None:
    now = beijing("2026-01-01 00:30") + timedelta(hours=after)
    plain = {**REGIONAL, "windows": hours}
    found = [
        [reason.code for reason in entry.kind.evaluate(entry.rule, clean_facts(now), human(), now)]
        for rule in (
            plain,
            {**plain, "regions": {"CN-33": {}}},
            {**plain, "regions": {"CN-33": hours}},
        )
        for entry in pack_of(rule).rules
        if entry.rule.id == "N"
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", ["us-tsr", "uk-ofcom", "cn-bank"])
def test_every_rule_of_a_shipped_pack_cites_its_basis_and_reads_as_a_sentence(name: str) -> None:
    stack = EffectivePack((compile_pack(read_shipped(name)),))
    assert not stack.unknown
    for purpose in Purpose:
        for actor in Actor:
            assert stack.gaps(purpose, actor) == ()
    for _, rule in stack.rules:
        assert rule.legal_ref
        assert "{" not in rule.sentence("zh") + rule.sentence("en")


def test_ofcoms_numbers_on_abandoned_calls_are_policy() -> None:
    """No safe harbour since 2017 (reference: compliance §0.4, §5.9)."""
    bases = {
        r["id"]: r["basis"] for r in read_shipped("uk-ofcom")["rules"] if r["kind"] == "pacing"
    }
    assert bases == {"P1": "policy", "P2": "policy"}


def test_a_stack_without_a_rule_on_test_calls_lets_none_through() -> None:
    document = read_shipped("cn-bank")
    rules = [rule for rule in document["rules"] if rule["kind"] != "test_call"]
    stack = EffectivePack((compile_pack({**document, "rules": rules}),))
    now = beijing("2026-11-24 10:00")
    intent = human(purpose=Purpose.TEST, kind=DialKind.TEST, customer_id=None, number_id=None)
    facts = replace(
        clean_facts(now), customer=None, number=None, staff_number=StaffNumberFacts(1, now)
    )
    assert decide(facts, intent, stack, now).codes == ["DEP_PACK_GAP"]
    assert decide(facts, intent, cn_bank(), now).allowed


def test_a_pack_that_says_nothing_about_signatures_has_a_gap() -> None:
    document = read_shipped("cn-bank")
    rules = [rule for rule in document["rules"] if rule["kind"] != "approval"]
    stack = EffectivePack((compile_pack({**document, "rules": rules}),))
    assert stack.gaps(Purpose.MARKETING, Actor.HUMAN) == ("approval",)


def test_a_rule_for_some_customers_is_no_rule_for_all() -> None:
    document = read_shipped("cn-bank")
    rules = [
        {**rule, "areas": ["CN-64"]} if rule["kind"] == "consent" else rule
        for rule in document["rules"]
    ]
    stack = EffectivePack((compile_pack({**document, "rules": rules}),))
    assert stack.gaps(Purpose.MARKETING, Actor.HUMAN) == ("consent",)


def test_a_rule_may_not_name_a_zone_that_nobody_would_heed() -> None:
    document = read_shipped("cn-bank")
    rules = [{**document["rules"][0], "zone": "Asia/Urumqi"}, *document["rules"][1:]]
    with pytest.raises(PackError, match="zone is the pack's"):
        compile_pack({**document, "rules": rules})


def test_a_document_that_storing_would_change_is_refused() -> None:
    document = read_shipped("cn-bank")
    with pytest.raises(PackError, match="plain JSON"):
        compile_pack({**document, "effective_from": date(2026, 1, 1)})


def test_the_share_of_abandoned_calls_is_compared_exactly() -> None:
    now = beijing("2026-11-24 10:00")
    for consented, abandoned, stops in ((100, 3, True), (101, 3, False), (10_000, 299, False)):
        counts = (CampaignCounts(720, consented=consented, abandoned=abandoned),)
        facts = clean_facts(now)
        facts = replace(facts, world=replace(facts.world, campaign_counts=counts))
        assert decide(facts, robot(), cn_bank(), now).allowed is not stops
    assert any(isinstance(rule, PacingRule) for _, rule in cn_bank().rules)


def test_a_campaign_may_add_a_blackout_but_no_relaxation_of_one() -> None:
    now = beijing("2026-11-24 10:00")
    entry = {
        "since": "2026-11-24T00:00:00+08:00",
        "until": "2026-11-25T00:00:00+08:00",
        "reason": "audit",
    }
    limits = {"rules": [{"id": "B", "kind": "blackout", "entries": [entry]}]}
    reason = only(cn_bank(), "BLACKOUT", clean_facts(now), human(campaign_limits=limits), now)
    assert reason.clears_at == beijing("2026-11-25 00:00")
    backwards = {**entry, "until": entry["since"]}
    with pytest.raises(PackError, match="ends after it begins"):
        pack_of({"id": "B", "kind": "blackout", "entries": [backwards]})


@pytest.mark.parametrize("number", [20261101, 1.5e9, "20261101", True])
def test_a_blackout_begins_at_a_time_and_not_at_a_number(number: object) -> None:
    """Seconds after 1970, it would be over long ago."""
    entry = {"since": number, "until": "2026-11-25T00:00:00+08:00", "reason": "audit"}
    with pytest.raises(PackError, match="a time is a text"):
        pack_of({"id": "B", "kind": "blackout", "entries": [entry]})


def test_every_code_says_what_it_needs() -> None:
    assert set(NEEDS) == set(CODES) | set(PREFIXES)


def test_a_reason_tells_what_is_needed_only_when_time_does_not_help() -> None:
    now = beijing("2026-11-24 13:00")
    facts = clean_facts(now, consents=())
    found = {
        r["code"]: r["needs"] for r in decide(facts, human(), cn_bank(), now).document()["reasons"]
    }
    assert found == {"CONSENT_NONE": "consent", "WINDOW": None}


# --- registers ------------------------------------------------------------------------------------


def with_registers(now: datetime, *registers: RegisterFacts) -> Facts:
    facts = clean_facts(now)
    return replace(facts, world=replace(facts.world, registers=registers))


def stale(stack: EffectivePack, now: datetime, *registers: RegisterFacts) -> list[str]:
    """The lists that a person's call is held up by, each as often as it is named."""
    found = decide(with_registers(now, *registers), human(), stack, now).reasons
    named = [dict(r.values)["register"] for r in found if r.code == "REGISTER_STALE"]
    return [name for name in named if name != "RND"]  # who owns a number, a rule of its own


@pytest.mark.parametrize("name", ["us-tsr", "uk-ofcom", "cn-bank"])
def test_a_list_that_no_rule_names_is_held_to_its_own_limit(name: str) -> None:
    stack = EffectivePack((compile_pack(read_shipped(name)),))
    now = beijing("2026-11-24 10:00")
    fresh = [RegisterFacts(named, now, 31) for named in sorted(stack.registers_required)]
    for days, held_up in ((0, []), (10, []), (11, ["state"])):
        own = RegisterFacts("state", now - timedelta(days=days), 10)
        assert stale(stack, now, *fresh, own) == held_up
    assert stale(stack, now, *fresh, RegisterFacts("state", None, 10)) == ["state"]


def test_a_rule_that_looks_at_no_register_says_nothing_of_their_age() -> None:
    now = beijing("2026-11-24 10:00")
    refusals = {"id": "N", "kind": "suppression", "sources": ["opt_out", "complaint"]}
    old = RegisterFacts("industry", now - timedelta(days=40), 31)
    # once, by the shipped rule on registers
    assert stale(pack_of(refusals), now, old) == ["industry"]


@given(st.integers(0, 60), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)))
def test_of_two_limits_on_a_list_the_shorter_counts(age: int, own: int, rules: int | None) -> None:
    now = beijing("2026-11-24 10:00")
    rule = {
        "id": "N",
        "kind": "suppression",
        "sources": ["register"],
        "register_max_age_days": rules,
    }
    entry = next(each for each in pack_of(rule).rules if each.rule.id == "N")
    facts = with_registers(now, RegisterFacts("state", now - timedelta(days=age), own))
    shortest = own if rules is None else min(own, rules)
    found = entry.kind.evaluate(entry.rule, facts, human(), now)
    assert [reason.limit for reason in found] == ([shortest] if age > shortest else [])


@pytest.mark.parametrize(
    ("name", "register", "how", "gives_way"),
    [
        # reference: compliance §5.9; 16 CFR 310.4(b)(1)(iii)(B): an agreement in writing
        ("us-tsr", "national", "written", True),
        ("us-tsr", "national", "oral", False),
        ("us-tsr", "national", "", False),
        ("uk-ofcom", "tps", "oral", True),
        ("cn-bank", "industry", "written", False),
    ],
)
def test_what_consent_a_register_gives_way_to(
    name: str, register: str, how: str, gives_way: bool
) -> None:
    stack = EffectivePack((compile_pack(read_shipped(name)),))
    now = beijing("2026-11-24 10:00")
    listed = now - timedelta(days=50)
    facts = replace(
        clean_facts(now),
        suppressions=(
            Suppression(1, SuppressionSource.REGISTER, listed, number_id=1, register=register),
        ),
        consents=(Consent(1, now - timedelta(days=20), basis=how),),
    )
    codes = decide(facts, human(), stack, now).codes
    assert (f"DNC_{register.upper()}" in codes) is not gives_way
    # one that is older than the entry is overtaken by it, however it was given
    older = replace(facts, consents=(Consent(1, listed - timedelta(days=1), basis=how),))
    assert f"DNC_{register.upper()}" in decide(older, human(), stack, now).codes


# --- people and money -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "held", "blocked"),
    [
        ({"limited": 1}, "none", True),
        ({"limited": 1}, "limited", False),
        ({"limited": 0}, "limited", True),
        ({"none": 0}, "none", True),
        ({"none": 0}, "limited", False),
        ({"limited": 1}, "full", False),
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.MARKETING, Purpose.CARE])
def test_people_without_legal_capacity_are_not_called_where_a_rule_speaks_of_capacity(
    capacity: dict[str, int], held: str, blocked: bool, purpose: Purpose
) -> None:
    stack = pack_of({"id": "V", "kind": "vulnerable", "capacity": capacity})
    entry = next(each for each in stack.rules if each.rule.id == "V")
    now = beijing("2026-11-24 10:00")
    facts = clean_facts(now, customer=clean_customer(attributes=(("capacity", held),)))
    found = entry.kind.evaluate(entry.rule, facts, human(purpose=purpose), now)
    assert [reason.code for reason in found] == (["CAPACITY"] if blocked else [])


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(1, 100_000))
def test_a_share_of_abandoned_calls_is_over_exactly_when_it_is(
    hundredths: int, abandoned: int, of: int
) -> None:
    percent = float(f"{hundredths // 100}.{hundredths % 100:02}")
    guard = Abandonment.model_validate(
        {"of": "answered", "hours": 24, "stop_above_percent": percent}
    )
    assert guard.is_over(abandoned, of) is (abandoned * 10_000 > hundredths * of)
    at = guard.model_copy(update={"stop_at": True})
    assert at.is_over(abandoned, of) is (abandoned * 10_000 >= hundredths * of)


def test_57_of_10_000_are_not_over_57_hundredths_of_a_percent() -> None:
    guard = Abandonment(of="answered", hours=24, stop_above_percent=0.57)
    assert (guard.is_over(57, 10_000), guard.is_over(58, 10_000)) == (False, True)
