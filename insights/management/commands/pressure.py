"""manage.py pressure: count how often customers are contacted, now (for cron, at night)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from insights.pressure import rebuild


class Command(BaseCommand):
    help = "Count how often customers are contacted, for the pressure view."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("counted" if rebuild() else "somebody else is counting")
