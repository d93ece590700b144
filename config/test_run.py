"""Runs the project's checks and tests: `bin/test`, and so CI.

The static checks run side by side, for mypy keeps one core busy and the others hardly one; pytest
follows with the machine to itself, since some tests watch the clock. All steps run even when one
fails. PostgreSQL and Redis are embedded unless DATABASE_URL and REDIS_URL name real ones.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.embedded.folder import EmbeddedError, end_processes
from config.embedded.servers import Servers
from config.processes import interruptible, undisturbed
from config.test_database import prepare_template

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state" / "test"
# Not resolved: the programs lie beside the virtual environment's link to Python.
PROGRAMS = Path(sys.executable).parent

STATIC: dict[str, list[str]] = {
    "ruff": [sys.executable, "-m", "ruff", "check", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "imports": [str(PROGRAMS / "lint-imports")],
    "mypy": [sys.executable, "-m", "mypy", "."],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
}
PYTEST = "pytest"
STEPS = [*STATIC, PYTEST]

CHROMIUMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL_CHROMIUM = "sudo apt-get install -y chromium fonts-noto-cjk"

# Settings the tests run with, where the environment does not say otherwise.
DEFAULTS = {
    "SANDBOX": "1",
    "DEBUG": "0",
    "SECRET_KEY": "for-tests-only",
    # The workers keep every core busy; a training's threads would only spin for one another.
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Result:
    """How one step ended. `seconds` is wall-clock time."""

    step: str
    passed: bool
    seconds: float


@dataclass
class Started:
    """A static check on its way; its output waits in a file."""

    step: str
    popen: subprocess.Popen[bytes]
    output: IO[bytes]
    began: float


def main(arguments: Sequence[str]) -> int:
    """Runs what the command line asks for; the exit status is 0 when all of it passed."""
    wanted, pytest_arguments = parse(arguments)
    environment = {**DEFAULTS, **os.environ}
    # the tests start some hundred processes: compiled once is enough
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if PYTEST in wanted:
        chromium = find_chromium(os.environ)
        if chromium is None:
            say(f"The browser tests need Chromium. Install it: {INSTALL_CHROMIUM}")
            return 1
        environment["CHROMIUM"] = chromium
    try:
        with interruptible(), Servers.start(STATE, durable=False) as servers:
            environment |= servers.environment | servers.folder.environment
            if PYTEST in wanted:
                environment["TEST_DATABASE_TEMPLATE"] = prepare_template(ROOT, environment)
            try:
                results = run(wanted, pytest_arguments, environment)
            finally:
                with undisturbed():
                    left = servers.folder.marked_processes()
                    end_processes(left, grace=5)
            if left:
                say(f"The tests left {len(left)} processes behind; they have been ended.")
    except EmbeddedError as error:
        say(str(error))
        return 1
    except subprocess.CalledProcessError:
        say("The migrations failed: there is no database to test with.")
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    summarise(results)
    return 0 if all(result.passed for result in results) else 1


def parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The steps to run, and the arguments for pytest: all that is not ours."""
    parser = argparse.ArgumentParser(
        prog="bin/test",
        description="All checks and tests. What is not listed here goes to pytest.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only", action="append", choices=STEPS, help="run this step alone (may be repeated)"
    )
    known, rest = parser.parse_known_args(list(arguments))
    return known.only or STEPS, rest


def find_chromium(environ: Mapping[str, str]) -> str | None:
    """The path of a Chromium that runs: $CHROMIUM, or one of the usual names.

    It is tried, because Ubuntu's `chromium-browser` may be a stub that only points to a snap.
    """
    for name in filter(None, (environ.get("CHROMIUM", ""), *CHROMIUMS)):
        path = shutil.which(name, path=environ.get("PATH"))
        if path is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                tried = subprocess.run([path, "--version"], capture_output=True, timeout=60)
                if tried.returncode == 0:
                    return path
    return None


def run(
    wanted: Sequence[str], pytest_arguments: Sequence[str], environment: Mapping[str, str]
) -> list[Result]:
    """Runs the static checks together, then pytest."""
    results = run_static([step for step in STATIC if step in wanted], environment)
    if PYTEST in wanted:
        say("\n== pytest")
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", *spread(pytest_arguments), *pytest_arguments]
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        results.append(Result(PYTEST, status == 0, time.monotonic() - began))
    return results


def spread(pytest_arguments: Sequence[str]) -> list[str]:
    """Two workers, unless the arguments say how many, or want a debugger at the terminal."""
    decided = ("-n", "--numprocesses", "--pdb", "--trace", "no:xdist")
    if any(argument.startswith(decided) for argument in pytest_arguments):
        return []
    # a group (the tests on the whole stack) stays on one worker
    return ["-n", "2", "--dist", "loadgroup"]


def run_static(steps: Sequence[str], environment: Mapping[str, str]) -> list[Result]:
    """Runs the checks side by side; each one's output is shown in one piece, in order."""
    started = []
    for step in steps:
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after reading
        popen = subprocess.Popen(
            STATIC[step], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        started.append(Started(step, popen, output, time.monotonic()))
    ended: dict[str, Result] = {}
    while len(ended) < len(started):
        for check in started:
            status = check.popen.poll()
            if status is not None and check.step not in ended:
                seconds = time.monotonic() - check.began
                ended[check.step] = Result(check.step, status == 0, seconds)
        time.sleep(0.05)
    for check in started:
        check.output.seek(0)
        said = check.output.read().decode(errors="replace").strip()
        check.output.close()
        verdict = "passed" if ended[check.step].passed else f"FAILED\n{said}"
        say(f"== {check.step}: {verdict}")
    return [ended[step] for step in steps]


def summarise(results: Sequence[Result]) -> None:
    """One line a step."""
    say("\nSummary")
    for result in results:
        verdict = "passed" if result.passed else "FAILED"
        say(f"  {verdict}  {result.step:<12}{result.seconds:>7.1f} s")


def say(line: str) -> None:
    """A line for the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
