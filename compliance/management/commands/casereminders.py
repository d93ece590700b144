"""manage.py casereminders: write down which terms of cases come near or ran out (for cron)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from clock.reading import now
from compliance.cases import remind


class Command(BaseCommand):
    help = "Write down which terms of complaint cases come near or ran out."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{remind(now())} new")
