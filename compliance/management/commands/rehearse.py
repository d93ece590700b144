"""Run policy scenarios from YAML files: `manage.py rehearse FILE… [--json]`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import override

from compliance.pack_source import Located
from compliance.rehearsing import Rehearsed, ScenarioError, rehearse
from compliance.scenario_wording import sentence, text


class Command(BaseCommand):
    help = "Run policy scenarios; exit 1 when one does not come out as expected."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        results: list[Rehearsed] = []
        faults: list[ScenarioError] = []
        for path in options["files"]:
            try:
                results += rehearse(path)
            except ScenarioError as error:
                faults.append(error)
        if options["as_json"]:
            documents = [*map(_document, results), *map(_fault, faults)]
            self.stdout.write(json.dumps(documents, ensure_ascii=False))
        else:
            self._write(results, faults)
        if faults or not all(result.passed for result in results):
            sys.exit(1)

    def _write(self, results: list[Rehearsed], faults: list[ScenarioError]) -> None:
        """One line a scenario; what cannot be read, and doubts, in the reader's language."""
        for result in results:
            self.stdout.write(_line(result))
        with override(_language()):
            for result in results:
                for located in result.doubts:
                    self.stderr.write(f"note  {sentence(result.file, located)}")
            for error in faults:
                self.stderr.write(str(error))


def _language() -> str:
    """The terminal's language, as its environment names it; the installation's when it does not."""
    named = next(
        (os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), ""
    )
    code = named.partition("_")[0].lower()
    return {"zh": "zh-hans", "en": "en"}.get(code, settings.LANGUAGE_CODE)


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
        "notes": [_both(located) for located in result.doubts],
        **result.decision.document(),
    }


def _fault(error: ScenarioError) -> dict[str, Any]:
    """A file that cannot be read: it did not pass."""
    mistakes = [_both(located) for located in error.mistakes]
    return {"file": error.file, "passed": False, "mistakes": mistakes}


def _both(located: Located) -> dict[str, Any]:
    """In both languages, as decisions are."""
    sentences = {}
    for name, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            sentences[name] = text(located)
    return {"line": located.line, "place": list(located.problem.path), **sentences}
