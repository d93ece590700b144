"""`manage.py audit seal|verify`: chain what happened, prove that nothing was changed."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, close_old_connections

from audit.models import Seal
from audit.sealing import seal_once
from audit.verifying import verify


class Command(BaseCommand):
    help = "Seal the audit record, or verify it."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        seal = commands.add_parser("seal", help="seal what no transaction can change any more")
        seal.add_argument("--forever", action="store_true", help="go on until told to stop")
        seal.add_argument("--every", type=float, default=5.0, help="real seconds between (max 10)")
        seal.add_argument("--anchor", type=Path, help="append each new head to this file")
        check = commands.add_parser("verify", help="take every hash again")
        check.add_argument("--anchor", type=Path, help="heads that must be in the chain")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "seal":
            self._seal(options["anchor"], options["forever"], min(options["every"], 10.0))
        else:
            self._verify(options["anchor"])

    def _seal(self, anchor: Path | None, forever: bool, every: float) -> None:
        stopping = threading.Event()
        if forever:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _n, _f: stopping.set())
        while True:
            try:
                sealed = self.step(anchor)
            except OperationalError:
                # the database is restarting: the record waits, nothing is lost
                if not forever:
                    raise
                sealed = 0
                self.stderr.write("the database did not answer; trying again")
            if not forever:
                self.stdout.write(f"{sealed} entries sealed")
                return
            if stopping.wait(every):
                return
            close_old_connections()

    @staticmethod
    def step(anchor: Path | None) -> int:
        """Seal once and anchor the new head; the number of entries sealed."""
        sealed = seal_once()
        if sealed and anchor is not None:
            head = Seal.objects.latest("id")
            line = json.dumps({"seal": head.pk, "hash": head.hash, "at": head.at.isoformat()})
            with anchor.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return sealed

    def _verify(self, anchor: Path | None) -> None:
        heads: list[str] = []
        if anchor is not None:
            lines = anchor.read_text(encoding="utf-8").splitlines()
            heads = [json.loads(line)["hash"] for line in lines if line.strip()]
        verdict = verify(anchored_heads=heads)
        self.stdout.write(
            f"{verdict.entries} entries, {verdict.seals} seals, {verdict.unsealed} not sealed yet"
        )
        self.stdout.write(f"head {verdict.head}")
        for fault in verdict.faults:
            self.stderr.write(
                f"{fault.code} seal={fault.seal_id} entry={fault.entry_id} {fault.detail}"
            )
        if not verdict.whole:
            raise CommandError(f"{len(verdict.faults)} faults")
