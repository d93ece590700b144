"""How fast permissions are given when fifty workers want the same customers.

``run(size)``: fifty workers ask the gate, first 50 times a second, then as often as they can.

Every second request is for one of fifty customers whom everybody wants; an attempt is closed as
soon as it is given, so that the caps are what stops the next one. Beside it, in turns with it and
on the same server, pgbench sends the same statements with as many clients (gate_limit.py): what the
database alone would do. What the caps should have stopped is counted in the ledger afterwards.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from typing import Any

import psycopg2

from bench.own_database import own_database

CUSTOMERS = {"small": 5_000, "full": 50_000}
#: Seconds at the offered rate, and of each turn flat out and of pgbench. A minute is offered, as
#: long as a round of autovacuum: it looks at what has grown, and every connection plans anew. In
#: less than a round that happens to most of the requests that are measured, or to none.
SECONDS = {"small": (60, 2), "full": (60, 5)}
TURNS = 3
RATE = 50.0

# The bounds of cn-bank that calls of these intents can reach: attempts of a customer a day (C1) and
# in 7 days (C2), of a number in 24 hours and 2 hours apart (C4), live ones of a customer, of a
# number, and permissions without exactly one line and one decision. pgbench's customers apart.
_VIOLATIONS = """
WITH line AS (
    SELECT customer_id, number_id, at,
        lag(at) OVER (PARTITION BY number_id ORDER BY at) AS before
    FROM compliance_contact
    WHERE kind = 'attempt' AND customer_id < %(theirs)s AND attempt_id IS NOT NULL),
day AS (SELECT count(*) AS n FROM line
    WHERE at >= date_trunc('day', %(at)s::timestamptz, 'Asia/Shanghai') GROUP BY customer_id),
week AS (SELECT count(*) AS n FROM line
    WHERE at > %(at)s::timestamptz - interval '7 days' GROUP BY customer_id),
number AS (SELECT count(*) AS n FROM line
    WHERE at > %(at)s::timestamptz - interval '24 hours' GROUP BY number_id)
SELECT (SELECT count(*) FROM day WHERE n > 2)
    + (SELECT count(*) FROM week WHERE n > 3)
    + (SELECT count(*) FROM number WHERE n > 2)
    + (SELECT count(*) FROM line
       WHERE at > %(at)s::timestamptz AND at - before < interval '2 hours')
    + (SELECT count(*) FROM (SELECT FROM compliance_attempt
       WHERE state IN ('reserved', 'bound') AND customer_id < %(theirs)s
       GROUP BY customer_id HAVING count(*) > 1) AS live)
    + (SELECT count(*) FROM compliance_attempt AS a
       WHERE customer_id < %(theirs)s AND (1 <> (SELECT count(*) FROM compliance_contact
                   WHERE attempt_id = a.id AND kind = 'attempt')
          OR 1 <> (SELECT count(*) FROM compliance_decision
                   WHERE id = a.decision_id AND attempt_id = a.id AND verdict = 'allow')))
"""


def run(size: str) -> dict[str, Any]:
    """Measure; "full" shows the small one too. Raises NoPgbench, EmbeddedError."""
    small = _small() if size == "full" else None
    with own_database() as url:
        figures, limit = _measure(url, size)
    ratio = round(figures["saturated_per_s"] / limit["pgbench_per_s"], 3)
    targets = [
        ("p95_ms_at_50_a_second", figures["p95_ms"], "<=", 15.0),
        ("share_of_pgbench", ratio, ">=", 0.6),
        ("violations", figures["violations"], "==", 0),
    ]
    result = {
        "bench": "gate",
        "size": size,
        "figures": figures,
        "limit": limit,
        "ratio": ratio,
        "targets": [
            {"name": name, "value": value, "op": op, "target": goal, "met": _met(value, op, goal)}
            for name, value, op, goal in targets
        ],
    }
    return result if small is None else {**result, "small": small}


def _small() -> dict[str, Any]:
    """The tenth, in a process of its own: Django is set up once a process."""
    command = [sys.executable, "-P", "-m", "bench", "gate", "--size", "small", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _met(value: float, op: str, goal: float) -> bool:
    return {"<=": value <= goal, ">=": value >= goal, "==": value == goal}[op]


def _measure(url: str, size: str) -> tuple[dict[str, Any], dict[str, Any]]:
    bank = importlib.import_module("bench.gate_bank")  # these need Django set up
    working = importlib.import_module("bench.gate_crew")
    limiting = importlib.import_module("bench.gate_limit")
    limiting.pgbench()
    ours, theirs = bank.make(CUSTOMERS[size])
    load = os.getloadavg()[0]
    scripts = limiting.record(theirs)
    offered_s, turn_s = SECONDS[size]
    saturated = working.Seen()
    seconds, rates = 0.0, []
    with working.crew(ours) as crew:
        crew.ask(2.0, 2 * RATE)  # packs, calendar, connections: what every worker does once
        offered = crew.ask(offered_s, RATE)
        for _ in range(TURNS):
            turn = crew.ask(turn_s)
            seconds += turn.seconds
            saturated.add(turn)
            rates.append(limiting.measure(scripts, saturated, url, turn_s))
    asked = len(saturated.codes)
    figures = {
        "offered_asked": len(offered.waits),
        "p50_ms": _percentile(offered.waits, 0.5),
        "p95_ms": _percentile(offered.waits, 0.95),
        "p99_ms": _percentile(offered.waits, 0.99),
        "saturated_asked": asked,
        "saturated_per_s": round(asked / seconds, 1),
        "cpu_ms_each": round(saturated.own_cpu / asked * 1000, 3),
        "server_cpu_ms_each": round(saturated.server_cpu / asked * 1000, 3),
        "codes": dict(Counter(saturated.codes).most_common()),
        "violations": _violations(url, bank.NOW, theirs.first_customer),
        "load_at_start": round(load, 2),
    }
    limit = {
        "what": "pgbench, the same statements recorded from one reserve allowed (and its close) and"
        " one refused, in the proportion seen, 50 clients, keys drawn anew as the crew draws them",
        "messages": scripts.messages,
        "pgbench_per_s": round(sum(rates) / len(rates), 1),
    }
    return figures, limit


def _violations(url: str, at: datetime, theirs: int) -> int:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_VIOLATIONS, {"at": at, "theirs": theirs})
        row = cursor.fetchone()
    assert row is not None
    found: int = row[0]
    return found


def _percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 1)
