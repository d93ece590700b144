"""Compiles the translations, without GNU gettext: every .po file that is newer than its .mo.

`python -m config.translations` compiles; with `--missing` it lists what has no translation yet.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent


def catalogues(root: Path) -> Iterator[Path]:
    """Every catalogue: the whole project's (`locale/`) and the apps' (`<app>/locale/`)."""
    yield from sorted(root.glob("locale/*/LC_MESSAGES/*.po"))
    yield from sorted(root.glob("*/locale/*/LC_MESSAGES/*.po"))


def compile_all(root: Path = ROOT) -> list[Path]:
    """Compiles the stale catalogues and returns them. Doubtful (fuzzy) entries stay out.

    Two runs at once do no harm: a file is replaced in one step. Raises OSError with the line for a
    catalogue that cannot be read.
    """
    compiled = []
    for source in catalogues(root):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        content = polib.pofile(str(source)).to_binary()
        descriptor, draft = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        Path(draft).replace(target)
        compiled.append(source)
    return compiled


def missing(root: Path = ROOT) -> list[tuple[Path, str]]:
    """The messages that have no translation, or a doubtful one, with their catalogues."""
    return [
        (source, entry.msgid)
        for source in catalogues(root)
        for entry in polib.pofile(str(source))
        if not entry.obsolete and not entry.translated()
    ]


def main(arguments: list[str]) -> int:
    """The command: exit status 1 when `--missing` finds something."""
    if arguments == ["--missing"]:
        gaps = missing()
        for source, msgid in gaps:
            sys.stdout.write(f"{source.relative_to(ROOT)}: {msgid}\n")
        return 1 if gaps else 0
    for source in compile_all():
        sys.stdout.write(f"compiled {source.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
