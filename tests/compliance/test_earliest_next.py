"""Properties that hold in every world: earliest_next, monotonicity, determinism."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.domain.decide import decide
from compliance.domain.documents import facts_document, facts_from, intent_document, intent_from
from compliance.domain.facts import (
    Blackout,
    Consent,
    Contact,
    ContactKind,
    Exemption,
    ExemptionKind,
    Facts,
    NumberFacts,
    OpenAttempt,
    Preference,
    Suppression,
    SuppressionSource,
)
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from tests.compliance.world import (
    DEPOSIT,
    INSURANCE,
    WEALTH_R3,
    beijing,
    calendar,
    clean_customer,
    clean_facts,
    cn_bank,
    human,
    pack_of,
)

TICK = timedelta(microseconds=1)
START, END = beijing("2026-01-20 00:00"), beijing("2026-11-20 00:00")

instants = st.datetimes(
    START.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC)
)


def near(now: datetime, days_back: int, days_ahead: int = 0) -> st.SearchStrategy[datetime]:
    """Instants around `now`; whole hours often, so that ends of terms collide."""
    seconds = st.integers(-days_back * 86_400, days_ahead * 86_400)
    hours = st.integers(-days_back * 24, days_ahead * 24).map(lambda h: h * 3600)
    return st.one_of(seconds, hours).map(lambda s: now + timedelta(seconds=s))


@st.composite
def contacts(draw: st.DrawFn, now: datetime) -> Contact:
    return Contact(
        draw(near(now, 100)),
        draw(st.sampled_from([k for k in ContactKind if k is not ContactKind.RELEASE])),
        customer_id=draw(st.sampled_from([1, 1, 1, 2])),
        number_id=draw(st.sampled_from([1, 1, 2])),
        household=draw(st.sampled_from(["h", ""])),
        product_id=draw(st.sampled_from([1, 2, 3])),
        product_family=draw(st.sampled_from(["deposit", "wealth", "insurance"])),
        campaign_id=draw(st.sampled_from([10, 11])),
        actor=draw(st.sampled_from(Actor)),
        outcome=draw(st.sampled_from(["", "refused", "not_now", "hung_up_early", "bought"])),
    )


@st.composite
def suppressions(draw: st.DrawFn, now: datetime) -> Suppression:
    return Suppression(
        1,
        draw(st.sampled_from(SuppressionSource)),
        draw(near(now, 60, 30)),
        customer_id=1,
        product_family=draw(st.sampled_from(["", "insurance"])),
        expires_at=draw(st.one_of(st.none(), near(now, 0, 60))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, Intent, datetime]:
    now = draw(instants)
    product = draw(st.sampled_from([DEPOSIT, DEPOSIT, WEALTH_R3, INSURANCE]))
    callback = draw(st.booleans())
    actor = Actor.HUMAN if callback else draw(st.sampled_from(Actor))
    intent = human(
        actor=actor,
        product_id=product.id,
        purpose=Purpose.CALLBACK if callback else Purpose.MARKETING,
        kind=DialKind.CALLBACK if callback else DialKind.AGENT,
    )
    facts = clean_facts(now, product)
    blackouts = draw(st.lists(near(now, 2, 20), max_size=1))
    facts = replace(
        facts,
        world=replace(
            facts.world,
            blackouts=tuple(Blackout(1, at, at + timedelta(days=2)) for at in blackouts),
        ),
        customer=clean_customer(
            household=draw(st.sampled_from(["h", ""])),
            region=draw(st.sampled_from(["CN-33", "CN-65"])),
            birth_date=draw(
                st.sampled_from([date(1985, 6, 1), date(2008, 2, 29), date(2008, 9, 1)])
            ),
        ),
        consents=tuple(
            Consent(i, at)
            for i, at in enumerate(draw(st.lists(near(now, 700), min_size=1, max_size=2)))
        ),
        contacts=tuple(sorted(draw(st.lists(contacts(now), max_size=6)), key=lambda c: c.at)),
        suppressions=tuple(draw(st.lists(suppressions(now), max_size=2))),
        open_attempts=tuple(
            OpenAttempt(str(i), at, 1, 1)
            for i, at in enumerate(draw(st.lists(near(now, 1), max_size=1)))
        ),
        exemptions=tuple(
            Exemption(i, ExemptionKind.CALLBACK, number_id=1, at=at)
            for i, at in enumerate(draw(st.lists(near(now, 0, 10), max_size=2)))
        ),
        preferences=tuple(
            Preference(1, now - timedelta(days=1), weekdays=(1, 3), hours=((600, 720),))
            for _ in range(draw(st.integers(0, 1)))
        ),
    )
    return facts, intent, now


@settings(max_examples=150, deadline=None)
@given(worlds(), st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5))
def test_allowed_at_earliest_next_and_blocked_at_every_instant_before(
    world: tuple[Facts, Intent, datetime], samples: list[float]
) -> None:
    facts, intent, now = world
    decision = decide(facts, intent, cn_bank(), now)
    if decision.allowed:
        assert decision.earliest_next == now
        return
    following = decision.earliest_next
    if following is None:
        return
    assert following > now
    assert decide(facts, intent, cn_bank(), following).allowed
    assert not decide(facts, intent, cn_bank(), following - TICK).allowed
    for sample in samples:
        before = min(now + (following - now) * sample, following - TICK)
        assert not decide(facts, intent, cn_bank(), before).allowed


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_one_more_event_never_turns_a_block_into_an_allow(
    world: tuple[Facts, Intent, datetime], data: st.DataObject
) -> None:
    facts, intent, now = world
    more = replace(
        facts,
        contacts=(*facts.contacts, *data.draw(st.lists(contacts(now), max_size=2))),
        suppressions=(*facts.suppressions, *data.draw(st.lists(suppressions(now), max_size=2))),
    )
    if not decide(facts, intent, cn_bank(), now).allowed:
        assert not decide(more, intent, cn_bank(), now).allowed


EXTRA_RULES = [
    {
        "id": "E1",
        "kind": "cap",
        "limit": 1,
        "per": ["number"],
        "counts": "connects",
        "window": {"calendar": "month"},
    },
    {"id": "E2", "kind": "time_window", "windows": {"workday": [["10:00", "16:00"]]}},
    {
        "id": "E3",
        "kind": "cool_off",
        "name": "spoke",
        "name_zh": "-",
        "name_en": "-",
        "outcomes": ["bought"],
        "scope": "all",
        "months": 1,
    },
]


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from(EXTRA_RULES))
def test_one_more_rule_never_turns_a_block_into_an_allow(
    world: tuple[Facts, Intent, datetime], rule: dict[str, object]
) -> None:
    facts, intent, now = world
    tighter = pack_of(rule)
    if not decide(facts, intent, cn_bank(), now).allowed:
        assert not decide(facts, intent, tighter, now).allowed
    # and a campaign's layer is no different
    limited = replace(intent, campaign_limits={"rules": [rule]})
    assert (
        decide(facts, limited, cn_bank(), now).allowed
        == decide(facts, intent, tighter, now).allowed
    )


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_the_same_values_give_the_same_bytes_also_after_storing(
    world: tuple[Facts, Intent, datetime],
) -> None:
    facts, intent, now = world
    first = decide(facts, intent, cn_bank(), now).document()
    stored = facts_from(facts_document(facts), dict(calendar().days))
    again = intent_from(intent_document(intent))
    assert (stored, again) == (facts, intent)
    assert decide(stored, again, cn_bank(), now).document() == first


def test_nothing_lifts_what_lies_beyond_400_days() -> None:
    now = beijing("2026-03-10 10:00")
    child = clean_facts(now, customer=clean_customer(birth_date=date(2015, 1, 1)))
    decision = decide(child, human(), cn_bank(), now)
    assert (decision.codes, decision.earliest_next) == (["UNDERAGE"], None)


def test_the_search_stops_where_the_calendar_ends() -> None:
    now = beijing("2026-12-31 20:30")
    decision = decide(clean_facts(now), human(), cn_bank(), now)
    assert (decision.codes, decision.earliest_next) == (["WINDOW"], None)


def test_region_of_the_number_counts_when_the_residence_is_unknown() -> None:
    now = beijing("2026-11-24 09:30")
    facts = clean_facts(
        now, customer=clean_customer(region=""), number=NumberFacts(1, region="CN-65")
    )
    assert decide(facts, human(), cn_bank(), now).earliest_next == beijing("2026-11-24 11:00")
