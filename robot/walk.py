"""Walk through scripts at random: `python -m robot.walk [FILE…] [--walks N] [--seed S]`.

Without files the shipped scripts are walked. Prints one line a script and the first broken promise
with the answers that led to it; exits with 1 if there is one. No database.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from robot.domain.documents import ScriptUnreadable, read_yaml
from robot.domain.script import Script
from robot.domain.walking import Fault, walk

SHIPPED: Final = Path(__file__).resolve().parent / "scripts"
WALKS: Final = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="robot.walk", description="Walk scripts at random.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--walks", type=int, default=WALKS, help="walks a script")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    broken = False
    for path in options.files or sorted(SHIPPED.glob("*.yaml")):
        try:
            script = read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ScriptUnreadable) as error:
            sys.stdout.write(f"{path.name}: cannot be read ({error})\n")
            broken = True
            continue
        fault = first_fault(script, walks=options.walks, seed=options.seed)
        broken = broken or fault is not None
        sys.stdout.write(f"{path.name}: {_line(fault, options.walks)}\n")
        sys.stdout.flush()
    return int(broken)


def first_fault(script: Script, *, walks: int, seed: int) -> Fault | None:
    """The first walk that breaks a promise; the same seed walks the same ways."""
    chance = Random(seed)
    for _ in range(walks):
        fault = walk(script, chance)
        if fault is not None:
            return fault
    return None


def _line(fault: Fault | None, walks: int) -> str:
    if fault is None:
        return f"{walks} walks, all promises kept"
    return f"{fault.rule} at {fault.node} after {' / '.join(fault.answers)}"


if __name__ == "__main__":
    raise SystemExit(main())
