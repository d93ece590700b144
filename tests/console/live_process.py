"""The pushing process as it really runs: uvicorn, in a process of its own, on the tests' Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from config.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN_S = 20.0


@contextmanager
def live_process(public_base_url: str) -> Iterator[str]:
    """Starts it, yields its base URL, stops it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "PUBLIC_BASE_URL": public_base_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "config.asgi_live:application", "--port", str(port),
         "--log-level", "error", "--timeout-graceful-shutdown", "2"],
        cwd=ROOT,
        env=env,
    )  # fmt: skip
    try:
        _wait_until_answering(f"{base}/healthz", process)
        yield base
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_answering(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the pushing process did not start")
