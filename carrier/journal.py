"""What happened, one JSON object a line, written at once: the record others check the system by."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from carrier.core.clock import Clock

_STRIDE = 500  # a remembered file position every so many lines
_MEMORY = 20_000  # lines kept when there is no file
_encoder = json.JSONEncoder(ensure_ascii=False, default=str)


class Journal:
    """Append-only. Lines are numbered from 1 by ``n``, which ``since`` counts by."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._file: IO[bytes] | None = None
        self._count = 0
        self._marks: list[int] = []
        self._recent: deque[bytes] = deque(maxlen=_MEMORY)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._index()
            self._file = path.open("ab")

    def write(
        self, event: str, *, time: datetime | None = None, sid: str = "", **fields: Any
    ) -> None:
        """Write one line. ``time`` is simulated (a call's own), ``real`` the machine's."""
        self._count += 1
        line = {
            "n": self._count,
            "time": (time or self._clock.now()).isoformat(),
            "real": self._clock.real().isoformat(),
            "event": event,
            "sid": sid,
            **{key.rstrip("_"): value for key, value in fields.items() if value is not None},
        }
        raw = _encoder.encode(line).encode()
        if self._file is None:
            self._recent.append(raw)  # as bytes it takes a third of the memory
            return
        if (self._count - 1) % _STRIDE == 0:
            self._marks.append(self._file.tell())
        self._file.write(raw + b"\n")
        self._file.flush()

    def since(self, n: int, limit: int = 1000) -> list[dict[str, Any]]:
        """The lines after number ``n``, oldest first, at most ``limit``."""
        found: list[dict[str, Any]] = []
        for line in self._lines(n):
            if line["n"] > n:
                found.append(line)
                if len(found) >= limit:
                    break
        return found

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self, n: int) -> Iterator[dict[str, Any]]:
        if self._path is None:
            behind = self._count - max(0, n)
            skipped = max(0, len(self._recent) - behind)
            yield from (json.loads(raw) for raw in list(self._recent)[skipped:])
            return
        if not self._marks or n >= self._count:
            return
        with self._path.open("rb") as file:
            file.seek(self._marks[max(0, n) // _STRIDE])
            for raw in file:
                yield json.loads(raw)

    def _index(self) -> None:
        """Count what an earlier run left, and cut off a line that it did not finish."""
        if self._path is None or not self._path.exists():
            return
        position = 0
        with self._path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                if self._count % _STRIDE == 0:
                    self._marks.append(position)
                self._count += 1
                position += len(raw)
        with self._path.open("r+b") as file:
            file.truncate(position)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read a journal file; lines that are no JSON objects are passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line
