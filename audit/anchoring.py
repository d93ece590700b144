"""Heads of the chain, kept outside the database: what an end that was cut off cannot deny.

One line of JSON a head: {"seal": id, "hash": its hash, "at": its time}. The file belongs on a
medium that the database's administrators cannot rewrite (a WORM volume, another department's
server, a time-stamping authority); it is only ever appended to.
"""

from __future__ import annotations

import json
from pathlib import Path

from audit.models import Seal


class Anchors:
    """The file, and how many real seconds lie between two heads."""

    def __init__(self, file: Path, every: float) -> None:
        self._file = file
        self._every = every
        self._next = 0.0
        heads = self.read(file) if file.exists() else []
        self._last = heads[-1] if heads else ""

    def keep_head(self, monotonic: float) -> bool:
        """Append the newest head when it is a new one and time for it; whether one was written."""
        if monotonic < self._next:
            return False
        head = Seal.objects.order_by("-id").first()
        if head is None or head.hash == self._last:
            return False
        line = json.dumps({"seal": head.pk, "hash": head.hash, "at": head.at.isoformat()})
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._last, self._next = head.hash, monotonic + self._every
        return True

    @staticmethod
    def read(file: Path) -> list[str]:
        """The hashes in a file, oldest first."""
        lines = file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["hash"] for line in lines if line.strip()]
