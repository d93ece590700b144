"""`manage.py arbiterreport [--days N]`: how far the arbiter agrees with the robot."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from clock.reading import now
from robot.shadowing import agreement


class Command(BaseCommand):
    help = "Prints the agreement report of a shadow run as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=30)

    def handle(self, *args: Any, **options: Any) -> None:
        report = agreement(now() - timedelta(days=options["days"]))
        self.stdout.write(json.dumps(report.document(), ensure_ascii=False, indent=2))
