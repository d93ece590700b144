"""The carrier's clock: simulated time as three numbers, and sleeping in it.

``now() = anchor_sim + speed × (real now − anchor_real)``. A speed of 0 makes the clock *stepped*:
it moves only when ``step`` is called. Sleepers wait for *elapsed* simulated seconds, so that
setting the clock to another day neither wakes nor strands them.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Anchors:
    """The three numbers. ``speed``: simulated seconds in one real second; 0 means stepped."""

    real: datetime
    sim: datetime
    speed: float


class Clock:
    """Tells simulated time and wakes sleepers by it; one heap and one timer for all of them."""

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._elapsed = 0.0
        self._since = time.monotonic()
        self._heap: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._compact_at = 4096

    @property
    def anchors(self) -> Anchors:
        """The three numbers in force."""
        return self._anchors

    def real(self) -> datetime:
        """The machine's time, UTC."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Simulated time, UTC."""
        passed = (self.real() - self._anchors.real).total_seconds()
        return (self._anchors.sim + timedelta(seconds=passed * self._anchors.speed)).astimezone(UTC)

    def elapsed(self) -> float:
        """Simulated seconds since the process began; never jumps, whatever the clock is set to."""
        return self._elapsed + (time.monotonic() - self._since) * self._anchors.speed

    def set(self, anchors: Anchors) -> None:
        """Put other numbers in force; those asleep go on at the new speed."""
        self._elapsed = self.elapsed()
        self._since = time.monotonic()
        self._anchors = anchors
        self._arm()

    def step(self, seconds: float) -> None:
        """Move a clock on by hand and wake whoever is due."""
        self._elapsed = self.elapsed() + seconds
        self._since = time.monotonic()
        sim = self._anchors.sim + timedelta(seconds=seconds)
        self._anchors = Anchors(self._anchors.real, sim, self._anchors.speed)
        self._fire()

    def timer(self, seconds: float) -> asyncio.Future[None]:
        """Give a future that is done after so many simulated seconds."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if seconds <= 0:
            future.set_result(None)
            return future
        if len(self._heap) > self._compact_at:  # sleepers that were woken early leave theirs behind
            self._heap = [entry for entry in self._heap if not entry[2].done()]
            heapq.heapify(self._heap)
            self._compact_at = max(4096, 2 * len(self._heap))
        entry = (self.elapsed() + seconds, next(self._numbers), future)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._arm()
        return future

    async def sleep(self, seconds: float) -> None:
        """Sleep so many simulated seconds."""
        await self.timer(seconds)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)
        if self._heap and self._anchors.speed > 0:
            # an hour at most: the event loop does not like very distant timers
            wait = min(3600.0, (self._heap[0][0] - self.elapsed()) / self._anchors.speed)
            self._timer = asyncio.get_running_loop().call_later(max(0.0, wait), self._fire)

    def _fire(self) -> None:
        due = self.elapsed() + 1e-6
        while self._heap and self._heap[0][0] <= due:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)
        self._arm()
