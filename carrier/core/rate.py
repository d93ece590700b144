"""The calls-per-second queue: a call is accepted at once and dialled in its turn."""

from __future__ import annotations

import asyncio
from collections import deque

from carrier.core.clock import Clock


class DialQueue:
    """First come, first served, ``1/cps`` simulated seconds apart; canceled calls take no turn."""

    def __init__(self, clock: Clock, cps: float) -> None:
        self._clock = clock
        self._gap = 1.0 / cps if cps > 0 else 0.0
        self._free_at = 0.0
        self._waiting: deque[tuple[float, asyncio.Future[float]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def turn(self, entered: float) -> float:
        """Wait for a turn; gives the simulated seconds waited since ``entered`` (elapsed)."""
        if not self._waiting and self._free_at <= entered:
            self._free_at = entered + self._gap
            return 0.0
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((entered, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        return await future

    def __len__(self) -> int:
        """How many calls wait."""
        return sum(not future.done() for _, future in self._waiting)

    async def _serve(self) -> None:
        while self._waiting:
            entered, future = self._waiting[0]
            slot = max(self._free_at, entered)
            if not future.done():
                await self._clock.sleep(slot - self._clock.elapsed())
            self._waiting.popleft()
            if not future.done():
                self._free_at = slot + self._gap
                future.set_result(slot - entered)
