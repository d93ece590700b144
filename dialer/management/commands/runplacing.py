"""`manage.py runplacing`: work on the queue `placing`, with several workers in one process."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentTypeError
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dialer import workers

#: More threads than this only wait for one core: start another process.
MOST = 100


class Command(BaseCommand):
    """Start one for each core, on as many machines as wanted."""

    help = (
        "Places calls: RQ workers of the queue `placing`, as threads of one process."
        " SIGTERM lets the calls at hand be placed; a second one leaves at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--threads",
            type=_threads,
            default=workers.THREADS,
            help=f"calls that are placed at a time, 1 to {MOST} (default {workers.THREADS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def wants_end(_number: int, _frame: FrameType | None) -> None:
            if stop.is_set():
                raise SystemExit(1)  # the rows say what was under way
            stop.set()

        signal.signal(signal.SIGTERM, wants_end)
        signal.signal(signal.SIGINT, wants_end)
        if not workers.run(options["threads"], stop):
            raise CommandError("a worker ended by itself, and the others with it; see the log")


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"{text!r} is not a number of threads from 1 to {MOST}")
    return int(text)
