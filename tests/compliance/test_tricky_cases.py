"""The table of tricky cases in docs/may-we-call.md names scenarios and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
#: The numbers of the reference; the others it leaves out on purpose.
NUMBERS = [1, 2, 4, 5, 7, 9, 12, 13, 14, 17, 18, 19, 21, 23, 24, 26, 28, 31, 32, 33, 34, 35, 37]


def rows() -> dict[int, str]:
    """What the table's last column says, by number."""
    found: dict[int, str] = {}
    text = (ROOT / "docs" / "may-we-call.md").read_text(encoding="utf-8")
    for numbers, where in re.findall(r"^\| ([\d, ]+) \|.*\| (.+) \|$", text, re.MULTILINE):
        found |= dict.fromkeys(map(int, numbers.split(",")), where)
    return found


def test_every_case_has_its_row() -> None:
    assert sorted(rows()) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_row_names_exists(number: int) -> None:
    where = rows()[number]
    named = 0
    for file, names in re.findall(r"`([\w-]+\.yaml)` ([\w, ]+)", where):
        document = yaml.safe_load((ROOT / "compliance" / "scenarios" / file).read_text("utf-8"))
        known = {scenario["name"].split()[0] for scenario in document["scenarios"]}
        for name in names.replace(" ", "").split(","):
            assert name in known, f"{file}: {name}"
            named += 1
    for file, test in re.findall(r"`(test_\w+\.py)::(\w+)`", where):
        texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob(file)]
        assert any(re.search(rf"def {test}\(", text) for text in texts), f"{file}: {test}"
        named += 1
    assert named
