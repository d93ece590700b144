"""`manage.py audit seal|verify|export|rebase`: chain what happened, prove that it stands unchanged.

The formats of the anchor file and of the export are in docs/evidence.md; `audit/verify_export.py`
checks both without us.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, close_old_connections, connection

from audit.anchoring import Anchors
from audit.database_roles import as_owner
from audit.exporting import export
from audit.rebasing import RebaseRefused, rebase
from audit.sealing import OtherCluster, seal_once
from audit.verifying import verify


class Command(BaseCommand):
    help = "Seal the audit record, verify it, export it, or go on after a dump was restored."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        seal = commands.add_parser("seal", help="seal what no transaction can change any more")
        seal.add_argument("--forever", action="store_true", help="go on until told to stop")
        seal.add_argument("--every", type=float, default=5.0, help="real seconds between (max 10)")
        seal.add_argument("--anchor", type=Path, help="append the head to this file, hourly")
        seal.add_argument("--anchor-every", type=float, default=3600.0, help="real seconds")
        check = commands.add_parser("verify", help="take every hash again")
        check.add_argument("--anchor", type=Path, help="heads that must be in the chain")
        out = commands.add_parser("export", help="write the chain as lines of JSON")
        out.add_argument("file", type=Path, help="'-' for standard output")
        out.add_argument("--from-seal", type=int, default=1)
        out.add_argument("--to-seal", type=int, default=None)
        out.add_argument(
            "--chain-only", action="store_true", help="without the rows of the other ledgers"
        )
        again = commands.add_parser("rebase", help="go on after a dump was restored elsewhere")
        again.add_argument("--maker", required=True, help="user name of who asks for it")
        again.add_argument("--checker", required=True, help="user name of who signs it")
        again.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        match options["command"]:
            case "seal":
                self._seal(options)
            case "verify":
                self._verify(options["anchor"])
            case "export":
                self._export(options)
            case _:
                self._rebase(options["maker"], options["checker"], options["reason"])

    def _seal(self, options: dict[str, Any]) -> None:
        forever, every = options["forever"], min(options["every"], 10.0)
        anchors = None
        if options["anchor"] is not None:
            anchors = Anchors(options["anchor"], options["anchor_every"] if forever else 0.0)
        stopping = threading.Event()
        if forever:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _n, _f: stopping.set())
        while True:
            try:
                sealed = self.step(anchors)
            except OtherCluster as error:
                raise CommandError(f"{error}: see manage.py audit rebase --help") from error
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
    def step(anchors: Anchors | None) -> int:
        """Seal once and anchor the head when that is due; the number of entries sealed."""
        sealed = seal_once()
        if anchors is not None:
            anchors.keep_head(time.monotonic())
        return sealed

    def _verify(self, anchor: Path | None) -> None:
        heads = Anchors.read(anchor) if anchor is not None else None
        verdict = verify(anchored_heads=heads)
        self.stdout.write(
            f"{verdict.entries} entries, {verdict.seals} seals, {verdict.rows} rows of other"
            f" ledgers, {verdict.unsealed} not sealed yet"
        )
        self.stdout.write(f"head {verdict.head}")
        for fault in verdict.faults:
            self.stderr.write(str(fault))
        if not verdict.whole:
            raise CommandError(f"{len(verdict.faults)} faults")

    def _export(self, options: dict[str, Any]) -> None:
        lines = export(
            options["from_seal"], options["to_seal"], with_rows=not options["chain_only"]
        )
        if str(options["file"]) == "-":
            for line in lines:
                sys.stdout.write(line + "\n")
            return
        with options["file"].open("w", encoding="utf-8") as output:
            for line in lines:
                output.write(line + "\n")

    def _rebase(self, maker: str, checker: str, reason: str) -> None:
        with as_owner(connection, settings.MIGRATION_DATABASE):
            try:
                lift = rebase(maker=_user(maker), checker=_user(checker), reason=reason)
            except RebaseRefused as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"transaction numbers lifted by {lift}; the chain goes on")


def _user(username: str) -> AbstractBaseUser:
    found = get_user_model().objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"no active user is called {username}")
    return found
