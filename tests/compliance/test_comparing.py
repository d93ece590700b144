"""What a change to a pack does: only what is provably tighter is called tighter."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.comparing import Effect, Move, compare
from compliance.domain.decide import decide
from compliance.domain.facts import Exemption, ExemptionKind
from compliance.domain.intent import Actor, DialKind, Purpose
from compliance.domain.pack import EffectivePack, compile_pack
from compliance.packs import read_shipped
from tests.compliance.world import attempt, beijing, clean_facts, conversation, human, pack_of

SHIPPED = read_shipped("cn-bank")


def document(rule_id: str, **changes: Any) -> dict[str, Any]:
    found = copy.deepcopy(SHIPPED)
    for rule in found["rules"]:
        if rule["id"] == rule_id:
            rule.update(changes)
    return found


def effect_of(rule_id: str, **changes: Any) -> Effect:
    found = compare(compile_pack(SHIPPED), compile_pack(document(rule_id, **changes)))
    assert [change.rule_id for change in found] == [rule_id]
    return found[0].effect


def hours(*windows: tuple[str, str]) -> dict[str, Any]:
    return {"workday": [list(window) for window in windows]}


@pytest.mark.parametrize(
    ("rule_id", "changes", "effect"),
    [
        ("C1", {"limit": 1}, Effect.TIGHTER),
        ("C1", {"limit": 0}, Effect.TIGHTER),
        ("C1", {"limit": 3}, Effect.LOOSER),
        ("C1", {"limit": None}, Effect.LOOSER),
        ("C2", {"window": {"rolling_days": 8}}, Effect.TIGHTER),
        ("C2", {"window": {"rolling_hours": 24}}, Effect.LOOSER),
        ("C2", {"window": {"calendar": "week"}}, Effect.UNKNOWN),
        ("C2", {"window": {"lifetime": True}}, Effect.TIGHTER),
        ("C2", {"per": ["customer", "campaign"]}, Effect.LOOSER),
        ("C2", {"limit": 2, "window": {"rolling_days": 6}}, Effect.LOOSER),
        ("C2", {"zh": "换一种说法"}, Effect.NONE),
        ("C4G", {"min_gap_s": 3600}, Effect.LOOSER),
        ("C4G", {"relaxed_by_callback": False}, Effect.TIGHTER),
        ("W1", {"windows": hours(("09:00", "12:00"))}, Effect.TIGHTER),
        ("W1", {"windows": hours(("09:00", "20:00"))}, Effect.LOOSER),
        ("W1", {"windows": hours(("10:00", "13:00"))}, Effect.UNKNOWN),
        ("W1", {"windows": {}}, Effect.LOOSER),
        ("W1", {"tail_guard_s": 0}, Effect.LOOSER),
        ("W2R", {"actors": ["robot", "human"]}, Effect.TIGHTER),
        ("K1", {"max_age_months": None}, Effect.LOOSER),
        ("K1", {"max_age_months": 12}, Effect.TIGHTER),
        ("K1", {"bases": ["written"]}, Effect.TIGHTER),
        ("K3", {"sources": ["complaint"]}, Effect.LOOSER),
        ("K3", {"areas": ["CN-33"]}, Effect.LOOSER),
        ("S1", {"max_rating_by_phone": 4}, Effect.LOOSER),
        ("S2", {"min_age": 20}, Effect.TIGHTER),
        ("S2", {"bands": []}, Effect.UNKNOWN),
        ("A1", {"operators": ["own", "outsourced"]}, Effect.LOOSER),
        ("A1", {"care_families": None}, Effect.LOOSER),
        ("X1", {"tolerance_s": 3600}, Effect.LOOSER),
        ("X1", {"tolerance_s": 60}, Effect.TIGHTER),
        ("X1", {"actors": ["human"]}, Effect.TIGHTER),
        ("O1-refused", {"months": 12}, Effect.TIGHTER),
        ("O1-refused", {"months": None, "permanent": True}, Effect.LOOSER),
    ],
)
def test_each_parameter_has_a_direction(
    rule_id: str, changes: dict[str, Any], effect: Effect
) -> None:
    assert effect_of(rule_id, **changes) is effect


def test_a_rule_taken_out_is_looser_and_a_new_one_tighter() -> None:
    less = {**SHIPPED, "rules": [rule for rule in SHIPPED["rules"] if rule["id"] != "C1"]}
    whole, without = compile_pack(SHIPPED), compile_pack(less)
    assert [(c.move, c.effect, c.loosens) for c in compare(whole, without)] == [
        (Move.REMOVED, Effect.LOOSER, True)
    ]
    assert [(c.move, c.effect) for c in compare(without, whole)] == [(Move.ADDED, Effect.TIGHTER)]


def test_an_exemption_is_the_other_way_round() -> None:
    less = {**SHIPPED, "rules": [rule for rule in SHIPPED["rules"] if rule["id"] != "X1"]}
    assert compare(compile_pack(SHIPPED), compile_pack(less))[0].effect is Effect.TIGHTER
    assert compare(compile_pack(less), compile_pack(SHIPPED))[0].loosens


def test_the_same_document_differs_in_nothing() -> None:
    assert compare(compile_pack(SHIPPED), compile_pack(copy.deepcopy(SHIPPED))) == ()


CHANGES = st.one_of(
    st.builds(lambda n: ("C1", {"limit": n}), st.one_of(st.none(), st.integers(0, 4))),
    st.builds(lambda n: ("C2", {"window": {"rolling_days": n}}), st.integers(1, 20)),
    st.builds(lambda n: ("C2", {"limit": n}), st.integers(0, 5)),
    st.builds(lambda s: ("C4G", {"min_gap_s": s}), st.integers(1, 30_000)),
    st.builds(
        lambda a, b: ("W1", {"windows": hours((f"{a:02}:00", f"{b:02}:00"))}),
        st.integers(6, 12),
        st.integers(13, 22),
    ),
    st.builds(lambda s: ("W1", {"tail_guard_s": s}), st.integers(0, 7200)),
    st.builds(lambda n: ("K1", {"max_age_months": n}), st.integers(0, 6)),
)


@given(
    change=CHANGES,
    minutes=st.integers(0, 3 * 1440),
    calls=st.lists(st.integers(1, 20 * 1440), max_size=5),
)
def test_what_is_called_tighter_never_lets_a_blocked_call_through(
    change: tuple[str, dict[str, Any]], minutes: int, calls: list[int]
) -> None:
    rule_id, values = change
    old, new = compile_pack(SHIPPED), compile_pack(document(rule_id, **values))
    found = compare(old, new)
    at = beijing("2026-11-24 00:00") + timedelta(minutes=minutes)
    history = tuple(
        attempt((at - timedelta(minutes=ago)).strftime("%Y-%m-%d %H:%M")) for ago in calls
    )
    facts = clean_facts(at, contacts=history)
    before = decide(facts, human(), EffectivePack((old,)), at).allowed
    after = decide(facts, human(), EffectivePack((new,)), at).allowed
    if all(each.effect in (Effect.TIGHTER, Effect.NONE) for each in found):
        assert before or not after
    if found and all(each.effect is Effect.LOOSER for each in found):
        assert after or not before


WHOM = st.sampled_from([{}, {"actors": ["human"]}, {"actors": ["robot"]}])


@given(
    WHOM, st.sampled_from([60, 1800]), st.sampled_from(Actor), st.integers(-40, 40), st.booleans()
)
def test_an_exemption_that_is_called_tighter_relaxes_no_more_calls(
    whom: dict[str, Any], tolerance: int, actor: Actor, minutes: int, talked: bool
) -> None:
    narrower = document("X1", tolerance_s=tolerance, **whom)
    old, new = compile_pack(SHIPPED), compile_pack(narrower)
    assert all(each.effect is Effect.TIGHTER for each in compare(old, new))
    promised = beijing("2026-11-24 21:00")  # after hours
    at = promised + timedelta(minutes=minutes)
    facts = clean_facts(
        at,
        contacts=(conversation("2026-11-23 10:00"),) if talked else (),
        exemptions=(Exemption(1, ExemptionKind.CALLBACK, number_id=1, at=promised),),
    )
    kind = DialKind.ROBOT if actor is Actor.ROBOT else DialKind.CALLBACK
    intent = human(purpose=Purpose.CALLBACK, actor=actor, kind=kind)
    before = decide(facts, intent, EffectivePack((old,)), at)
    after = decide(facts, intent, EffectivePack((new,)), at)
    assert before.allowed or not after.allowed
    relaxed = actor.value in whom.get("actors", [actor.value])
    relaxed = relaxed and abs(minutes) * 60 <= tolerance
    assert after.allowed is relaxed


def test_of_several_exemptions_the_narrowest_that_speaks_about_the_call_counts() -> None:
    own = {"id": "X2", "kind": "exemption", "tolerance_s": 600, "actors": ["human"]}
    stack = pack_of({**own, "legal_ref": "-"})
    found = {
        actor: rule.id
        for actor in Actor
        if (rule := stack.exemption_for(Purpose.CALLBACK, actor)) is not None
    }
    assert found == {Actor.HUMAN: "X2", Actor.ROBOT: "X1"}
    assert stack.exemption_for(Purpose.TEST, Actor.HUMAN) is None
