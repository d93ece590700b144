"""`manage.py importoptouts FILE`: carry out a file of refusals here and now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from audiences.domain.faults import FileFault
from audiences.wording import error_sentence, file_fault_sentence
from compliance import opt_out_files


class Command(BaseCommand):
    help = "Write down the refusals of a file: numbers or customer ids, in force at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--maker", required=True, help="user name of whoever brings it in")
        parser.add_argument("--via", default="other", help="how the refusals were said")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].resolve()
        if not path.is_file():
            raise CommandError(f"no such file: {path}")
        maker = User.objects.filter(username=options["maker"], is_active=True).first()
        if maker is None:
            raise CommandError(f"nobody is called {options['maker']}")
        try:
            with path.open("rb") as source:
                kept = opt_out_files.receive(
                    source, file_name=path.name, via=options["via"], maker=maker
                )
        except FileFault as fault:
            raise CommandError(file_fault_sentence(fault)) from fault
        done = opt_out_files.run(kept.pk)
        if done.error:
            raise CommandError(error_sentence(done.error))
        self.stdout.write(
            f"{done.rows_read} rows: {done.people} people, {done.numbers} numbers, "
            f"{done.rows_repeated} repeated, {done.rows_rejected} rejected"
        )
