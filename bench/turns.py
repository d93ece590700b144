"""How fast the robot answers: dialogue webhooks, from the signed request to the TwiML.

``run(size)`` starts PostgreSQL (with every commit on disk) and the web process as production runs
it, makes calls that have just been answered, and talks to them: the opening, then five answers a
call, each a signed POST with an address of its own.

First 100 webhooks a second are offered, whatever the answers take (the delay counts from the moment
a webhook was due). Then as many as go through at once. Beside them stands the limit of the same
run: a view that does nothing, asked the same way. All of it, the asking included, shares the
machine.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from config.demo import HEADLESS_START, PYTHON, ROOT, Addresses, Run, remove_state

CALLS = {"small": 100, "full": 1_000}
OFFERED_PER_S = 100
AT_ONCE = 16
#: What the customer says after the opening: none of it comes to a transfer or to an ending.
ANSWERS = ("方便，你说", "是我本人", "利息是多少呀", "需要什么条件", "你是机器人吗")
P99_MS, SHARE = 50.0, 0.15
FORM = "application/x-www-form-urlencoded"


class Webhook(NamedTuple):
    """One request, signed beforehand."""

    url: str
    body: str
    signature: str


class Measured(NamedTuple):
    """Milliseconds each took, sorted, and the seconds of the whole."""

    taken: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return round(len(self.taken) / self.seconds, 1)

    def share(self, part: float) -> float:
        """The time that this part of the requests stayed below."""
        return round(self.taken[min(len(self.taken) - 1, int(len(self.taken) * part))], 2)


def _prepared(run: Run, calls: int) -> list[list[Webhook]]:
    """Calls that were just answered, in the database, and their webhooks: one list a turn."""
    customers = ["--customers", str(calls), "--seed", "1", "--agents", "1"]
    run.manage("sandboxprepare", *customers, "--start", HEADLESS_START, "--folder", str(run.state))
    made = subprocess.run(
        [PYTHON, "-P", "-m", "bench.turns_calls", str(calls), *ANSWERS],
        cwd=ROOT,
        env={**run.supervisor.env},
        capture_output=True,
        text=True,
        check=True,
    )
    turns: list[list[Webhook]] = [[] for _ in range(len(ANSWERS) + 1)]
    for line in made.stdout.splitlines():
        turn, url, body, signature = line.split("\t")
        turns[int(turn)].append(Webhook(url, body, signature))
    return turns


async def _post(session: aiohttp.ClientSession, hook: Webhook) -> None:
    headers = {"X-Twilio-Signature": hook.signature, "Content-Type": FORM}
    async with session.post(hook.url, data=hook.body, headers=headers) as answer:
        text = await answer.text()
        if answer.status != 200 or "<Gather" not in text:
            raise RuntimeError(f"{hook.url} answered {answer.status}: {text[:200]}")


async def _offered(session: aiohttp.ClientSession, hooks: Sequence[Webhook]) -> Measured:
    """So many a second, each at its moment; the delay counts from that moment."""
    taken: list[float] = []
    begun = time.perf_counter()

    async def one(place: int, hook: Webhook) -> None:
        due = begun + place / OFFERED_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await _post(session, hook)
        taken.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(one(place, hook) for place, hook in enumerate(hooks)))
    return Measured(sorted(taken), time.perf_counter() - begun)


async def _saturated(work: Iterator[Any], at_once: int) -> Measured:
    """As many as go through, with so many under way."""
    taken: list[float] = []
    begun = time.perf_counter()

    async def worker() -> None:
        for request in work:
            since = time.perf_counter()
            await request()
            taken.append((time.perf_counter() - since) * 1000)

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return Measured(sorted(taken), time.perf_counter() - begun)


async def _measure(turns: list[list[Webhook]], empty_url: str) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=AT_ONCE * 4)
    async with aiohttp.ClientSession(connector=connector) as session:
        half = len(turns[0]) // 2
        # the first calls warm the workers up: patterns are compiled at their first use
        warm = min(20, half)
        for turn in turns:
            await asyncio.gather(*(_post(session, hook) for hook in turn[:warm]))
        offered = await _offered(session, [hook for turn in turns for hook in turn[warm:half]])
        # a turn's webhooks are of different calls, so those under way do not wait for each other
        rest = [hook for turn in turns for hook in turn[half:]]
        talking = (lambda hook=hook: _post(session, hook) for hook in rest)
        saturated = await _saturated(talking, AT_ONCE)

        async def nothing() -> None:
            async with session.get(empty_url) as answer:
                await answer.read()

        empty = await _saturated(iter([nothing] * len(rest) * 2), AT_ONCE)
    return {
        "calls": len(turns[0]),
        "webhooks": len(offered.taken) + len(saturated.taken),
        "offered_per_s": offered.per_second,
        "median_ms": round(statistics.median(offered.taken), 2),
        "p95_ms": offered.share(0.95),
        "p99_ms": offered.share(0.99),
        "saturated_per_s": saturated.per_second,
        "saturated_median_ms": round(statistics.median(saturated.taken), 2),
        "empty_view_per_s": empty.per_second,
    }


def _once(calls: int) -> dict[str, Any]:
    root = ROOT / ".state"
    root.mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="bench-turns-", dir=root))
    try:
        addresses = Addresses.find(preferred=False)
        with Run(state, addresses, fresh=True, kept=False, durable=True) as run:
            turns = _prepared(run, calls)
            run.supervisor.start(run.web())
            base = addresses.environment()["PUBLIC_BASE_URL"]
            return asyncio.run(_measure(turns, f"{base}/healthz"))
    finally:
        remove_state(state)


def run(size: str = "full") -> dict[str, Any]:
    """Measure; ``size`` is ``small`` or ``full`` (which also shows the small one)."""
    small = _once(CALLS["small"])
    figures = small if size == "small" else _once(CALLS["full"])
    ratio = round(figures["saturated_per_s"] / figures["empty_view_per_s"], 3)
    return {
        "bench": "turns",
        "size": size,
        "figures": {**figures, "small": small},
        "limit": {"empty_view_per_s": figures["empty_view_per_s"]},
        "ratio": ratio,
        "targets": [
            {
                "name": "p99_ms_at_100_per_s",
                "value": figures["p99_ms"],
                "op": "<=",
                "target": P99_MS,
                "met": figures["p99_ms"] <= P99_MS and figures["offered_per_s"] > 95,
            },
            {
                "name": "share_of_an_empty_view",
                "value": ratio,
                "op": ">=",
                "target": SHARE,
                "met": ratio >= SHARE,
            },
        ],
    }
