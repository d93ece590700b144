"""`bin/demo --headless`, small: a campaign from the customer file to its figures, and again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.demo import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("stack")]

#: Everything that is said to be in the file of figures.
KEYS = {
    "customers", "listed", "blocked", "approved", "calls", "answered", "conversations",
    "interested", "transferred", "connected", "abandoned", "opt_outs", "outcomes", "violations",
    "seconds", "behaviour_digest",
}  # fmt: skip


def headless(folder: Path, *, seed: int, speed: int) -> dict[str, Any]:
    """One run with a fresh database, its figures. The other tests' stack migrates its own."""
    result = folder / f"{seed}-{speed}.json"
    command = ["--headless", "--customers", "50", "--seed", str(seed), "--speed", str(speed)]
    command += ["--template", os.environ["TEST_DATABASE_TEMPLATE"]]
    done = subprocess.run(
        [sys.executable, "-m", "config.demo", *command, "--json", str(result)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures: dict[str, Any] = json.loads(result.read_text())
    return figures


def test_a_campaign_runs_to_its_end_and_the_same_seed_gives_the_same_behaviour(
    tmp_path: Path,
) -> None:
    first = headless(tmp_path, seed=5, speed=240)
    assert set(first) >= KEYS
    # somebody who was approved may still be stopped by the gate (an opt-out on a shared number)
    assert first["listed"] <= first["approved"] + sum(first["blocked"].values())
    assert first["approved"] >= first["calls"] > 0
    assert not any(first["violations"].values())
    # another speed, another load: every customer behaves the same
    second = headless(tmp_path, seed=5, speed=150)
    for name in ("listed", "blocked", "approved", "calls", "outcomes", "behaviour_digest"):
        assert first[name] == second[name], name
