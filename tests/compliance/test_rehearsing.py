"""`manage.py rehearse`: shipped scenarios pass, a wrong expectation fails, rubbish is named."""

from __future__ import annotations

import json
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
