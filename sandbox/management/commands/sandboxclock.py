"""Print the sandbox clock's three numbers, for the carrier's command line."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clock.reading import anchors


class Command(BaseCommand):
    help = "Print the sandbox clock: two instants and the simulated seconds per real second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = anchors()
        if found is None:
            raise CommandError("The sandbox clock is not set.")
        numbers = {
            "anchor_real": found.real.isoformat(),
            "anchor_sim": found.sim.isoformat(),
            "speed": found.speed,
        }
        self.stdout.write(json.dumps(numbers) if options["json"] else str(numbers))
