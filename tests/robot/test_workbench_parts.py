"""What the workbench shows of a script: its picture, its differences, where answers lead."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.domain import engine, trying
from robot.domain.differences import differences
from robot.domain.documents import ScriptUnreadable, read_yaml
from robot.domain.drawing import effective, picture, ways
from robot.domain.editing import changed
from robot.domain.golden import AT, examples
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import LABELS
from robot.domain.rendering import variables
from robot.domain.steps import Heard, State
from robot.domain.validation.matrix import Always
from tests.robot.scripts import INSTALMENT, SCRIPTS, SOURCES

SOURCE = SOURCES["cc-instalment-prescreen"]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_picture_is_plain_json_with_every_node_and_no_arrow_into_nothing(name: str) -> None:
    drawn = json.loads(json.dumps(picture(SCRIPTS[name])))
    names = {node["name"] for node in drawn["nodes"]}
    assert names == set(SCRIPTS[name].nodes)
    assert all(way["source"] in names and way["target"] in names for way in drawn["ways"])
    assert drawn["safety"]["opt_out"] in names


def test_answers_that_lead_to_the_same_node_share_an_arrow() -> None:
    arrows = {(way.source, way.target): way.whys for way in ways(INSTALMENT)}
    assert arrows["pitch", "amount"] == ("affirm", "interested")
    assert arrows["pitch", "end_refused"] == ("deny",)


@pytest.mark.parametrize("intent", LABELS)
@pytest.mark.parametrize("node", ["open", "pitch"])
def test_the_effective_table_says_what_the_engine_does(node: str, intent: str) -> None:
    row = next(row for row in effective(INSTALMENT, node) if row.intent == intent)
    values = variables(INSTALMENT, examples(INSTALMENT))
    state = State(node=node, started_at=AT, variables=values, identified=True)
    step = engine.step(INSTALMENT, state, Heard(at=AT, text="…"), Always(intent, continue_=True))
    assert step.trace.matched == row.layer
    if row.target in INSTALMENT.nodes and row.target != "amount":
        # a slot that is known already, or no free agent, may lead on from there at once
        assert row.target in step.trace.path
        assert step.trace.path[0] == row.target


def test_the_same_script_does_not_differ() -> None:
    assert differences(INSTALMENT, INSTALMENT) == []


@pytest.mark.parametrize(
    ("old", "new", "kind", "where", "english"),
    [
        (
            "affirm: amount, interested: amount",
            "affirm: consent, interested: amount",
            "changed",
            "nodes.pitch.next.affirm",
            "The way of affirm at node pitch was “amount” and is “consent”",
        ),
        (
            "turns: 14",
            "turns: 12",
            "changed",
            "limits.turns",
            "The limit turns was “14” and is “12”",
        ),
        (
            "  end_have: {say",
            "  end_new: {say: 再见, end: NEW}\n  end_have: {say",
            "added",
            "nodes.end_new",
            "Node end_new is new: 再见",
        ),
        (
            "  hesitate: end_later\n",
            "",
            "removed",
            "globals.hesitate",
            "The global intent hesitate is gone: end_later",
        ),
    ],
)
def test_a_difference_is_a_sentence(
    old: str, new: str, kind: str, where: str, english: str
) -> None:
    assert old in SOURCE
    found = differences(INSTALMENT, read_yaml(SOURCE.replace(old, new, 1)))
    assert [(one.kind, one.where, one.en) for one in found] == [(kind, where, english)]
    assert found[0].zh and found[0].zh != found[0].en


def test_one_value_changes_and_the_rest_stays_as_it_was_written() -> None:
    new = changed(SOURCE, ["nodes", "end_have", "say"], "好的，谢谢：再见。")
    before, after = SOURCE.splitlines(), new.splitlines()
    lines = [(old, now) for old, now in zip(before, after, strict=True) if old != now]
    assert len(lines) == 1
    assert "好的，谢谢：再见。" in lines[0][1]
    assert new.startswith("# Credit-card instalment pre-screen")
    assert read_yaml(new).nodes["end_have"].say == "好的，谢谢：再见。"


def test_a_value_is_added_where_there_was_none_and_taken_away_again() -> None:
    more = changed(SOURCE, ["nodes", "pitch", "next", "ask_price"], "amount")
    assert read_yaml(more).nodes["pitch"].next["ask_price"] == "amount"
    assert read_yaml(changed(more, ["nodes", "pitch", "next", "ask_price"], None)) == INSTALMENT
    assert changed(SOURCE, ["nodes", "nobody", "say"], None) == SOURCE


@pytest.mark.parametrize(
    ("text", "path"), [("nodes: [", ["a"]), ("- 1\n", ["a"]), ("a: 1\n", ["a", "b"]), (SOURCE, [])]
)
def test_what_cannot_be_changed_is_said(text: str, path: list[str]) -> None:
    with pytest.raises(ScriptUnreadable):
        changed(text, path, "x")


@given(st.text(max_size=200), st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_no_source_makes_the_form_crash(text: str, path: list[str]) -> None:
    try:
        changed(text, path, "x")
    except ScriptUnreadable as error:
        assert error.faults


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_the_matrix_of_a_shipped_script_is_all_as_it_should_be(name: str) -> None:
    rows = trying.matrix(SCRIPTS[name])
    assert rows
    assert all(cell.good for row in rows for cell in row.cells)
    assert all(len(row.cells) == len(trying.COLUMNS) for row in rows)


def test_the_matrix_shows_where_a_stop_is_not_heeded() -> None:
    deaf = read_yaml(SOURCE.replace("opt_out: end_optout\n", "opt_out: ask_callback\n"))
    column = trying.COLUMNS.index("opt_out")
    assert not any(row.cells[column].good for row in trying.matrix(deaf))


def test_a_golden_dialogue_that_goes_another_way_says_so() -> None:
    other = read_yaml(SOURCE.replace("end: REFUSED, effects: [cooldown]", "end: SOLD"))
    wrong = [one for one in trying.dialogues(other, shipped()) if one.wrong]
    assert [(one.name, one.wrong) for one in wrong] == [
        ("refusal", ("ended REFUSED, expected SOLD",))
    ]
