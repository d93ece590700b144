"""Prove scripts: `python -m robot.validate FILE…`.

Prints each finding with the node, the path that breaks the rule and how to mend it; exits with 1
if there are any. `--json` writes one JSON object a file. No database.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from robot.domain.documents import Fault, ScriptUnreadable, read_yaml
from robot.domain.validation.checking import prove, unreadable
from robot.domain.validation.findings import Finding


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="robot.validate", description="Prove dialogue scripts.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")
    options = parser.parse_args(arguments)
    broken = False
    for path in options.files:
        findings = validate(path)
        broken = broken or bool(findings)
        if options.json:
            report = {"file": str(path), "findings": [finding.dump() for finding in findings]}
            sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(_text(path, findings))
    return int(broken)


def validate(path: Path) -> list[Finding]:
    """Everything wrong with one file."""
    try:
        return prove(read_yaml(path.read_text(encoding="utf-8")))
    except ScriptUnreadable as error:
        return unreadable(error)
    except (OSError, UnicodeDecodeError) as error:
        return unreadable(ScriptUnreadable([Fault(0, "", f"{type(error).__name__}")]))


def _text(path: Path, findings: list[Finding]) -> str:
    if not findings:
        return f"{path}: ok\n"
    lines = [f"{path}: {len(findings)} findings"]
    for finding in findings:
        way = " → ".join(finding.path)
        lines.append(f"  {finding.rule} {finding.zh}")
        lines.append(f"      {finding.en}" + (f"  [{way}]" if way else ""))
        lines.append(f"      {finding.mend_zh} / {finding.mend_en}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
