"""The shipped scenarios are the packs' regression tests: no rule can go without one noticing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from compliance import rehearsing
from compliance.domain.pack import compile_pack
from compliance.packs import SHIPPED, read_shipped
from compliance.rehearsing import Rehearsed, rehearse

SCENARIOS = Path(rehearsing.__file__).resolve().parent / "scenarios"
#: The files that test a pack; kinds.yaml goes through the kinds of rules with the rules of cn-bank.
FILES = {
    "cn-bank": ("cn-bank.yaml", "kinds.yaml"),
    "uk-ofcom": ("uk-ofcom.yaml",),
    "us-tsr": ("us-tsr.yaml",),
}
RULES = [(code, rule["id"]) for code in FILES for rule in read_shipped(code)["rules"]]

#: What says that a pack lacks a kind of rule it may not lack: then nobody is called at all.
GAP = "DEP_PACK_GAP"
_HOURS = "the rules on hours object themselves to a day of a year that is not loaded"
#: Rules whose objection another rule makes too, and which. Nobody is called without them all the
#: same: of a pack without one it is said that it has a gap.
REDUNDANT = {
    ("cn-bank", "W4"): _HOURS,
    ("cn-bank", "M2"): _HOURS,
    ("uk-ofcom", "W2"): _HOURS,
    ("uk-ofcom", "M2"): _HOURS,
    ("us-tsr", "W2"): _HOURS,
    ("us-tsr", "M2"): _HOURS,
}


@lru_cache(maxsize=len(FILES))
def with_all_rules(code: str) -> tuple[Rehearsed, ...]:
    return tuple(result for name in FILES[code] for result in rehearse(SCENARIOS / name))


def without(code: str, rule_id: str) -> list[Rehearsed]:
    document = read_shipped(code)
    rules = [rule for rule in document["rules"] if rule["id"] != rule_id]
    assert len(rules) == len(document["rules"]) - 1
    draft = compile_pack({**document, "rules": rules})
    return [result for name in FILES[code] for result in rehearse(SCENARIOS / name, draft)]


def notices(before: Rehearsed, after: Rehearsed) -> bool:
    """Whether a scenario comes out otherwise, and not for the gap alone.

    A gap blocks every call, so behind it every scenario that allows one would fail, whatever the
    rule says: what counts then is whether the other reasons are still the same.
    """
    if GAP not in after.decision.codes:
        return not after.passed
    return {*after.decision.codes} - {GAP} != {*before.decision.codes}


def test_every_shipped_pack_has_its_scenarios() -> None:
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(FILES)


@pytest.mark.parametrize(("code", "rule_id"), [key for key in RULES if key not in REDUNDANT])
def test_some_scenario_notices_that_a_rule_is_missing(code: str, rule_id: str) -> None:
    before, after = with_all_rules(code), without(code, rule_id)
    assert [each.name for each in before] == [each.name for each in after]
    noticing = [new.name for old, new in zip(before, after, strict=True) if notices(old, new)]
    assert noticing, f"no scenario of {FILES[code]} is about {rule_id}"


@pytest.mark.parametrize(("code", "rule_id"), REDUNDANT)
def test_without_a_rule_that_others_repeat_nobody_is_called(code: str, rule_id: str) -> None:
    before, after = with_all_rules(code), without(code, rule_id)
    pairs = list(zip(before, after, strict=True))
    assert not any(notices(old, new) for old, new in pairs), "no longer redundant: take it out"
    about = [
        new.decision
        for old, new in pairs
        if any(reason.rule_id == rule_id for reason in old.decision.reasons)
    ]
    assert about and all(not decision.allowed and GAP in decision.codes for decision in about)


@pytest.mark.parametrize("code", FILES)
def test_every_rule_objects_in_some_scenario_of_its_own_pack(code: str) -> None:
    objecting = {
        reason.rule_id for each in with_all_rules(code) for reason in each.decision.reasons
    }
    rules = read_shipped(code)["rules"]
    silent = {rule["id"] for rule in rules if rule["id"] not in objecting}
    assert silent == {rule["id"] for rule in rules if rule["kind"] == "exemption"}
