"""The rules against an independent brute-force answer, on random worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.domain.decide import decide
from compliance.domain.facts import (
    Consent,
    Contact,
    ContactKind,
    Facts,
    NumberFacts,
    Suppression,
    SuppressionSource,
)
from compliance.domain.intent import Actor, Intent
from tests.compliance.oracle import Case, Event, first_allowed, objections, within_hours
from tests.compliance.world import (
    DEPOSIT,
    beijing,
    clean_customer,
    clean_facts,
    cn_bank,
    human,
    robot,
)

HORIZON = 40
TIMES = {"WINDOW", "TAIL_GUARD", "HOLIDAY"}
OUTCOMES = ("refused", "not_now", "hung_up_early", "sold")


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Of 2026, often at the very edge of a minute, an hour or a window."""
    day = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 320)))
    minute = draw(
        st.one_of(
            st.integers(0, 1439),
            st.sampled_from(
                [0, 539, 540, 600, 660, 719, 720, 779, 780, 840, 960, 1079, 1199, 1259]
            ),
        )
    )
    micros = draw(st.sampled_from([-1, 0, 0, 1, 30_000_000, 59_999_999]))
    midnight = beijing(f"{day} 00:00")
    return midnight + timedelta(minutes=minute, microseconds=micros)


def before(draw: st.DrawFn, now: datetime) -> datetime:
    """Some time ago, often exactly as long as a rule counts."""
    exact = [timedelta(hours=h) for h in (2, 24, 72)] + [timedelta(days=d) for d in (7, 14, 30, 90)]
    ago = draw(
        st.one_of(
            st.sampled_from(exact),
            st.integers(179, 186).map(lambda days: timedelta(days=days)),  # six months, about
            st.integers(1, 200 * 24).map(lambda hours: timedelta(hours=hours)),
            st.integers(1, 9 * 86_400).map(lambda seconds: timedelta(seconds=seconds)),
        )
    )
    edge = draw(st.sampled_from([-12 * 3600 * 10**6, -(10**6), -1, 0, 0, 1, 10**6]))
    return now - ago + timedelta(microseconds=edge)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, datetime]:
    now = draw(instants())
    events = tuple(
        Event(
            min(before(draw, now), now),
            draw(
                st.sampled_from(
                    ["attempt", "attempt", "conversation", "conversation", "abandon", *OUTCOMES]
                )
            ),
            customer=draw(st.sampled_from([1, 1, 1, 2])),
            number=draw(st.sampled_from([1, 1, 2])),
            household=draw(st.sampled_from(["", "h"])),
            family=draw(st.sampled_from(["deposit", "cards"])),
            product=draw(st.sampled_from([1, 2])),
            campaign=draw(st.sampled_from([10, 11])),
            robot=draw(st.booleans()),
        )
        for _ in range(draw(st.integers(0, 6)))
    )
    refused = draw(st.integers(0, 5)) == 0
    since = now - timedelta(days=draw(st.integers(-2, 30)))
    until = draw(st.sampled_from([None, now, since + timedelta(days=31)]))
    case = Case(
        events,
        robot=draw(st.booleans()),
        xinjiang=draw(st.booleans()),
        household=draw(st.sampled_from(["", "h"])),
        refusals=((since, until),) if refused else (),
        born=draw(st.sampled_from([date(1985, 6, 1), date(1985, 6, 1), date(2008, 2, 29)])),
        consented=(now - timedelta(days=draw(st.sampled_from([1, 100, 729, 730, 731, 732]))),),
    )
    return case, now


def contact(event: Event) -> Contact:
    kind = ContactKind.OUTCOME if event.kind in OUTCOMES else ContactKind(event.kind)
    return Contact(
        event.at,
        kind,
        customer_id=event.customer,
        number_id=event.number,
        household=event.household,
        product_id=event.product,
        product_family=event.family,
        campaign_id=event.campaign,
        actor=Actor.ROBOT if event.robot else Actor.HUMAN,
        outcome=event.kind if event.kind in OUTCOMES else "",
    )


def facts_of(case: Case, now: datetime) -> tuple[Facts, Intent]:
    facts = replace(
        clean_facts(now, DEPOSIT),
        customer=clean_customer(
            birth_date=case.born,
            region="CN-65" if case.xinjiang else "CN-33",
            household=case.household,
        ),
        number=NumberFacts(1, region="CN-33"),
        consents=tuple(Consent(i, at) for i, at in enumerate(case.consented)),
        suppressions=tuple(
            Suppression(i, SuppressionSource.OPT_OUT, since, customer_id=1, expires_at=until)
            for i, (since, until) in enumerate(case.refusals)
        ),
        contacts=tuple(sorted(map(contact, case.events), key=lambda found: found.at)),
    )
    return facts, robot() if case.robot else human()


def codes(found: list[str]) -> set[str]:
    return {"TIME" if code in TIMES else code for code in found}


@settings(max_examples=500, deadline=None)
@given(cases())
def test_every_objection_is_the_oracles(case_at: tuple[Case, datetime]) -> None:
    case, now = case_at
    facts, intent = facts_of(case, now)
    assert codes(decide(facts, intent, cn_bank(), now).codes) == objections(case, now)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_next_allowed_instant_is_the_oracles(case_at: tuple[Case, datetime]) -> None:
    case, now = case_at
    facts, intent = facts_of(case, now)
    expected = first_allowed(case, now, HORIZON)
    found = decide(facts, intent, cn_bank(), now).earliest_next
    if expected is None:
        assert found is None or found > now + timedelta(days=HORIZON)
    else:
        assert found == expected


def test_hours_agree_in_every_quarter_of_every_hour_of_a_month() -> None:
    start = beijing("2026-09-20 00:00")
    for step in range(30 * 96):
        now = start + timedelta(minutes=15 * step)
        case = Case((), robot=bool(step % 2), xinjiang=bool(step % 3), consented=(now,))
        facts, intent = facts_of(case, now)
        assert decide(facts, intent, cn_bank(), now).allowed == within_hours(now, case)
