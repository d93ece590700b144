"""`manage.py importcustomers FILE`: import a customer file here and now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audiences.importing import import_file
from audiences.models import ImportBatch
from audiences.rejections import write_rejections
from audiences.wording import error_sentence


class Command(BaseCommand):
    help = "Import customers from a CSV or XLSX file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--rejected", type=Path, help="write the rejected rows here, as CSV")
        parser.add_argument("--sandbox", action="store_true", help="sample data, never dialled")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].resolve()
        if not path.is_file():
            raise CommandError(f"no such file: {path}")
        if options["sandbox"] and not settings.SANDBOX:
            raise CommandError("sample data belongs in the sandbox")
        batch = import_file(path, sandbox=options["sandbox"])
        if batch.error:
            raise CommandError(error_sentence(batch.error))
        self.stdout.write(_counts(batch))
        if options["rejected"]:
            with options["rejected"].open("w", encoding="utf-8-sig", newline="") as file:
                write_rejections(batch, file)


def _counts(batch: ImportBatch) -> str:
    return (
        f"{batch.rows_read} rows: {batch.rows_created} new, {batch.rows_updated} changed, "
        f"{batch.rows_unchanged} unchanged, {batch.rows_rejected} rejected"
    )
