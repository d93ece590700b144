from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder that every user of the machine can reach, as a clone in /home or /srv is.

    pytest's own folders are closed to others, which PostgreSQL under root cannot do with.
    """
    folder = Path(tempfile.mkdtemp(prefix="sanshi-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "state"
    remove_state(folder / "state")
    shutil.rmtree(folder)


def remove_state(folder: Path) -> None:
    """Removes what lies outside the state folder, where it had to."""
    note = folder / "postgres" / "elsewhere"
    if note.exists():
        shutil.rmtree(note.read_text().strip())
