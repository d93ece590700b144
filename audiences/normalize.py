"""`python -m audiences.normalize --region CN`: a raw number a line in, a JSON object a line out.

{"raw": text, "e164": text or null, "kind": text, "reason": text or null}; no database, no Django.
Reads and writes as a stream; bytes that are no UTF-8 become U+FFFD, which is no digit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO

import phonenumbers

from audiences.domain.phone_numbers import MAX_CHARS, normalize

#: A line beyond this many bytes is cut; what is left is too long to be a number anyway.
MAX_LINE_BYTES = 8 * MAX_CHARS


def lines(source: BinaryIO) -> Iterator[str]:
    """The lines of a stream without their ends, each held in bounded memory."""
    first = True
    while line := source.readline(MAX_LINE_BYTES):
        rest = line
        while not rest.endswith(b"\n") and len(rest) == MAX_LINE_BYTES:
            rest = source.readline(MAX_LINE_BYTES)
        if first and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        first = False
        yield line.rstrip(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def run(source: BinaryIO, target: TextIO, region: str) -> None:
    """Normalise every line of `source`."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode
    for raw in lines(source):
        found = normalize(raw, region)
        target.write(
            encode({"raw": raw, "e164": found.e164, "kind": found.kind, "reason": found.reason})
            + "\n"
        )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m audiences.normalize", description=__doc__)
    parser.add_argument("--region", default="CN", help="ISO 3166-1 code, such as CN")
    options = parser.parse_args()
    region = options.region.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        parser.error(f"unknown region: {options.region}")
    # UTF-8 whatever the locale says
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    try:
        run(sys.stdin.buffer, sys.stdout, region)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has enough (`| head`); nothing is left to be flushed at exit
        sys.stdout = None
    return 0


if __name__ == "__main__":
    sys.exit(main())
