"""The gate's bench: fifty workers who ask for permissions, at a rate or flat out.

They are threads of as few processes as in production (dialer/workers.py), forked from one that has
loaded everything. Needs Django set up.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import psutil
from django.db import connection

from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.gate import close, reserve
from dialer.workers import THREADS

WORKERS = 50
#: Ids that occur nowhere else in a statement: they are found again in its text.
FIRST_CUSTOMER, FIRST_NUMBER, FIRST_DECISION = 10_000_001, 20_000_001, 30_000_001
#: So many customers are wanted by everybody; every second request is for one of them.
HOT = 50


@dataclass(frozen=True, slots=True)
class Job:
    """What there is to ask for. The numbers of a customer lie `per_number` ids apart."""

    customers: int
    first_customer: int
    first_number: int
    per_number: int
    product: int
    line: int

    def wanted(self, random: Random) -> Intent:
        """A dial to somebody, half of the time to one of the few, on either of their numbers."""
        hot = random.random() < 0.5
        place = random.randrange(HOT if hot else self.customers)
        second = self.per_number if place < HOT and random.random() < 0.5 else 0
        return self.dial(place, second)

    def is_hot(self, intent: Intent) -> bool:
        """Whether it is about one of the few whom everybody wants."""
        return intent.customer_id is not None and intent.customer_id < self.first_customer + HOT

    def dial(self, place: int, second: int = 0) -> Intent:
        """A person's dial to one customer."""
        return Intent(
            purpose=Purpose.MARKETING,
            actor=Actor.HUMAN,
            kind=DialKind.AGENT,
            customer_id=self.first_customer + place,
            number_id=self.first_number + place + second,
            product_id=self.product,
            campaign_id=1,
            caller_id_id=self.line,
            carrier="sandbox",
            script_approved=True,
            campaign_running=True,
            approval_in_force=True,
            idempotency_key=uuid.uuid4().hex,
        )


@dataclass(slots=True)
class Seen:
    """What came of it. `waits` are milliseconds from when each was due; CPU in seconds.

    `codes`: the first of each decision, or ALLOW. `refused_hot`: how many refusals were about those
    whom everybody wants.
    """

    waits: list[float] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    refused_hot: int = 0
    seconds: float = 0.0
    own_cpu: float = 0.0
    server_cpu: float = 0.0

    def add(self, other: Seen) -> None:
        """Together with what another worker saw at the same time."""
        self.waits += other.waits
        self.codes += other.codes
        self.refused_hot += other.refused_hot
        self.seconds = max(self.seconds, other.seconds)
        self.own_cpu += other.own_cpu
        self.server_cpu += other.server_cpu


@dataclass(frozen=True, slots=True)
class Order:
    """Ask for so many seconds from an instant (monotonic); `every` 0 is flat out."""

    begin: float
    seconds: float
    every: float = 0.0


class Crew:
    """The workers, waiting for orders."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes

    def ask(self, seconds: float, rate: float = 0.0) -> Seen:
        """All of them ask, together `rate` times a second, or as often as they can."""
        begin = time.perf_counter() + 0.3
        for place, pipe in enumerate(self._pipes):
            every = len(self._pipes) / rate if rate else 0.0
            late = place / rate if rate else 0.0
            pipe.send(Order(begin + late, seconds - late, every))
        seen = Seen()
        for pipe in self._pipes:
            seen.add(pipe.recv())
        return seen


@contextmanager
def crew(job: Job) -> Iterator[Crew]:
    """Fifty workers for as long as the context lasts."""
    connection.close()  # a connection may not be shared by two processes
    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe() for _ in range(WORKERS)]
    processes = []
    for first in range(0, WORKERS, THREADS):
        theirs = [pipe for _, pipe in pipes[first : first + THREADS]]
        process = fork.Process(target=_serve_all, args=(theirs, job, first), daemon=True)
        process.start()
        processes.append(process)
    try:
        yield Crew([pipe for pipe, _ in pipes])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _serve_all(pipes: list[Connection], job: Job, first: int) -> None:
    threads = [
        threading.Thread(target=_serve, args=(pipe, job, place))
        for place, pipe in enumerate(pipes, first)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(pipe: Connection, job: Job, place: int) -> None:
    random = Random(place)
    while True:
        order: Order = pipe.recv()
        pipe.send(_work(order, job, random))


def _work(order: Order, job: Job, random: Random) -> Seen:
    connection.ensure_connection()
    server = _server_process()
    seen = Seen()
    due = order.begin
    end = order.begin + order.seconds
    time.sleep(max(0.0, due - time.perf_counter()))
    own, theirs = time.thread_time(), _cpu(server)
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        _ask(job, job.wanted(random), due, seen)
        due = due + order.every if order.every else time.perf_counter()
    seen.own_cpu, seen.server_cpu = time.thread_time() - own, _cpu(server) - theirs
    seen.seconds = time.perf_counter() - order.begin
    return seen


def _ask(job: Job, intent: Intent, due: float, seen: Seen) -> None:
    result = reserve(lambda: replace(intent))
    seen.waits.append((time.perf_counter() - due) * 1000)
    seen.codes.append(result.decision.codes[0] if result.decision.codes else "ALLOW")
    if result.attempt_id is not None:
        close(result.attempt_id)
    elif job.is_hot(intent):
        seen.refused_hot += 1


def _server_process() -> psutil.Process | None:
    """The server's process behind our connection, when it runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), inet_server_addr()")
        row = cursor.fetchone()
    if row is None or row[1] is not None or not Path(f"/proc/{row[0]}").exists():
        return None
    return psutil.Process(row[0])


def _cpu(process: psutil.Process | None) -> float:
    return 0.0 if process is None else sum(process.cpu_times()[:2])
