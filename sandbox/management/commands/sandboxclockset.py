"""Set the sandbox's clock, here and at the carrier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from telephony.sandbox_carrier import CarrierUnreachable, set_both_clocks


class Command(BaseCommand):
    help = "Move the simulated time, or its speed, on both sides at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--start", type=datetime.fromisoformat, default=None)
        parser.add_argument("--speed", type=float, default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            anchors = set_both_clocks(sim=options["start"], speed=options["speed"])
        except CarrierUnreachable as error:
            raise CommandError("The carrier does not answer.") from error
        self.stdout.write(f"{anchors.sim.isoformat()} × {anchors.speed:g}")
