"""dialer.workers: several workers of the queue `placing` in one process."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django_rq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from redis import Redis, RedisError
from rq.job import JobStatus

from config.embedded.folder import StateFolder
from config.embedded.valkey import Valkey
from dialer import workers
from dialer.domain.call_state import CallState
from dialer.jobs import QUEUE
from dialer.models import Call
from telephony.placing import create_call
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World
from tests.processes import manage

pytestmark = pytest.mark.django_db(transaction=True)

#: Real seconds for what takes a moment.
SOON = 20.0


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def states(calls: list[Call]) -> list[str]:
    """The calls' states, as they are now."""
    return [Call.objects.get(pk=call.pk).state for call in calls]


def meet(together: threading.Barrier) -> Callable[[dict[str, str]], None]:
    """Answer nobody before all have asked."""

    def answer(_form: dict[str, str]) -> None:
        together.wait()

    return answer


@contextmanager
def working(threads: int) -> Iterator[tuple[threading.Event, list[bool]]]:
    """Workers in this process: the event that ends them, and what `run` gave in the end."""
    stop, gave = threading.Event(), list[bool]()
    runner = threading.Thread(target=lambda: gave.append(workers.run(threads, stop)))
    runner.start()
    try:
        yield stop, gave
    finally:
        stop.set()
        runner.join(SOON)
        assert not runner.is_alive()


@pytest.fixture
def placing(
    committed_world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> tuple[World, StubCarrier]:
    """A campaign of which the workers see what was committed, and the carrier they ask."""
    monkeypatch.setattr(workers, "LOOK_UP_S", 1)
    return committed_world, stub


def test_one_process_places_several_calls_at_a_time(placing: tuple[World, StubCarrier]) -> None:
    world, stub = placing
    together = threading.Barrier(2, timeout=SOON)
    stub.on_create = meet(together)
    calls = world.claim(2)
    with manage("runplacing", "--threads", "2", TWILIO_API_BASE=stub.base) as process:
        until(lambda: states(calls) == [CallState.QUEUED] * 2, "both are placed")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    assert {form["To"] for form in stub.created} == {call.to for call in calls}


def test_told_to_stop_they_finish_the_call_at_hand_and_take_no_other(
    placing: tuple[World, StubCarrier],
) -> None:
    world, stub = placing
    asked, go_on = threading.Event(), threading.Event()

    def hold(_form: dict[str, str]) -> None:
        asked.set()
        go_on.wait(SOON)

    stub.on_create = hold
    calls = world.claim(2)
    with working(1) as (stop, gave):
        assert asked.wait(SOON)
        stop.set()
        go_on.set()
    assert gave == [True]
    assert states(calls) == [CallState.QUEUED, CallState.PLANNED]
    assert django_rq.get_queue(QUEUE).count == 1


def test_a_second_signal_leaves_at_once_and_the_rows_say_what_was_under_way(
    placing: tuple[World, StubCarrier],
) -> None:
    world, stub = placing
    stub.mode = "hang"
    (call,) = world.claim(1)
    with manage("runplacing", "--threads", "2", TWILIO_API_BASE=stub.base) as process:
        until(lambda: bool(stub.created), "the carrier is asked")
        until(lambda: told_again(process), "it leaves")
    assert process.returncode != 0
    call.refresh_from_db()
    assert (call.state, call.leased_until is not None) == (CallState.PLACING, True)


def test_a_worker_that_ends_by_itself_ends_the_others_and_says_so(
    placing: tuple[World, StubCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = placing

    def fail(*_args: Any) -> None:
        raise RuntimeError("as when Redis forgets")

    monkeypatch.setattr(workers.ThreadedWorker, "execute_job", fail)
    world.claim(1)
    with working(3) as (stop, gave):
        assert stop.wait(SOON)
    assert gave == [False]


def told_again(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has left."""
    process.send_signal(signal.SIGTERM)
    return process.poll() is not None


def linger() -> None:
    """A job that never ends by itself."""
    while True:
        time.sleep(0.01)


def leave_word() -> None:
    """A job that is done at once."""


def test_a_job_that_takes_too_long_is_ended_and_the_worker_takes_the_next(
    placing: tuple[World, StubCarrier],
) -> None:
    queue: Any = django_rq.get_queue(QUEUE)
    late = queue.enqueue(linger, job_timeout=1)
    next_one = queue.enqueue(leave_word)
    with working(1):
        until(lambda: bool(next_one.get_status() == JobStatus.FINISHED), "the next is done")
    assert late.get_status() == JobStatus.FAILED
    assert "JobTimeoutException" in late.latest_result().exc_string


def test_they_leave_no_connection_to_the_database_behind(
    placing: tuple[World, StubCarrier],
) -> None:
    world, _ = placing
    before = connections_of_ours()
    calls = world.claim(2)
    with working(2):
        until(lambda: CallState.PLANNED not in states(calls), "they were placed")
        assert connections_of_ours() > before
    until(lambda: connections_of_ours() == before, "the connections are closed")


def connections_of_ours() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        ((found,),) = cursor.fetchall()
    assert isinstance(found, int)
    return found


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Valkey]:
    """A Redis of the test's own, which it may stop."""
    folder = StateFolder.hold(tmp_path)
    try:
        server = Valkey.start(folder)
        yield server
        server.stop()
    finally:
        folder.release()


def test_while_redis_is_away_it_waits_and_leaves_when_told_to(
    placing: tuple[World, StubCarrier], redis: Valkey
) -> None:
    with manage("runplacing", "--threads", "2", REDIS_URL=redis.url) as process:
        with Redis.from_url(redis.url) as client:
            until(lambda: client.scard("rq:workers") == 2, "both are there")
        redis.stop()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0


def test_without_redis_it_waits_and_begins_when_there_is_one(
    placing: tuple[World, StubCarrier], redis: Valkey
) -> None:
    redis.stop()
    with manage("runplacing", "--threads", "2", REDIS_URL=redis.url) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        redis.process = subprocess.Popen(redis.process.args, stdout=subprocess.DEVNULL)
        with Redis.from_url(redis.url) as client:
            until(lambda: answers(client) and client.scard("rq:workers") == 2, "both are there")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0


def answers(client: Redis) -> bool:
    """Whether Redis does."""
    try:
        return bool(client.ping())
    except RedisError:
        return False


@pytest.mark.parametrize("threads", ["0", "101", "-1", "many"])
def test_a_number_of_threads_that_is_none_is_refused(threads: str) -> None:
    with pytest.raises(CommandError, match="is not a number of threads from 1 to 100"):
        call_command("runplacing", f"--threads={threads}")


def test_as_many_as_ask_the_carrier_at_a_time_keep_their_connections(settings: Any) -> None:
    carrier = StubCarrier(keep=True)
    settings.TWILIO_API_BASE = carrier.base
    together = threading.Barrier(workers.THREADS, timeout=SOON)
    carrier.on_create = meet(together)
    try:
        with ThreadPoolExecutor(workers.THREADS) as pool:
            for _ in range(2):
                list(pool.map(lambda _: _ask(), range(workers.THREADS)))
    finally:
        carrier.close()
    assert len(carrier.created) == 2 * workers.THREADS
    assert len(carrier.peers) == workers.THREADS


def _ask() -> None:
    create_call(
        to="+8613905710001",
        from_="+865710000001",
        answer_url="http://127.0.0.1/answer",
        status_url="http://127.0.0.1/status",
        amd_url=None,
        ring_timeout_s=20,
        time_limit_s=60,
    )
