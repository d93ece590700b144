"""How long a bank's customers are screened: each list judged and stored, by all workers.

``run(size)`` makes customers with five earlier contacts each in a database of its own, and lets two
processes fill the lists of a campaign as `campaigns.jobs` does. Beside it, in the same run and on
the same data, stands one hand-written SQL statement in the same number of sessions: what these
rules cost when nobody needs to explain them, change them or say when a block ends.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2

from bench.own_database import own_database

CUSTOMERS = {"small": 100_000, "full": 1_000_000}
WORKERS = 2
TARGET_S = {"small": 3.0, "full": 30.0}

# A process that fills the lists it is given, as an RQ worker does.
_WORKER = """
import sys, django
django.setup()
from campaigns.screening import fill_list
sys.stdout.write("ready\\n"); sys.stdout.flush()
for line in sys.stdin:
    fill_list(int(line))
    sys.stdout.write("done\\n"); sys.stdout.flush()
"""

# The rules that object in this data: opt-out, consent, age, vulnerable, deceased, and the caps and
# cool-off of cn-bank by their windows. Verdict and codes, no times, no sentences.
_BY_HAND = """
INSERT INTO by_hand
SELECT c.id, l.number_id, array_remove(ARRAY[
    CASE WHEN EXISTS (SELECT 1 FROM compliance_suppression s
                      WHERE s.customer_id = c.id AND s.lifted_at IS NULL) THEN 'OPT_OUT' END,
    CASE WHEN NOT EXISTS (SELECT 1 FROM compliance_consent o WHERE o.customer_id = c.id
                          AND o.withdrawn_at IS NULL) THEN 'CONSENT_MISSING' END,
    CASE WHEN c.birth_date > %(at)s::date - interval '18 years' THEN 'MINOR' END,
    CASE WHEN c.birth_date <= %(at)s::date - interval '65 years' THEN 'ELDER' END,
    CASE WHEN c.vulnerable THEN 'VULNERABLE' END,
    CASE WHEN c.deceased THEN 'DECEASED' END,
    CASE WHEN k.today >= 2 THEN 'C1' END, CASE WHEN k.week >= 3 THEN 'C2' END,
    CASE WHEN k.talked7 >= 1 THEN 'C3' END, CASE WHEN k.talked90 >= 3 THEN 'C3Q' END,
    CASE WHEN k.talked30 >= 1 THEN 'C5' END, CASE WHEN k.refused > 0 THEN 'O1' END], NULL)
FROM audiences_customer c
JOIN audiences_customernumber l ON l.customer_id = c.id
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 'attempt' AND at > %(at)s - interval '1 day') AS today,
           count(*) FILTER (WHERE kind = 'attempt' AND at > %(at)s - interval '7 days') AS week,
           count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '7 days')
               AS talked7,
           count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '30 days')
               AS talked30,
           count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '90 days')
               AS talked90,
           count(*) FILTER (WHERE kind = 'outcome' AND outcome = 'refused'
                            AND at > %(at)s - interval '6 months') AS refused
    FROM compliance_contact k WHERE k.customer_id = c.id
      AND k.at > %(at)s - interval '6 months') AS k ON true
WHERE c.id %% %(parts)s = %(part)s
"""


def run(size: str) -> dict[str, Any]:
    """Screen 1,000,000 customers ("small": 100,000). Raises RuntimeError when a list is not."""
    with own_database() as url:
        return _measure(size, url)


def _measure(size: str, url: str) -> dict[str, Any]:
    rows = importlib.import_module("bench.campaign_rows")  # needs Django set up
    started = time.perf_counter()
    campaign_id, lists = rows.make_screening(CUSTOMERS[size])
    made_s = time.perf_counter() - started
    load = os.getloadavg()[0]
    seconds = _fill(lists)
    leads, eligible, codes = rows.stored(campaign_id)
    if leads != CUSTOMERS[size]:
        raise RuntimeError(f"{leads} leads stored")
    by_hand = _by_hand(url)
    return {
        "bench": "screening",
        "size": size,
        "figures": {
            "customers": leads,
            "seconds": round(seconds, 2),
            "us_per_customer": round(seconds / leads * 1e6, 1),
            "eligible": eligible,
            "distinct_reasons": codes,
            "workers": WORKERS,
            "made_s": round(made_s, 1),
            "load_at_start": round(load, 2),
        },
        "limit": {"what": "one hand-written SQL in as many sessions", "seconds": round(by_hand, 2)},
        "ratio": round(by_hand / seconds, 3),
        "targets": [
            {
                "name": "seconds",
                "value": round(seconds, 2),
                "op": "<=",
                "target": TARGET_S[size],
                "met": seconds <= TARGET_S[size],
            }
        ],
    }


def _fill(lists: list[int]) -> float:
    """Seconds the workers take for all lists; starting them is not counted."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WORKERS)
    ]
    waiting = iter(lists)

    def drive(worker: subprocess.Popen[str]) -> None:
        assert worker.stdin is not None and worker.stdout is not None
        for list_id in waiting:  # a list iterator is safe to share: each item goes to one thread
            worker.stdin.write(f"{list_id}\n")
            worker.stdin.flush()
            if worker.stdout.readline() != "done\n":
                raise RuntimeError(f"list {list_id} was not filled")
        worker.stdin.close()

    try:
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        started = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(drive, workers))
        return time.perf_counter() - started
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
            worker.wait()


def _by_hand(url: str) -> float:
    at = importlib.import_module("bench.bank_rows").TUESDAY  # needs Django set up
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE by_hand (customer_id bigint, number_id bigint, codes text[])")

    def part(number: int) -> None:
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(_BY_HAND, {"at": at, "part": number, "parts": WORKERS})

    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(part, range(WORKERS)))
    return time.perf_counter() - started
