"""Processes of ours, started as in production, on a test's own database and queues."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def manage(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A management command as a process; it is killed if it still runs at the end.

    The test must commit what the process is to see. `environment` is added to our own.
    """
    started = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **_on_our_servers(), **environment},
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait(10)


def _on_our_servers() -> dict[str, str]:
    found = connection.settings_dict
    query = f"host={found['HOST']}&port={found['PORT']}".removesuffix("&port=")
    options = quote(found["OPTIONS"].get("options", ""))
    return {
        "DATABASE_URL": f"postgresql://{found['USER']}@/{found['NAME']}?{query}&options={options}",
        "REDIS_URL": settings.REDIS_URL,
        "SANDBOX": "1",
    }
