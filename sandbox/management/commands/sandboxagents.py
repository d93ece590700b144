"""`manage.py sandboxagents`: bots at the desks, for the sandbox and the demo."""

from __future__ import annotations

import asyncio
import json
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox.agent_bots import NoSuchAgent, play


class Command(BaseCommand):
    help = "Play agents through the desk's own HTTP endpoints, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.PUBLIC_BASE_URL)
        parser.add_argument("--agents", type=int, default=3, help="how many: agent01, agent02, …")
        parser.add_argument("--first", type=int, default=1, help="number of the first agent")
        parser.add_argument("--seed", default="1", help="decides what comes of each talk")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Bots take no real customers: SANDBOX is not set.")
        first = options["first"]
        usernames = [f"agent{n:02}" for n in range(first, first + options["agents"])]
        try:
            done = asyncio.run(_until_stopped(options["base_url"], usernames, options["seed"]))
        except NoSuchAgent as unknown:
            raise CommandError(f"There is no agent {unknown}.") from None
        self.stdout.write(json.dumps(dict(done), sort_keys=True))


async def _until_stopped(base_url: str, usernames: list[str], seed: str) -> dict[str, int]:
    """Play until SIGINT or SIGTERM, then sign off and say what was done."""
    playing = asyncio.create_task(play(base_url=base_url, usernames=usernames, seed=seed))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    return await playing
