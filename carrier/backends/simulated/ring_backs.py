"""People who ring back after a missed call: a delay, and then a call from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from carrier.core.clock import Clock

Incoming = Callable[[str, str], object]


class RingBacks:
    """Keeps those who mean to ring back; ``incoming`` is told who calls whom when it is time."""

    def __init__(self, clock: Clock, incoming: Incoming) -> None:
        self._clock = clock
        self._incoming = incoming
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are still to ring."""
        return len(self._tasks)

    def expect(self, from_: str, to: str, after: float) -> None:
        """``from_`` will ring ``to`` after so many simulated seconds."""
        task = asyncio.create_task(self._ring(from_, to, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def clear(self) -> None:
        """Nobody rings back any more."""
        for task in list(self._tasks):
            task.cancel()
        self._tasks.clear()

    async def _ring(self, from_: str, to: str, after: float) -> None:
        await self._clock.sleep(after)
        self._incoming(from_, to)
