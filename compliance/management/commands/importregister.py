"""`manage.py importregister NAME FILE`: bring in a register's file, and submit it for signature.

A second person signs it on its page; only then is it in force.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import is_naive, make_aware

from accounts.models import User
from accounts.permissions import Page, may
from audiences.domain.faults import FileFault
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from compliance import register_reading, registers
from compliance.domain.registers import ImportMode, RegisterImportState
from compliance.models import Register, RegisterImport


class Command(BaseCommand):
    help = "Bring in the file of a register and submit it for a second person's signature."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the register's short name")
        parser.add_argument("file", type=Path)
        parser.add_argument("--maker", required=True, help="user name of whoever submits it")
        parser.add_argument("--drawn", required=True, type=_instant, help="when it was drawn, ISO")
        parser.add_argument("--add", action="store_true", help="further entries, no whole list")

    def handle(self, *args: Any, **options: Any) -> None:
        register = Register.objects.filter(name=options["name"]).first()
        if register is None:
            raise CommandError(f"no register is called {options['name']}")
        maker = User.objects.filter(username=options["maker"], is_active=True).first()
        if maker is None or not may(maker, Page.REGISTERS):
            raise CommandError(f"{options['maker']} may not bring in registers")
        path: Path = options["file"].resolve()
        if not path.is_file():
            raise CommandError(f"no such file: {path}")
        try:
            with path.open("rb") as file:
                batch = registers.receive(
                    file,
                    file_name=path.name,
                    register=register,
                    mode=ImportMode.ADD if options["add"] else ImportMode.REPLACE,
                    drawn_at=options["drawn"],
                    terms=registers.terms_of(register),
                    maker=maker,
                )
            batch = register_reading.read(batch.pk)
            if batch.state != RegisterImportState.READY:
                raise CommandError(error_sentence(batch.error))
            registers.submit(batch, maker=maker)
        except registers.RegisterRefused as refused:
            raise CommandError(refused.sentence) from refused
        except FileFault as fault:
            raise CommandError(file_fault_sentence(fault)) from fault
        self._report(batch)

    def _report(self, batch: RegisterImport) -> None:
        self.stdout.write(
            f"{batch.rows_read} rows: {batch.entries} entries, {batch.added} new, {batch.gone} fall"
            f" away, {batch.known_numbers + batch.known_customers} of ours,"
            f" {batch.rows_rejected} rejected; waits for a signature"
        )
        for one in batch.rejected.order_by("row")[:20]:
            self.stdout.write(f"  row {one.row}: {row_reason_sentence(one.reason)}")


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return make_aware(found) if is_naive(found) else found
