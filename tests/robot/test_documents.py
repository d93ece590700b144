"""Script documents: read strictly, kept canonically."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robot.domain.documents import (
    ScriptUnreadable,
    canonical,
    canonical_json,
    content_hash,
    read_json,
    read_yaml,
    write_yaml,
)
from robot.domain.expressions import BadExpression, holds
from robot.domain.validation.checking import check
from tests.robot.scripts import INSTALMENT, SOURCES


def test_yaml_out_and_in_is_the_same_script() -> None:
    again = read_yaml(write_yaml(INSTALMENT))
    assert again == INSTALMENT
    assert content_hash(canonical(again)) == content_hash(canonical(INSTALMENT))


def test_the_stored_document_reads_as_the_same_script() -> None:
    assert read_json(canonical(INSTALMENT)) == INSTALMENT


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": "三适"}) == canonical_json({"a": "三适", "b": 1})


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("dialog: 1\nid: x\nid: y\n", 3, "given twice (first on line 2)"),
        ("a: &x 1\nb: *x\n", 1, "aliases"),
        ("a: [1, 2\n", 2, ""),
        ("", 0, "empty"),
        ("? [a]\n: 1\n", 1, "plain text"),
    ],
)
def test_what_cannot_be_read_names_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(ScriptUnreadable) as caught:
        read_yaml(text)
    assert caught.value.faults[0].line == line or not line
    assert any(says in fault.message for fault in caught.value.faults)


def test_an_unknown_key_names_its_line() -> None:
    source = SOURCES["cc-instalment-prescreen"]
    broken = source.replace("  identify:\n", "  identify:\n    sya: 喂\n")
    with pytest.raises(ScriptUnreadable) as caught:
        read_yaml(broken)
    fault = caught.value.faults[0]
    assert fault.message == "unknown key"
    assert broken.splitlines()[fault.line - 1].strip() == "sya: 喂"


def test_a_customers_no_is_text_and_not_false() -> None:
    source = SOURCES["cc-instalment-prescreen"]
    script = read_yaml(source + "  - {name: english, say: [no, on, yes], expect: {}}\n")
    assert script.tests[-1].say == ("no", "on", "yes")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_rubbish_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(ScriptUnreadable):
        read_yaml(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(canonical(INSTALMENT))), JSON)
def test_a_mangled_document_gives_findings_and_never_crashes(key: str, value: object) -> None:
    document = canonical(INSTALMENT)
    document[key] = value
    assert isinstance(check(document), list)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_script_with_moved_targets_never_crashes_the_validator(data: st.DataObject) -> None:
    document = canonical(INSTALMENT)
    name = data.draw(
        st.sampled_from(sorted(n for n, v in document["nodes"].items() if "next" in v))
    )
    edges = document["nodes"][name]["next"]
    key = data.draw(st.sampled_from(sorted(edges)))
    edges[key] = data.draw(st.sampled_from([*document["nodes"], "@repeat", "@no_match", "nowhere"]))
    assert isinstance(check(document), list)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("outcome == CALLBACK and positive >= 2", True),
        ("outcome in [REFUSED, CALLBACK]", True),
        ("not (positive < 2) or false", True),
        ("name == 'x'", False),
        ("segment > 3", False),
        ("true", True),
    ],
)
def test_conditions_mean_what_they_say(expression: str, result: bool) -> None:
    assert holds(expression, {"outcome": "CALLBACK", "positive": 2.0, "name": ""}) is result


@pytest.mark.parametrize(
    "expression", ["", "a ==", "__import__('os')", "a b", "(a", "a in b", "1 +"]
)
def test_other_conditions_are_refused(expression: str) -> None:
    with pytest.raises(BadExpression):
        holds(expression, {})
