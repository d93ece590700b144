"""Make the sample bank and its campaign, from the customer file to the branches' signatures."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sandbox.preparing import Prepared, prepare, resume_clock


class Command(BaseCommand):
    help = "Migrate, make the sample bank, import, screen, submit and approve its campaign."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customers", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--agents", type=int, default=10)
        parser.add_argument("--folder", type=Path, required=True)
        parser.add_argument("--start", type=datetime.fromisoformat, default=None)
        parser.add_argument("--speed", type=float, default=1.0)
        parser.add_argument(
            "--continue",
            dest="go_on",
            action="store_true",
            help="keep what an earlier run made, and leave some branches to be signed by hand",
        )

        parser.add_argument(
            "--draft", action="store_true", help="leave the campaign a draft, for people to go on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("grantroles", verbosity=0)
        if options["go_on"] and resume_clock(speed=options["speed"]):
            self.stdout.write("The sample bank of the last run is there.")
            return
        try:
            done: Prepared = prepare(
                customers=options["customers"],
                seed=options["seed"],
                agents=options["agents"],
                folder=options["folder"],
                start=options["start"],
                leave_branches=2 if options["go_on"] else 0,
                draft=options["draft"],
            )
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.customers} customers imported, {done.rejected} rows rejected; "
            f"{done.listed} listed, {done.blocked} of them may not be called, "
            f"{done.approved} approved by {done.branches} branches."
        )
