"""How much the carrier carries: creates and signed webhooks a second against a stub listener.

``run(size)`` starts ``python -m carrier`` as a process of its own, posts calls to it and answers
its webhooks from here. Beside the figures stands a limit of the same run: the stub listener alone,
asked by a client that signs nothing and knows nothing of calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

CALLS = {"small": 1_000, "full": 10_000}
ACCOUNT, TOKEN = "AC" + "0" * 32, "bench"
SPEED = 50
POSTERS = 32
TWIML = "<Response><Pause length='20'/></Response>"
EVENTS = ("initiated", "ringing", "answered", "completed")


@dataclass(slots=True)
class Listener:
    """Answers everything with a short document and counts."""

    hits: int = 0
    port: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        await request.read()
        self.hits += 1
        return web.Response(text=TWIML, content_type="text/xml")


async def _listen(listener: Listener) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/{tail:.*}", listener.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    listener.port = runner.addresses[0][1]
    return runner


def _memory_mb(pid: int) -> float:
    """The most memory a process has had resident (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _cpu_seconds(pid: int) -> float:
    """Processor time a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _post_all(
    session: aiohttp.ClientSession, url: str, bodies: list[list[tuple[str, str]]]
) -> float:
    """Post every body, a few at once; gives the seconds it took."""
    waiting = iter(bodies)

    async def post() -> None:
        for body in waiting:
            async with session.post(url, data=body) as answer:
                await answer.read()
                if answer.status >= 400:
                    raise RuntimeError(f"answered {answer.status}")

    begun = time.perf_counter()
    await asyncio.gather(*(post() for _ in range(POSTERS)))
    return time.perf_counter() - begun


async def _measure(calls: int) -> dict[str, Any]:
    listener = Listener()
    runner = await _listen(listener)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "carrier", "--port", "0", "--account-sid", ACCOUNT,
        "--auth-token", TOKEN, "--seed", "1", "--speed", str(SPEED), "--cps", "100000",
        "--max-calls", str(calls + 1), "--sandbox",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        if process.stdout is None:
            raise RuntimeError("no output")
        url = (await process.stdout.readline()).decode().rpartition(" ")[2].strip()
        hooks = f"http://127.0.0.1:{listener.port}"
        bodies = [
            [
                ("To", f"+861380{n:07d}"),
                ("From", "+8657112345678"),
                ("Url", f"{hooks}/twiml?call={n}"),
                ("StatusCallback", f"{hooks}/status?call={n}"),
                *(("StatusCallbackEvent", event) for event in EVENTS),
            ]
            for n in range(calls)
        ]
        headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
        async with aiohttp.ClientSession(headers=headers) as session:
            begun = time.perf_counter()
            used = _cpu_seconds(process.pid)
            path = f"{url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            creating = await _post_all(session, path, bodies)
            while True:
                async with session.get(f"{url}/_carrier/health") as answer:
                    health = await answer.json()
                if health["live"] == 0 and health["webhooks_under_way"] == 0:
                    break
                await asyncio.sleep(0.05)
            seconds = time.perf_counter() - begun
            used = _cpu_seconds(process.pid) - used
            memory = _memory_mb(process.pid)
            webhooks = listener.hits
            plain = await _post_all(session, f"{hooks}/plain", bodies[: calls // 4])
        return {
            "calls": calls,
            "creates_per_s": round(calls / creating, 1),
            "webhooks": webhooks,
            "webhooks_per_s": round(webhooks / seconds, 1),
            "seconds": round(seconds, 2),
            "memory_mb": memory,
            "cpu_s": round(used, 2),
            "cpu_ms_per_webhook": round(used / webhooks * 1000, 3),
            "plain_posts_per_s": round(calls // 4 / plain, 1),
        }
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


def run(size: str = "full") -> dict[str, Any]:
    """Measure; ``size`` is ``small`` or ``full`` (which also shows the small one)."""
    small = asyncio.run(_measure(CALLS["small"]))
    figures = small if size == "small" else asyncio.run(_measure(CALLS["full"]))
    targets = [
        ("creates_per_s", ">=", 700),
        ("webhooks_per_s", ">=", 1400),
        ("memory_mb", "<=", 100),
    ]
    limit = figures["plain_posts_per_s"]
    return {
        "bench": "carrier",
        "size": size,
        "figures": {**figures, "small": small},
        "limit": {"plain_posts_per_s": limit},
        "ratio": round(figures["webhooks_per_s"] / limit, 3),
        "targets": [
            {
                "name": name,
                "value": figures[name],
                "op": op,
                "target": target,
                "met": figures[name] >= target if op == ">=" else figures[name] <= target,
            }
            for name, op, target in targets
        ],
    }


def main() -> int:
    """``python -m bench.carrier [--size small] [--json]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(CALLS), default="full")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    print(json.dumps(run(args.size), indent=None if args.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
