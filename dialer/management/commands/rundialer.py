"""`manage.py rundialer`: lead the dialling, or stand by until the leader is gone."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dialer.errands import Errands
from dialer.leading import Leader, tick_s

#: Real seconds between two tries of a standby.
STANDBY_S = 1.0


class Command(BaseCommand):
    """Start as many as wanted, on as many machines: one leads, the others wait."""

    help = "Leads the dialling (one process does; others stand by). Stops cleanly on SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="one tick; exit code 1 if another process leads"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            leader = Leader(errands=Errands(threads=0))
            try:
                if not leader.step():
                    raise SystemExit(1)
            finally:
                leader.close()
            return
        stop = threading.Event()

        def wants_end(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, wants_end)
        signal.signal(signal.SIGINT, wants_end)
        run(Leader(), stop)


def run(leader: Leader, stop: threading.Event) -> None:
    """Step until `stop` is set; then give the lead away."""
    try:
        while not stop.is_set():
            began = time.monotonic()
            pause = tick_s(leader.speed) if leader.step() else STANDBY_S
            stop.wait(max(0.0, pause - (time.monotonic() - began)))
    finally:
        leader.close()
