"""Random walks keep every promise, and notice when a script breaks one."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot import walk
from robot.domain.documents import read_yaml
from robot.domain.engine import FAULT
from robot.domain.golden import AT
from robot.domain.script import DISCLOSURES
from robot.domain.steps import Say, State, Step
from robot.domain.walking import Witness
from tests.robot.scripts import SCRIPTS

SHIPPED = walk.SHIPPED / "cc-instalment-prescreen.yaml"


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_thousand_walks_over_a_shipped_script_keep_every_promise(name: str) -> None:
    assert walk.first_fault(SCRIPTS[name], walks=1_000, seed=20261126) is None


@pytest.mark.parametrize(
    ("broken", "old", "new"),
    [
        # the robot does not say what it is before it offers something
        ("not_disclosed", "disclose.bank, disclose.robot, ", "disclose.bank, "),
        # "别再打了" is answered with a question
        ("did_not_stop", "opt_out: end_optout\n", "opt_out: ask_callback\n"),
        # an opt-out that nobody writes down
        ("did_not_stop", "end: OPT_OUT, effects: [dnc.add]", "end: OPT_OUT, effects: []"),
    ],
)
def test_a_walk_finds_the_broken_promise(broken: str, old: str, new: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    fault = walk.first_fault(read_yaml(text.replace(old, new)), walks=3_000, seed=1)
    assert fault is not None
    assert fault.rule == broken
    assert fault.answers


def said(*tags: str, **state: object) -> Step:
    line = Say(text="…", node="n", tags=frozenset(tags))
    return Step(state=State(node="n", started_at=AT).evolve(**state), replies=(line,))


@pytest.mark.parametrize(
    ("broken", "steps"),
    [
        ("not_disclosed", [said("sell")]),
        ("not_identified", [said(*DISCLOSURES), said("personal")]),
        ("sold_after_refusal", [said(*DISCLOSURES), said(refusals=1), said("sell")]),
        ("robot_fault", [said(outcome=FAULT)]),
        ("", [said(*DISCLOSURES), said("sell"), said("personal", identified=True)]),
    ],
)
def test_a_witness_names_the_promise_that_the_engine_itself_would_not_break(
    broken: str, steps: list[Step]
) -> None:
    witness = Witness()
    assert [witness.broken(step) for step in steps] == ["" for _ in steps[1:]] + [broken]


def test_the_command_exits_with_one_on_a_broken_promise_and_names_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace("opt_out: end_optout\n", "opt_out: ask_callback\n"))
    unreadable = tmp_path / "unreadable.yaml"
    unreadable.write_text("nodes: [")
    assert walk.main(["--walks", "50", str(SHIPPED)]) == 0
    assert walk.main(["--walks", "3000", str(broken), str(unreadable)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "cc-instalment-prescreen.yaml: 50 walks, all promises kept"
    assert told[1].startswith("broken.yaml: did_not_stop at ask_callback after ")
    assert told[2].startswith("unreadable.yaml: cannot be read")
