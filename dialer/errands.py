"""Questions to the carrier that must not hold up the leader's tick: a few threads, no database.

What is urgent (hanging up on who has just said no) has threads of its own: when many calls are
silent, each question may take ten seconds, and a hang-up has one.

A thread asks the carrier (up to ten seconds) and nothing else; its answer is taken in by a later
tick, on the leader's own connection.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from telephony.controlling import ControlFailed

Ask = Callable[[], Any]
#: Takes the answer in (on the leader's connection).
Take = Callable[[Any], None]


@dataclass(slots=True)
class Errands:
    """At most one errand a key at a time. With `threads=0` each runs at once, in the caller."""

    threads: int = 4
    _pools: dict[bool, ThreadPoolExecutor] = field(default_factory=dict)
    _open: dict[str, tuple[Future[Any], Take]] = field(default_factory=dict)

    def send(self, key: str, ask: Ask, take: Take, *, urgent: bool = False) -> bool:
        """Ask in the background; `take` gets the answer at a later `collect`.

        False, and nothing is sent, while the same errand is under way.
        """
        if key in self._open:
            return False
        self._open[key] = (self._run(ask, urgent), take)
        return True

    def collect(self) -> int:
        """Take in the answers that have come; returns how many. A failed question has no answer:
        whoever asked will ask again, because the rows still say what is open.
        """
        ready = [key for key, (future, _) in self._open.items() if future.done()]
        taken = 0
        for key in ready:
            future, take = self._open.pop(key)
            error = future.exception()
            if error is None:
                take(future.result())
                taken += 1
            elif not isinstance(error, ControlFailed):
                raise error
        return taken

    def close(self) -> None:
        """Forget what is open; the rows know."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()
        self._open.clear()

    def _run(self, ask: Ask, urgent: bool) -> Future[Any]:
        if self.threads:
            pool = self._pools.get(urgent)
            if pool is None:
                pool = ThreadPoolExecutor(self.threads, thread_name_prefix="errand")
                self._pools[urgent] = pool
            return pool.submit(ask)
        future: Future[Any] = Future()
        try:
            future.set_result(ask())
        except Exception as error:
            future.set_exception(error)
        return future
