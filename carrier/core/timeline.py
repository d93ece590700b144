"""A call's own time.

A call counts its simulated delays and a fixed price per fetch, never the time a fetch really took.
The same call therefore lasts equally long at any speed and on any machine. What is to happen at a
moment of this time (the customer hangs up, the limit is reached) stands on an agenda and happens
exactly then.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from carrier.core.clock import Clock

_FOREVER = 1e9


@dataclass(order=True, slots=True)
class Item:
    """Something to be done at a moment ``at`` (seconds of the call's own time)."""

    at: float
    number: int
    action: Callable[[], None] = field(compare=False)
    canceled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Take it off the agenda."""
        self.canceled = True


class Timeline:
    """Own time in seconds since ``origin``; only one task at a time may spend it."""

    def __init__(self, clock: Clock, origin: datetime) -> None:
        self.origin = origin
        self._clock = clock
        self._t = 0.0
        self._agenda: list[Item] = []
        self._numbers = itertools.count()
        self._sleeping: asyncio.Future[None] | None = None
        self._begun = 0.0
        self._target = 0.0

    @property
    def t(self) -> float:
        """Seconds of own time so far, also while asleep."""
        if self._sleeping is None:
            return self._t
        return min(self._target, self._t + max(0.0, self._clock.elapsed() - self._begun))

    def now(self) -> datetime:
        """Own time as an instant, UTC."""
        return self.origin + timedelta(seconds=self.t)

    def after(self, seconds: float, action: Callable[[], None]) -> Item:
        """Put something on the agenda; it runs in whichever task then spends the time."""
        item = Item(self.t + max(0.0, seconds), next(self._numbers), action)
        heapq.heappush(self._agenda, item)
        if self._sleeping is not None and item.at < self._target:
            self._wake()
        return item

    async def spend(self, seconds: float) -> None:
        """Let simulated seconds pass, doing on the way what the agenda says."""
        end = self._t + max(0.0, seconds)
        while True:
            item = self._next(end)
            if await self._sleep_until(end if item is None else item.at) and item is None:
                return
            if item is not None and self._t >= item.at:
                await self._do(item)

    async def skip(self, seconds: float) -> None:
        """Count seconds without waiting for them: the price of a fetch that took its own time."""
        end = self._t + max(0.0, seconds)
        while (item := self._next(end)) is not None:
            self._t = max(self._t, item.at)
            await self._do(item)
        self._t = end

    async def wait(self, future: asyncio.Future[None], limit: float | None = None) -> bool:
        """Wait for a future made by others; False when ``limit`` seconds passed first."""
        end = self._t + (_FOREVER if limit is None else limit)
        future.add_done_callback(lambda _: self._wake())
        while not future.done():
            item = self._next(end)
            await self._sleep_until(end if item is None else item.at)
            if item is not None and self._t >= item.at:
                await self._do(item)
            elif self._t >= end:
                return future.done()
        return True

    def clear(self) -> None:
        """Forget the agenda: the call is over."""
        self._agenda.clear()

    def _next(self, end: float) -> Item | None:
        while self._agenda and self._agenda[0].canceled:
            heapq.heappop(self._agenda)
        return self._agenda[0] if self._agenda and self._agenda[0].at <= end else None

    async def _do(self, item: Item) -> None:
        if item.canceled:
            return
        item.cancel()
        item.action()
        await asyncio.sleep(0)  # where a cancellation that the action asked for takes effect

    async def _sleep_until(self, target: float) -> bool:
        """Sleep to a moment of own time; False when woken before it."""
        future = self._clock.timer(target - self._t)
        self._begun, self._target, self._sleeping = self._clock.elapsed(), target, future
        try:
            await future
        except asyncio.CancelledError:
            self._t = self.t
            self._sleeping = None
            raise
        woken = future is not self._sleeping
        if woken:
            return False
        self._sleeping = None
        self._t = max(self._t, target)
        return True

    def _wake(self) -> None:
        future = self._sleeping
        if future is None:
            return
        self._t = self.t
        self._sleeping = None
        if not future.done():
            future.set_result(None)
