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
#: Real seconds between two looks for somebody to hang up on: it must be done within one.
WATCH_S = 0.2


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
            leads = leader.step()
            ends = began + (tick_s(leader.speed) if leads else STANDBY_S)
            while not stop.is_set() and (left := ends - time.monotonic()) > 0:
                stop.wait(min(left, WATCH_S) if leads else left)
                if leads:
                    leader.watch()
    finally:
        leader.close()
