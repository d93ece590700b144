"""The values of rules: what is taken for one, and what is refused with a sentence that helps."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from compliance import pack_source
from compliance.campaign_limits import LimitsUnreadable, read_limits
from compliance.document_wording import told
from compliance.domain.decide import decide
from compliance.domain.intervals import Window
from compliance.domain.pack import PackError, compile_pack
from compliance.domain.pack_checking import Problem, problems
from compliance.domain.rules.time_window import TimeWindowRule
from compliance.packs import read_shipped
from console.texts.packs import rule_sentence
from tests.compliance.world import beijing, clean_facts, cn_bank, human, pack_of


def with_rule(rule_id: str, **changes: Any) -> dict[str, Any]:
    found = copy.deepcopy(read_shipped("cn-bank"))
    assert any(rule["id"] == rule_id for rule in found["rules"])
    found["rules"] = [
        {**rule, **changes} if rule["id"] == rule_id else rule for rule in found["rules"]
    ]
    return found


def said(found: list[Problem]) -> list[str]:
    """Each mistake as people read it: none is left without words of its own."""
    with override("en"):
        sentences = [told(each.kind, each.message, each.values).text for each in found]
        assert told("?", "?").text not in sentences
    return sentences


# --- times of day ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "window",
    [
        [900, 1200],
        [-600, 99_999],
        [True, False],
        ["09:00", 720],
        [540, "12:00"],
        ["09:00"],
        ["09:00", "12:00", "14:00"],
        ["9am", "5pm"],
        ["09:60", "12:00"],
        ["09:00", "24:01"],
        ["-1:00", "12:00"],
        ["+9:00", "12:00"],
        ["٠٩:٠٠", "12:00"],
        ["00:00", "00:00"],
        ["09:00", "09:00"],
        ["24:00", "08:00"],
        ["20:00", "00:00"],
        {"start": "09:00", "end": "12:00"},
        "09:00-12:00",
        540,
        None,
    ],
)
def test_hours_are_two_times_of_day_and_nothing_else(window: Any) -> None:
    document = with_rule("W1", windows={"workday": [window]})
    with pytest.raises(PackError, match="rule W1"):
        compile_pack(document)
    assert len(said(problems(document))) == 1
    region = with_rule("W1", regions={"CN-65": {"workday": [window]}})
    assert len(said(problems(region))) == 1
    with pytest.raises(LimitsUnreadable) as raised:
        read_limits({"rules": [{"id": "W", "kind": "time_window", "windows": {"rest": [window]}}]})
    assert all(raised.value.sentences())


def test_times_of_day_without_quotes_are_named_with_their_line() -> None:
    text = pack_source.write(read_shipped("cn-bank"))
    plain = text.replace("['09:00', '12:00']", "[10:00, 12:00]", 1)
    assert plain != text
    source = pack_source.read(plain)
    (mistake,) = source.mistakes
    assert "in quotes" in said([mistake.problem])[0]
    assert plain.splitlines()[mistake.line - 1].lstrip().startswith("workday: [[10:00")


@given(st.integers(0, 1440), st.integers(0, 1440))
def test_every_span_that_lasts_is_taken_as_it_is_written(start: int, end: int) -> None:
    written = [f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end)]
    rule = {"id": "N", "kind": "time_window", "windows": {"workday": [written]}}
    if start == end or start == 1440 or end == 0:
        with pytest.raises(PackError, match="is no time"):
            pack_of(rule)
        return
    compiled = next(each.rule for each in pack_of(rule).rules if each.rule.id == "N")
    assert isinstance(compiled, TimeWindowRule)
    assert list(compiled.windows.values()) == [(Window(start, end),)]


# --- regions --------------------------------------------------------------------------------------


def entry(*areas: str) -> dict[str, Any]:
    return {
        "since": "2026-06-07T00:00:00+08:00",
        "until": "2026-06-09T00:00:00+08:00",
        "reason": "exams",
        "areas": list(areas),
    }


@pytest.mark.parametrize("region", ["CN-99", "CN-Xinjiang", "cn-65", "US-XX", "Xinjiang", "C", ""])
@pytest.mark.parametrize(
    ("rule_id", "changes", "path"),
    [
        ("C1", lambda region: {"areas": ["CN-33", region]}, ("areas", 1)),
        ("W1", lambda region: {"regions": {region: {}}}, ("regions",)),
        ("A1", lambda region: {"carrier_regions": {"a": [region]}}, ("carrier_regions", "a", 0)),
        ("B1", lambda region: {"entries": [entry("CN", region)]}, ("entries", 0, "areas", 1)),
    ],
)
def test_a_region_that_does_not_exist_is_named_where_it_stands(
    region: str, rule_id: str, changes: Any, path: tuple[str | int, ...]
) -> None:
    document = with_rule(rule_id, **changes(region))
    (found,) = problems(document)
    assert found.path[2 : 2 + len(path)] == path
    assert f"“{region}”" in said([found])[0]
    # a version that was signed with it stays readable
    compile_pack(document)


def test_a_packs_own_areas_and_a_campaigns_are_looked_at_too() -> None:
    document = {**read_shipped("us-tsr"), "areas": ["US-NY", "US-ZZ"]}
    (found,) = [each for each in problems(document) if each.kind == "no_such_region"]
    assert found.path == ("areas", 1)
    with pytest.raises(LimitsUnreadable, match="no region CN-99"):
        read_limits({"rules": [{"id": "B", "kind": "blackout", "entries": [entry("CN-99")]}]})


@pytest.mark.parametrize("name", ["cn-bank", "us-tsr", "uk-ofcom"])
def test_the_shipped_packs_are_without_a_mistake(name: str) -> None:
    assert problems(read_shipped(name)) == []


# --- numbers and truths ---------------------------------------------------------------------------

#: Where a whole number stands, in a rule of the shipped pack.
NUMBERS: list[tuple[str, Any]] = [
    ("C1", lambda value: {"limit": value}),
    ("C2", lambda value: {"window": {"rolling_days": value}}),
    ("C4G", lambda value: {"min_gap_s": value}),
    ("W1", lambda value: {"tail_guard_s": value}),
    ("K1", lambda value: {"max_age_months": value}),
    ("K3", lambda value: {"register_max_age_days": value}),
    ("K3", lambda value: {"registers": {"industry": {"days": value}}}),
    ("O1-bought", lambda value: {"days": value}),
    ("O1-refused", lambda value: {"months": value}),
    ("N1", lambda value: {"owner_max_age_days": value}),
    ("S1", lambda value: {"assessment_max_age_months": value}),
    ("S1", lambda value: {"max_rating_by_phone": value}),
    ("S1", lambda value: {"matrix": {"1": value}}),
    ("S1", lambda value: {"max_rating": {"robot": value}}),
    ("S2", lambda value: {"min_age": value}),
    ("S2", lambda value: {"bands": [{"from_age": value}]}),
    ("S2", lambda value: {"bands": [{"from_age": 65, "max_rating": value}]}),
    ("S2", lambda value: {"capacity": {"none": 0, "limited": value}}),
    ("P1", lambda value: {"abandoned_again_hours": value}),
    ("T1", lambda value: {"limit": value}),
    ("F1", lambda value: {"lease_s": value}),
    ("X1", lambda value: {"tolerance_s": value}),
]


@pytest.mark.parametrize("value", [True, False, "5", "99999", "5000000", 2.5, -1])
@pytest.mark.parametrize(("rule_id", "changes"), NUMBERS)
def test_a_number_is_a_whole_number_and_no_word_or_truth_for_one(
    rule_id: str, changes: Any, value: Any
) -> None:
    document = with_rule(rule_id, **changes(value))
    with pytest.raises(PackError, match=f"rule {rule_id}"):
        compile_pack(document)
    assert said(problems(document))[0].startswith(("A whole number", "It must be"))


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, "on"])
@pytest.mark.parametrize(
    ("rule_id", "changes"),
    [
        ("W1", lambda value: {"relaxed_by_callback": value}),
        ("K1", lambda value: {"profiling": value}),
        ("A1", lambda value: {"signed": value}),
        ("A1", lambda value: {"line": value}),
        ("S2", lambda value: {"bands": [{"from_age": 65, "whitelist": value}]}),
        ("K3", lambda value: {"overridden_by": {"consent": value}}),
    ],
)
def test_a_truth_is_true_or_false(rule_id: str, changes: Any, value: Any) -> None:
    assert said(problems(with_rule(rule_id, **changes(value)))) == [
        "Yes or no is needed (true or false)."
    ]


def test_a_campaigns_limits_cannot_pass_the_bounds_in_quotes() -> None:
    limits = {"rules": [{"id": "K", "kind": "consent", "max_age_months": "99999"}]}
    with pytest.raises(LimitsUnreadable):
        read_limits(limits)
    now = beijing("2026-11-24 10:00")
    decision = decide(clean_facts(now), human(campaign_limits=limits), cn_bank(), now)
    assert decision.codes == ["DEP_CAMPAIGN_LIMITS"]


def test_a_key_without_a_value_is_no_null() -> None:
    text = pack_source.write(read_shipped("cn-bank"))
    off, empty = (text.replace("limit: 2\n", f"limit:{to}\n", 1) for to in (" null", ""))
    assert text not in (off, empty)
    assert pack_source.read(off).mistakes == ()
    source = pack_source.read(empty)
    assert source.document is None
    (mistake,) = source.mistakes
    assert empty.splitlines()[mistake.line - 1].strip() == "limit:"
    assert "null" in said([mistake.problem])[0]
    # an empty text is one
    quoted = text.replace("registered_use: marketing_out", "registered_use: ''", 1)
    assert quoted != text
    assert pack_source.read(quoted).document is not None


def test_a_limit_that_is_off_is_said_to_be_off_whatever_its_sentence_names() -> None:
    pack = compile_pack(with_rule("C1", limit=None, zh="每天两次", en="Twice a day"))
    found = next(rule for _, rule in pack.rules if rule.id == "C1")
    assert found.is_off
    assert rule_sentence(found, "en") != "Twice a day"
    assert not any(rule.is_off for _, rule in cn_bank().rules)


# --- rules that would never speak -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule_id", "name"),
    [
        *((rule_id, name) for rule_id in ("C1", "K1", "W1") for name in ("actors", "purposes")),
        ("K2", "sources"),
        ("K2", "keys"),
        ("K2", "channels"),
        ("O1-refused", "outcomes"),
        ("A2", "subjects"),
    ],
)
def test_a_rule_that_names_nothing_is_refused_while_it_is_written(rule_id: str, name: str) -> None:
    document = with_rule(rule_id, **{name: []})
    (found,) = problems(document)
    assert found.path[2:] == (name,)
    assert "never speak" in said([found])[0]
    # a version that was signed so stays readable
    compile_pack(document)


@pytest.mark.parametrize(
    ("rule_id", "changes"),
    [
        ("O1-refused", {"outcomes": ["refused", "REFUSED"]}),
        ("P1", {"machine_outcomes": ["Machine"]}),
        ("K3", {"overridden_by": {"business": [{"outcomes": ["SOLD"], "months": 18}]}}),
    ],
)
def test_an_outcome_that_the_ledger_never_has_is_named(
    rule_id: str, changes: dict[str, Any]
) -> None:
    assert "lower case" in said(problems(with_rule(rule_id, **changes)))[0]
