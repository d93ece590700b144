"""Rules that settle: what they do not say of what has happened they do not say later either."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.decide import decide
from compliance.domain.facts import ContactKind, Facts
from compliance.domain.intent import Intent
from compliance.domain.pack import EffectivePack
from compliance.domain.registry import KINDS
from tests.compliance.test_memory import cases
from tests.compliance.world import attempt, beijing, clean_facts, human, pack_of

Case = tuple[Facts, Intent, EffectivePack, datetime]
#: from a second to longer than anything is remembered
LATER = st.one_of(st.integers(1, 86_400), st.integers(1, 500 * 24).map(lambda hours: hours * 3_600))


@given(cases(), st.lists(LATER, min_size=1, max_size=4))
def test_a_rule_that_settles_and_is_silent_stays_silent(case: Case, later: list[int]) -> None:
    facts, intent, stack, now = case
    facts = replace(facts, contacts=tuple(line for line in facts.contacts if line.at <= now))
    silent = [
        (kind, rule)
        for kind, rule in stack.rules
        if kind.settles and not kind.evaluate(rule, facts, intent, now)
    ]
    for seconds in later:
        moment = now + timedelta(seconds=seconds)
        for kind, rule in silent:
            assert kind.evaluate(rule, facts, intent, moment) == []


@given(cases())
def test_what_lifts_last_is_found_without_asking_those_who_have_settled(case: Case) -> None:
    facts, intent, stack, now = case
    asked = tuple(
        entry._replace(kind=entry.kind._replace(settles=False)) for entry in stack.packs[-1].rules
    )
    unsettled = type(stack)((*stack.packs[:-1], replace(stack.packs[-1], rules=asked)))
    assert decide(facts, intent, stack, now) == decide(facts, intent, unsettled, now)


def test_caps_and_quiet_times_settle() -> None:
    assert {name for name, kind in KINDS.items() if kind.settles} == {"cap", "cool_off"}


def test_what_is_still_to_come_is_asked_about_when_it_has_come() -> None:
    # somebody else's clock is ahead: what they wrote has not happened yet for us
    now = beijing("2026-11-24 10:00")
    stack = pack_of(
        {"id": "D", "kind": "cap", "per": ["customer"], "limit": 1, "counts": "connects",
         "window": {"rolling_days": 1}},
        {"id": "Q", "kind": "cool_off", "name": "q", "name_zh": "-", "name_en": "-",
         "outcomes": ["odd"], "scope": "all", "days": 1},
    )  # fmt: skip
    ahead = now + timedelta(hours=20)
    lines = (
        attempt(now - timedelta(hours=1), kind=ContactKind.CONNECT),
        attempt(ahead, kind=ContactKind.OUTCOME, outcome="odd"),
    )
    found = decide(clean_facts(now, contacts=lines), human(), stack, now)
    assert found.codes == ["CAP_D"]
    assert found.earliest_next is not None and found.earliest_next >= ahead + timedelta(days=1)
