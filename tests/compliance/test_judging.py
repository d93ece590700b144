"""A list is judged as each of its customers is: the same decision, to the last reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.decide import decide_stacked
from compliance.domain.facts import Blackout, Exemption, ExemptionKind, RegisterFacts
from compliance.domain.intent import Gate, Purpose
from compliance.domain.judging import Judge
from compliance.domain.registry import KINDS
from tests.compliance.test_memory import cases
from tests.compliance.world import WEALTH_R3, beijing, clean_facts, cn_bank, robot


@given(cases(), st.data())
def test_a_judge_says_what_decide_says(case: tuple, data: st.DataObject) -> None:  # type: ignore[type-arg]
    facts, intent, stack, now = case
    changed = data.draw(st.sampled_from(["nothing", "blackout", "unsigned", "stale", "unknown"]))
    world = facts.world
    if changed == "blackout":
        around = Blackout(
            1, now, now + timedelta(days=1), data.draw(st.sampled_from(["", "CN-33"]))
        )
        world = replace(world, blackouts=(around,))
    elif changed == "stale":
        world = replace(world, registers=(RegisterFacts("r", now - timedelta(days=40), 31),))
    elif changed == "unsigned":
        intent = replace(intent, script_approved=False, campaign_running=False)
    if data.draw(st.booleans()):
        world = replace(world, product=WEALTH_R3)
    facts = replace(facts, world=world)
    if changed == "unknown":
        facts = replace(facts, customer=None, number=None)
    if data.draw(st.booleans()):
        asked = Exemption(1, ExemptionKind.CALLBACK, at=now + timedelta(hours=1))
        facts = replace(facts, exemptions=(asked,))
    intent = replace(
        intent,
        gate=data.draw(st.sampled_from(Gate)),
        purpose=data.draw(st.sampled_from(Purpose)),
    )
    judge = Judge(intent, stack, world, now)
    for _ in range(2):  # the second time from what it remembers
        assert judge.decide(facts, intent) == decide_stacked(facts, intent, stack, now)


def test_what_is_open_to_everybody_is_not_asked_about_anybody() -> None:
    now = beijing("2026-11-24 10:00")
    intent = replace(robot(), gate=Gate.LIST)
    world = clean_facts(now).world
    idle = {
        entry.rule.id
        for entry in cn_bank().rules_for(intent.purpose, intent.actor)
        if entry.kind.idle(entry.rule, world, intent, now)
    }
    assert idle == {"W2R", "W3", "W4", "B1", "A2", "F1"}
    night = beijing("2026-11-28 23:00")  # a Saturday
    assert not KINDS["time_window"].idle(
        next(e.rule for e in cn_bank().rules if e.rule.id == "W2R"), world, intent, night
    )
