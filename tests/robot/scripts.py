"""The shipped scripts, read once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from robot.domain.documents import read_yaml
from robot.domain.script import Script

FOLDER: Final = Path(__file__).parents[2] / "robot" / "scripts"
SOURCES: Final = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
SCRIPTS: Final[dict[str, Script]] = {name: read_yaml(text) for name, text in SOURCES.items()}
INSTALMENT: Final = SCRIPTS["cc-instalment-prescreen"]
