"""How long a bank's customers are screened: everybody judged by the full pack, and stored.

``run(size)`` makes a bank in a database of its own, starts two RQ workers, asks for a screening as
the campaign page does, and waits for its end. Beside it, in the same run and on the same data,
stands one hand-written SQL statement in the same number of sessions: what these rules cost when
nobody needs to explain them, to change them or to say when a block ends. The two must agree about
every customer.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.own_database import own_database

CUSTOMERS = {"small": 100_000, "full": 1_000_000}
TARGET_S = {"small": 3.0, "full": 30.0}
WORKERS = 2
ROOT = Path(__file__).resolve().parent.parent
_WORKER = [sys.executable, "manage.py", "rqworker", "--worker-class", "rq.SimpleWorker", "batch"]
START_S = 60


def run(size: str = "full") -> dict[str, Any]:
    """Screen 1,000,000 customers (and 100,000), or with "small" 100,000 alone.

    Raises RuntimeError when not everybody was stored, or a worker does not start.
    """
    wanted = ["small"] if size == "small" else ["small", "full"]
    measured = {each: _in_own_process(CUSTOMERS[each]) for each in wanted}
    figures, small = measured[size], measured["small"]
    return {
        "bench": "screening",
        "size": size,
        "figures": {**figures, "small": small},
        "limit": {
            "what": "one hand-written SQL statement in as many sessions",
            "seconds": figures["by_hand_s"],
        },
        "ratio": round(figures["by_hand_s"] / figures["seconds"], 3),
        "targets": [
            _target("seconds", figures["seconds"], TARGET_S[size]),
            _target("small_seconds", small["seconds"], TARGET_S["small"]),
            _target("judged_otherwise", figures["judged_otherwise"], 0),
        ],
    }


def _in_own_process(customers: int) -> dict[str, Any]:
    """Measure in a database of its own, of which a process has one. Raises RuntimeError."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.screening", str(customers)], cwd=ROOT, stdout=subprocess.PIPE
    )
    if done.returncode != 0:
        raise RuntimeError("the screening was not measured")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _each(seconds: float, customers: int) -> float:
    """Microseconds of processor time a customer."""
    return round(seconds / customers * 1e6, 1)


def _target(name: str, value: float, target: float) -> dict[str, Any]:
    return {"name": name, "value": value, "op": "<=", "target": target, "met": value <= target}


def _measure(customers: int) -> dict[str, Any]:
    rows = importlib.import_module("bench.screening_rows")  # these need Django set up
    asking = importlib.import_module("bench.screening_asked")
    by_hand = importlib.import_module("bench.screening_by_hand")
    began = time.perf_counter()
    campaign_id = rows.make_bank(customers)
    rows.settle()
    made_s = time.perf_counter() - began
    with _workers() as workers:
        load = os.getloadavg()[0]
        server = asking.server_process()
        of_workers, of_postgres = _cpu_seconds(workers), _cpu_seconds([server])
        seconds = asking.screen(campaign_id)
        of_workers = _cpu_seconds(workers) - of_workers
        of_postgres = _cpu_seconds([server]) - of_postgres
    leads, eligible, contacts = asking.stored(campaign_id)
    if leads != customers:
        raise RuntimeError(f"{leads} leads stored")
    began = time.perf_counter()
    twin = by_hand.screen_by_hand(campaign_id, WORKERS)
    by_hand_s = time.perf_counter() - began
    return {
        "customers": leads,
        "contacts": contacts,
        "eligible": eligible,
        "seconds": round(seconds, 2),
        "cpu_us_per_customer": _each(of_workers + of_postgres, leads),
        "of_workers": _each(of_workers, leads),
        "of_postgres": _each(of_postgres, leads),
        "by_hand_s": round(by_hand_s, 2),
        "judged_otherwise": by_hand.different(campaign_id, twin),
        "workers": WORKERS,
        "made_s": round(made_s, 1),
        "load_at_start": round(load, 2),
    }


@contextmanager
def _workers() -> Iterator[list[psutil.Process]]:
    """RQ workers that wait for work; starting them is not counted."""
    asking = importlib.import_module("bench.screening_asked")
    started = [
        subprocess.Popen(_WORKER, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(WORKERS)
    ]
    try:
        deadline = time.monotonic() + START_S
        while asking.workers_ready() < WORKERS:
            if time.monotonic() > deadline or any(w.poll() is not None for w in started):
                raise RuntimeError("a worker did not start")
            time.sleep(0.1)
        yield [psutil.Process(worker.pid) for worker in started]
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            worker.wait()


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of these and of all that they started, also of those that ended."""
    total = 0.0
    for top in processes:
        for process in [top, *top.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
            if process is top:
                total += times.children_user + times.children_system
    return total


if __name__ == "__main__":
    with own_database():
        print(json.dumps(_measure(int(sys.argv[1]))))
