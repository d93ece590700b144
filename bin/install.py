"""Installs the pinned packages into `.venv`; started by `bin/setup` with a Python >= 3.11.

Standard library only: it runs before anything is installed. Progress goes to the terminal as one
line, pip's own words to `.state/setup.log`. Exit status 1 with a message when it cannot be done.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements.txt"
STAMP = VENV / "installed"
STATE = ROOT / ".state"
LOG = STATE / "setup.log"

# What pip says when it cannot reach an index at all.
NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|name resolution|Network is unreachable"
    r"|Connection refused|ConnectTimeout|Read timed out|Cannot connect to proxy|ProxyError"
)

# pip's lines that name a package: from an index, from a file (its wheel), or there already.
NAMED = re.compile(
    r"(?:Collecting |Requirement already satisfied: |Processing \S*/(?=\S+\.whl))"
    r"(\w[\w.-]*?)(?=-\d|[^\w.-]|$)"
)


class SetupFailed(Exception):
    """The message is for the person at the terminal."""


def main() -> int:
    """Brings `.venv` and the translations up to date; returns the exit status."""
    STATE.mkdir(exist_ok=True)
    try:
        with one_at_a_time():
            if not is_installed():
                install()
            subprocess.run([PYTHON, "-m", "config.translations"], cwd=ROOT, check=True)
    except SetupFailed as failure:
        say(f"{failure}")
        return 1
    except subprocess.CalledProcessError:
        return 1  # the program has said why
    except KeyboardInterrupt:
        say("Interrupted. The next run goes on from here.")
        return 130
    return 0


def stamp() -> str:
    """What a finished installation says of itself. A moved folder breaks a venv, so: its path."""
    return f"# {ROOT}\n{REQUIREMENTS.read_text()}"


def is_installed() -> bool:
    """Whether `.venv` is whole, of this list, and in the place it was made for."""
    return STAMP.exists() and STAMP.read_text() == stamp() and works("pass")


def works(code: str) -> bool:
    """Whether the Python of `.venv` runs the code."""
    try:
        return subprocess.run([PYTHON, "-c", code], capture_output=True, cwd=ROOT).returncode == 0
    except OSError:
        return False


def install() -> None:
    """Makes `.venv` if it is missing, broken or from elsewhere, and installs the list into it."""
    if VENV.is_symlink():
        # clearing it would empty somebody else's
        raise SetupFailed(f"{VENV} is a link. Remove it, and run this again.")
    moved = STAMP.exists() and STAMP.read_text().splitlines()[:1] != [f"# {ROOT}"]
    if moved or not works("import sys, pip; sys.exit(sys.version_info < (3, 11))"):
        say(f"Making .venv with Python {sys.version.split()[0]}")
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True
        )
        if made.returncode != 0:
            raise SetupFailed(f"Could not make .venv:\n{(made.stderr or made.stdout).strip()}")
    STAMP.unlink(missing_ok=True)
    install_packages()
    draft = STAMP.with_suffix(".draft")
    draft.write_text(stamp())
    draft.replace(STAMP)


def install_packages() -> None:
    """Runs pip, showing how far it is."""
    waiting = {
        line.split("==")[0].lower()
        for line in REQUIREMENTS.read_text().splitlines()
        if "==" in line and not line.startswith(("#", " "))
    }
    pinned = len(waiting)
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    with (
        LOG.open("w") as log,
        subprocess.Popen(
            [*command, "--no-input", "--progress-bar=off", "-r", REQUIREMENTS],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            log.write(line)
            named = NAMED.match(line)
            name = named[1].lower().replace("_", "-") if named else ""
            if name in waiting:
                waiting.discard(name)
                done = pinned - len(waiting)
                progress(f"Fetching packages: {done} of {pinned} ({name})", done, pinned)
            elif line.startswith("Installing collected packages"):
                progress("Installing the packages (half a minute or so)", pinned, pinned)
    end_progress()
    if pip.returncode != 0:
        raise SetupFailed(explain(LOG.read_text()))


def explain(log: str) -> str:
    """Why pip failed, in a sentence or two."""
    if "No space left on device" in log:
        return "The disk is full: the packages need about 1 GB."
    if NO_NETWORK.search(log):
        return (
            "No network: the package index cannot be reached. Connect and run this again; "
            f"what is fetched already is kept. Details: {LOG}"
        )
    if "(from versions: none)" in log:
        return (
            "No network, or the package index does not have what is asked for. "
            f"Connect and run this again. Details: {LOG}"
        )
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    last = "\n".join(errors[-3:] or log.splitlines()[-3:])
    return f"The packages could not be installed:\n{last}\nDetails: {LOG}"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits while another set-up of this folder runs; the kernel frees a dead one's lock."""
    with (STATE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running here; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """A line for the person at the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def progress(text: str, done: int, total: int) -> None:
    """The one progress line; where there is no terminal, a line now and then."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{text[:width]:<{width}}")
        sys.stderr.flush()
    elif done % 25 == 0 or done == total:
        say(text)


def end_progress() -> None:
    """Ends the progress line."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")


if __name__ == "__main__":
    sys.exit(main())
