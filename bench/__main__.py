"""``python -m bench NAME [--size small|full] [--json]``: run one bench, print one JSON object."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SIZES = ("small", "full")


def names() -> list[str]:
    """The benches there are: the modules beside this one that can be run."""
    modules = (FOLDER / f"{module.name}.py" for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(
        module.stem
        for module in modules
        if module.exists() and "\ndef run(" in module.read_text(encoding="utf-8")
    )


@contextmanager
def words_on_stderr() -> Iterator[None]:
    """What the parts and their processes say goes to stderr: stdout is for the figures alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def main(arguments: list[str] | None = None) -> int:
    """Returns 2 for a name that is no bench, after printing those there are."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="which bench")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--json", action="store_true", help="on one line")
    args = parser.parse_args(arguments)
    known = names()
    if args.name not in known:
        if args.name:
            print(f"No bench is called {args.name}.", file=sys.stderr)
        print("Benches: " + ", ".join(known), file=sys.stderr)
        return 2
    with words_on_stderr():
        result = importlib.import_module(f"bench.{args.name}").run(args.size)
    # figures of two builds cannot be compared (docs/decisions/014-the-distributions-python.md)
    result["python"] = f"{platform.python_version()} {sys.base_prefix}"
    print(json.dumps(result, ensure_ascii=False, indent=None if args.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
