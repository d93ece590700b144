"""`python -m bench`: by name, one JSON object; and that the carrier's bench counts everything."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import main, names


def test_an_unknown_name_brings_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == main([]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "carrier" in said.err
    assert "carrier" in names() and "__main__" not in names()


def test_the_carriers_bench_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["carrier", "--size", "small", "--json"]) == 0
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert printed.count("\n") == 1
    assert list(found) == ["bench", "size", "figures", "limit", "ratio", "targets", "python"]
    assert found["figures"]["calls"] == 1000
    assert found["figures"]["webhooks"] == 4243  # seed 1: the same people every time
    assert {t["name"]: t["target"] for t in found["targets"]} == {
        "creates_per_s": 700,
        "webhooks_per_s": 1400,
        "memory_mb": 100,
    }
