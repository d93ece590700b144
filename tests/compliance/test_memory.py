"""What a stack has forgotten changes no decision of its: the ledger may be read without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.decide import decide
from compliance.domain.facts import Contact, ContactKind, Facts, Preference
from compliance.domain.intent import Actor, Intent
from compliance.domain.memory import SHORT, Memory, Remembered, together
from compliance.domain.pack import EffectivePack
from compliance.domain.registry import KINDS
from tests.compliance.test_oracle import before, instants
from tests.compliance.world import clean_facts, cn_bank, human, pack_of, robot

OUTCOMES = ["refused", "not_now", "hung_up_early", "bought", "sold", "machine", "no_answer"]
COUNTS = ["attempts", "connects", "conversations", "robot", "abandons"]
KEYS = ["customer", "number", "household", "product_family", "campaign", "branch"]
SPANS = [
    {"rolling_hours": 24},
    {"rolling_days": 7},
    {"rolling_days": 33},
    {"rolling_days": 120},
    {"calendar": "day"},
    {"calendar": "week"},
    {"calendar": "month"},
    {"lifetime": True},
]
#: Only a customer's own contacts are known for so long.
LONG = [{"rolling_days": 120}, {"lifetime": True}]


@st.composite
def rules(draw: st.DrawFn, identity: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["cap", "cap", "cap", "cool_off", "pacing"]))
    if kind == "cap":
        keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True))
        found: dict[str, Any] = {"counts": draw(st.sampled_from(COUNTS)), "per": keys}
        found |= {"limit": draw(st.integers(0, 3)), "window": draw(st.sampled_from(SPANS))}
        if draw(st.booleans()):
            found["min_gap_s"] = draw(st.sampled_from([60, 86_400, 40 * 86_400]))
        others_forget = found["window"] in LONG or found.get("min_gap_s", 0) > 33 * 86_400
        if "customer" not in keys and (others_forget or not {"number", "household"} & set(keys)):
            keys.append("customer")
    elif kind == "cool_off":
        lasts = draw(st.sampled_from([{"days": 3}, {"days": 40}, {"months": 1}, {"months": 6}]))
        scopes = ["all", "product", "product_family", "campaign", "number"]
        outcomes = draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, unique=True))
        found = {"name": "quiet", "name_zh": "-", "name_en": "-", "outcomes": outcomes, **lasts}
        found["scope"] = draw(st.sampled_from(scopes))
    else:
        found = {"abandoned_again_hours": 200, "machine_again_hours": 900}
    return {"id": identity, "kind": kind, **found}


@st.composite
def lines(draw: st.DrawFn, now: datetime) -> Contact:
    kind = draw(st.sampled_from([k for k in ContactKind if k is not ContactKind.RELEASE]))
    long_ago = st.integers(0, 399 * 24).map(lambda hours: now - timedelta(hours=hours))
    at = draw(long_ago) if draw(st.booleans()) else min(before(draw, now), now)
    return Contact(
        max(at, now - timedelta(days=399)),
        kind,
        customer_id=draw(st.sampled_from([1, 1, 2])),
        number_id=draw(st.sampled_from([1, 1, 2])),
        household=draw(st.sampled_from(["", "h"])),
        product_id=draw(st.sampled_from([1, 2])),
        product_family=draw(st.sampled_from(["deposit", "cards"])),
        campaign_id=draw(st.sampled_from([10, 11])),
        branch_id=draw(st.sampled_from([1, 2])),
        actor=draw(st.sampled_from(Actor)),
        outcome=draw(st.sampled_from(OUTCOMES)) if kind is ContactKind.OUTCOME else "",
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Facts, Intent, EffectivePack, datetime]:
    now = draw(instants())
    stack = pack_of(*(draw(rules(f"R{n}")) for n in range(draw(st.integers(0, 4)))))
    contacts = [draw(lines(now)) for _ in range(draw(st.integers(1, 8)))]
    facts = clean_facts(now, contacts=tuple(sorted(contacts, key=lambda found: found.at)))
    assert facts.customer is not None
    facts = replace(facts, customer=replace(facts.customer, household="h"))
    if draw(st.booleans()):
        facts = replace(facts, preferences=(Preference(1, now, conversations_per_year=1),))
    return facts, draw(st.sampled_from([human(), robot()])), stack, now


def recalled(facts: Facts, remembered: Remembered, intent: Intent, now: datetime) -> Facts:
    """The facts without the lines that the facts statement would leave out."""

    spans = remembered.of_wishes() if facts.preferences else remembered.spans

    def kept(line: Contact) -> bool:
        told = (line.kind, line.outcome)
        if line.kind in remembered.campaign and line.campaign_id == intent.campaign_id:
            return True
        span = spans.get(told)
        return told in spans and (span is None or line.at >= now - span)

    return replace(facts, contacts=tuple(line for line in facts.contacts if kept(line)))


@given(cases(), st.integers(0, 60 * 24))
def test_a_decision_is_the_same_without_what_its_rules_have_forgotten(
    case: tuple[Facts, Intent, EffectivePack, datetime], hours: int
) -> None:
    facts, intent, stack, now = case
    trimmed = recalled(facts, stack.remembered, intent, now)
    for at in (now, now + timedelta(hours=hours)):
        assert decide(trimmed, intent, stack, at) == decide(facts, intent, stack, at)


def test_the_shipped_pack_remembers_each_thing_for_its_own_time() -> None:
    found = cn_bank().remembered
    days = {told: None if span is None else span.days for told, span in found.spans.items()}
    assert days[ContactKind.ATTEMPT, ""] == days[ContactKind.RELEASE, ""] == 7
    assert days[ContactKind.CONVERSATION, ""] == 90
    assert days[ContactKind.OUTCOME, "not_now"] == 30
    assert days[ContactKind.OUTCOME, "deceased"] is None
    assert (ContactKind.OUTCOME, "no_answer") not in days
    assert found.campaign == {ContactKind.ATTEMPT, ContactKind.RELEASE}
    wished = found.of_wishes()
    assert wished == {**found.spans, (ContactKind.CONVERSATION, ""): timedelta(days=365)}


def test_of_two_memories_the_longer_one_counts() -> None:
    day = timedelta(days=1)
    kind = ContactKind.CONNECT
    assert together([Memory(kind, day), Memory(kind, SHORT)]).spans == {(kind, ""): SHORT}
    assert together([Memory(kind, None), Memory(kind, day)]).spans == {(kind, ""): None}


def test_a_wish_never_shortens_what_is_remembered_of_everybody() -> None:
    kind, day = ContactKind.CONVERSATION, timedelta(days=1)
    found = together([Memory(kind, 2 * day), Memory(kind, day, wished=True)])
    assert found.of_wishes() == {(kind, ""): 2 * day}


def test_every_kind_of_rule_says_what_it_remembers() -> None:
    assert all(callable(kind.remembers) for kind in KINDS.values())
