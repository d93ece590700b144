"""Carriers for the tests: the real process, and one that misbehaves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django_rq
import pytest

from clock.reading import anchors
from dialer.jobs import QUEUE
from telephony import client
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(db: None) -> World:
    """A running campaign in one transaction that is rolled back."""
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None) -> Iterator[World]:
    """The same for tests that need real commits: other threads, other processes, on-commit jobs."""
    queue: Any = django_rq.get_queue(QUEUE)
    queue.empty()
    yield make_world()
    queue.empty()


@pytest.fixture
def stub(settings: Any) -> Iterator[StubCarrier]:
    """The misbehaving carrier, behind the SDK."""
    carrier = StubCarrier()
    settings.TWILIO_API_BASE = carrier.base
    settings.CARRIER = "sandbox"
    yield carrier
    carrier.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, stub: StubCarrier) -> StubCarrier:
    """The misbehaving carrier behind a client that waits 0.3 s instead of 10."""
    monkeypatch.setattr(client, "TIMEOUT_S", 0.3)
    return stub


@dataclass(slots=True)
class Carrier:
    """A carrier process, driven through its control plane."""

    base: str
    journal: Path

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """GET, or POST with a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/_carrier/{path}", data=data)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.loads(reply.read() or b"null")

    def events(self) -> list[dict[str, Any]]:
        """The journal so far."""
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def carrier(
    committed_world: World, live_server: Any, settings: Any, tmp_path: Path
) -> Iterator[Carrier]:
    """`python -m carrier` on a free port, with our own live server behind its webhooks."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = anchors()
    assert found is not None
    journal = tmp_path / "journal.jsonl"
    settings.PUBLIC_BASE_URL = live_server.url
    settings.TWILIO_API_BASE = f"http://127.0.0.1:{port}"
    settings.CARRIER = "sandbox"
    command = [sys.executable, "-m", "carrier", "--sandbox", "--port", str(port)]
    command += ["--account-sid", settings.TWILIO_ACCOUNT_SID]
    command += ["--auth-token", settings.TWILIO_AUTH_TOKEN]
    command += ["--seed", "7", "--speed", str(found.speed), "--journal", str(journal)]
    command += ["--anchor-real", found.real.isoformat(), "--anchor-sim", found.sim.isoformat()]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ})
    made = Carrier(settings.TWILIO_API_BASE, journal)
    try:
        _wait_until_ready(made)
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(carrier: Carrier) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            carrier.control("health")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
