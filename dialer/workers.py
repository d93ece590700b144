"""RQ's workers of the queue `placing`, several in one process.

Whoever places a call waits most of the time: for a lock, for the database, for the carrier. Many
may wait in one process, and then the program is in memory, and in the processor's caches, once and
not once a worker (docs/decisions/015). Each is an RQ worker like any other, with a connection to
the database of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import django_rq
from django.db import connections
from redis import RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.timeouts import TimerDeathPenalty

from dialer.jobs import QUEUE, TIMEOUT_S

log = logging.getLogger(__name__)

#: Workers of a process. One process takes at most one core: start as many as there are cores.
THREADS = 25
#: Real seconds after which a worker without work looks whether the process is to end.
LOOK_UP_S = 2
#: Real seconds for which the process waits for a worker that has nothing to do any more.
LEAVE_S = 10.0


class ThreadedWorker(SimpleWorker):
    """An RQ worker that is one thread of several.

    Signals reach the main thread only: there somebody else listens (`run`), and a job that takes
    too long is ended by a timer.
    """

    death_penalty_class = TimerDeathPenalty
    #: Redis may be away for a moment; a call waits meanwhile.
    max_connection_wait_time = float(LOOK_UP_S)
    #: Whether a job is at hand; between two jobs this worker may leave at any moment.
    at_work = False

    @property
    def connection_timeout(self) -> int:
        """Real seconds for an answer of Redis; it is asked to wait for a job for less than that."""
        return LOOK_UP_S + 5

    def _install_signal_handlers(self) -> None:
        """Left to the main thread."""

    def end(self) -> None:
        """Finish the job at hand, and take no other."""
        self._stop_requested = True

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Work on one job, to its end."""
        self.at_work = True
        try:
            super().execute_job(job, queue)
        finally:
            self.at_work = False

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that we live. While Redis is away RQ tries this again and again, and asks nobody
        whether it is to end; it is told here, as it would be by a signal.
        """
        try:
            super().heartbeat(timeout, pipeline)
        except RedisError:
            if self._stop_requested and not self.at_work:
                raise StopRequested from None
            raise

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next job; None when there is none and none will be waited for."""
        if timeout is None:  # --burst: what lies there and no more
            return super().dequeue_job_and_maintain_ttl(None, max_idle_time)
        while not self._stop_requested:
            found = super().dequeue_job_and_maintain_ttl(LOOK_UP_S, LOOK_UP_S)
            if found is not None:
                return found
        return None


def run(threads: int, stop: threading.Event) -> bool:
    """Work until `stop` is set; the jobs at hand are finished then.

    False: a worker ended by itself, and the others with it. Whoever watches the process starts it
    anew; what was left half-done is found by its lease. While Redis is away nobody begins.
    """
    workers = _made(threads, stop)
    ended: list[str] = []

    def work(worker: ThreadedWorker) -> None:
        try:
            worker.work()
        except RedisError as error:
            log.warning("placing: worker %s leaves without a word: %s", worker.name, error)
        finally:
            connections.close_all()
            if not stop.is_set():
                ended.append(worker.name)
                stop.set()

    running = [
        threading.Thread(target=work, args=(worker,), name=f"placing-{place}", daemon=True)
        for place, worker in enumerate(workers, 1)
    ]
    for thread in running:
        thread.start()
    stop.wait()
    for worker in workers:
        worker.end()
    _wait_for(list(zip(running, workers, strict=True)))
    for name in ended:
        log.error("placing: worker %s ended by itself", name)
    return not ended


def _made(threads: int, stop: threading.Event) -> list[ThreadedWorker]:
    while not stop.is_set():
        try:
            return [_worker() for _ in range(threads)]
        except RedisError as error:
            log.warning("placing: waits for Redis: %s", error)
            stop.wait(LOOK_UP_S)
    return []


def _wait_for(running: list[tuple[threading.Thread, ThreadedWorker]]) -> None:
    """Until all have left. A job takes so long and no longer; who has none waits for Redis at most,
    and is left behind: threads go with their process.
    """
    began = time.monotonic()
    for thread, worker in running:
        while thread.is_alive():
            waited = time.monotonic() - began
            if waited > (TIMEOUT_S if worker.at_work else LEAVE_S):
                log.warning("placing: worker %s is left behind", worker.name)
                break
            thread.join(0.1)


def _worker() -> ThreadedWorker:
    made: Any = django_rq.get_worker(QUEUE, worker_class=f"{__name__}.{ThreadedWorker.__name__}")
    assert isinstance(made, ThreadedWorker)
    return made
