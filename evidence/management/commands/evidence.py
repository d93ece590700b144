"""`manage.py evidence dossier|history|certificate|erase-again`: the same without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audiences.models import Customer
from audit.recording import record
from campaigns.models import Campaign
from clock.reading import now
from evidence import erasing
from evidence.certificate import certificate, note_export, with_proof
from evidence.certificate_pdf import certificate_pdf
from evidence.dossier import dossier, find_call
from evidence.dossier_pdf import dossier_json, dossier_pdf
from evidence.erased_export import Erased, ExportUnusable, read_export
from evidence.fingerprint import fingerprint
from evidence.history import contact_history
from evidence.sheets import FORMATS


class Command(BaseCommand):
    help = "Write a call's dossier or a customer's history; erase again after a restored backup."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        call = commands.add_parser("dossier", help="one call: FILE.json with proof, or FILE.pdf")
        call.add_argument("call", help="its id, the carrier's id, or the permission's id")
        call.add_argument("file", type=Path)
        call.add_argument("--revealed", action="store_true", help="name and numbers in full")
        person = commands.add_parser("history", help="one customer: FILE.csv, .xlsx, .json or .pdf")
        person.add_argument("customer", help="the bank's id")
        person.add_argument("file", type=Path)
        whole = commands.add_parser("certificate", help="one campaign: FILE.json or FILE.pdf")
        whole.add_argument("campaign", type=int, help="its number")
        whole.add_argument("file", type=Path)
        again = commands.add_parser("erase-again", help="after a backup from before was restored")
        again.add_argument(
            "--from",
            dest="file",
            type=Path,
            help="an audit export from after the backup: erasures that the backup does not know",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        match options["command"]:
            case "dossier":
                self._dossier(options["call"], options["file"], options["revealed"])
            case "history":
                self._history(options["customer"], options["file"])
            case "certificate":
                self._certificate(options["campaign"], options["file"])
            case _:
                self._erase_again(options["file"])

    def _erase_again(self, file: Path | None) -> None:
        exported: list[Erased] = []
        if file is not None:
            try:
                with file.open(encoding="utf-8") as lines:
                    exported = list(read_export(lines))
            except (OSError, UnicodeDecodeError, ExportUnusable) as error:
                raise CommandError(f"{file} cannot be used: {error}") from error
        self.stdout.write(f"{erasing.again(exported)} people erased again")

    def _dossier(self, reference: str, file: Path, revealed: bool) -> None:
        call = find_call(reference)
        if call is None:
            raise CommandError(f"no call is called {reference}")
        document = dossier(call, reader=None, at=now(), revealed=revealed)
        made = dossier_pdf if file.suffix == ".pdf" else dossier_json
        file.write_bytes(made(document))

    @transaction.atomic
    def _certificate(self, campaign_id: int, file: Path) -> None:
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is None:
            raise CommandError(f"no campaign has the number {campaign_id}")
        document = certificate(campaign)
        kind = "pdf" if file.suffix == ".pdf" else "json"
        if kind == "pdf":
            content = certificate_pdf(document)
        else:
            content = dossier_json(with_proof(document, campaign))
        note_export(campaign, reader=None, kind=kind, sha256=fingerprint(document))
        file.write_bytes(content)

    def _history(self, bank_id: str, file: Path) -> None:
        customer = Customer.objects.filter(bank_id=bank_id).first()
        kind = file.suffix.removeprefix(".")
        if customer is None or kind not in FORMATS:
            raise CommandError("no such customer, or no such format")
        record(
            kind="evidence.history",
            actor_id=None,
            subject=f"customer:{customer.pk}",
            payload={"format": kind},
        )
        file.write_bytes(FORMATS[kind][1](contact_history(customer)))
