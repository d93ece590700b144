"""Run policy scenarios from YAML files: `manage.py rehearse FILE… [--json]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.rehearsing import Rehearsed, ScenarioError, rehearse


class Command(BaseCommand):
    help = "Run policy scenarios; exit 1 when one does not come out as expected."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results = [result for path in options["files"] for result in rehearse(path)]
        except ScenarioError as error:
            raise CommandError(str(error)) from error
        if options["as_json"]:
            self.stdout.write(json.dumps([_document(r) for r in results], ensure_ascii=False))
        else:
            for result in results:
                self.stdout.write(_line(result))
        if not all(result.passed for result in results):
            sys.exit(1)


def _line(result: Rehearsed) -> str:
    mark = "pass" if result.passed else "FAIL"
    codes = ",".join(result.decision.codes) or "-"
    text = f"{mark}  {result.file}  {result.name}: {result.decision.verdict.value} {codes}"
    return f"{text}  ({result.difference})" if result.difference else text


def _document(result: Rehearsed) -> dict[str, Any]:
    return {
        "file": result.file,
        "name": result.name,
        "passed": result.passed,
        "difference": result.difference,
        **result.decision.document(),
    }
