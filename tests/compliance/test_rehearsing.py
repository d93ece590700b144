"""`manage.py rehearse`: shipped scenarios pass, a wrong expectation fails, rubbish is named."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.rehearsing import rehearse

SHIPPED = Path(__file__).resolve().parents[2] / "compliance" / "scenarios"


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_scenarios_pass(path: Path) -> None:
    assert [(r.name, r.difference) for r in rehearse(path) if not r.passed] == []


def test_the_command_prints_one_line_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rehearse", str(SHIPPED / "cn-bank.yaml"))
    lines = capsys.readouterr().out.splitlines()
    assert lines and all(line.startswith("pass  cn-bank.yaml") for line in lines)


def test_a_scenario_that_comes_out_otherwise_fails_and_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path,
        "scenarios: [{name: wrong, at: 2026-11-24 10:00:00, expect: {decision: block}}]",
    )
    with pytest.raises(SystemExit) as stopped:
        call_command("rehearse", str(path), "--json")
    assert stopped.value.code == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert result["passed"] is False
    assert result["difference"] == "decision allow, expected block"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "scenarios: []",
        "scenarios: [{name: x, at: 2026-11-24 10:00:00, expect: {decision: perhaps}}]",
        "scenarios: [{name: x, at: noon, expect: {decision: allow}}]",
        "scenarios: [{name: x, at: 2026-11-24, pack: none, expect: {decision: allow}}]",
        "{{{",
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match=r"policy\.yaml|none"):
        call_command("rehearse", str(write(tmp_path, text)))


def scenarios_of(text: str) -> list[str]:
    """The YAML of a page: whole files, lists of scenarios, and a `given`."""
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.S)
    whole = [block for block in blocks if block.startswith("scenarios:")]
    lists = [f"scenarios:\n{block}" for block in blocks if block.startswith("- name:")]
    head = "scenarios:\n- name: all\n  at: 2026-11-24 10:00:00\n  expect: {decision: block}\n"
    given = [head + textwrap.indent(block, "  ") for block in blocks if block.startswith("given:")]
    assert len(whole) + len(lists) + len(given) == len(blocks)
    return whole + lists + given


def test_the_examples_of_the_page_run(tmp_path: Path) -> None:
    text = (SHIPPED.parents[1] / "docs" / "rehearsing-policy.md").read_text(encoding="utf-8")
    (tmp_path / "packs").symlink_to(SHIPPED / "packs")
    found = [result for one in scenarios_of(text) for result in rehearse(write(tmp_path, one))]
    assert len(found) >= 5
    assert [(result.name, result.difference) for result in found if not result.passed] == []


def test_every_scenario_of_the_reference_is_rehearsed_or_tested_at_the_gate() -> None:
    names = [r.name for path in SHIPPED.glob("*.yaml") for r in rehearse(path)]
    assert len(names) == len(set(names))
    numbers = {int(found[1]) for name in names if (found := re.match(r"(\d+)[a-z]? ", name))}
    at_the_gate = {12, 13, 32, 33}
    assert numbers | at_the_gate >= {
        *(1, 2, 4, 5, 7, 9, 12, 13, 14, 17, 18, 19, 21, 23, 24, 26, 28, 31, 32, 33, 34, 35, 37)
    }
