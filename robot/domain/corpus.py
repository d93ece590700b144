"""The labelled utterances: one file an intent, one utterance a line, "#" begins a comment.

`train/` is what the model learns from; `holdout/` is never shown to it and is written apart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from robot.domain.intents.catalogue import LABELS
from robot.domain.intents.normalise import normalise

HERE: Final = Path(__file__).resolve().parent.parent / "corpus"


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    label: str


class BadCorpus(ValueError):
    """The corpus contradicts itself."""


def read(part: str, root: Path = HERE) -> list[Example]:
    """The distinct utterances of "train" or "holdout"."""
    examples = []
    for label in LABELS:
        path = root / part / f"{label}.txt"
        if not path.exists():
            raise BadCorpus(f"{path.name} is missing from {part}")
        seen = set()
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.partition("#")[0].strip()
            key = normalise(text).plain
            if key and key not in seen:
                seen.add(key)
                examples.append(Example(text, label))
    return examples


def shared(train: list[Example], holdout: list[Example]) -> list[str]:
    """Hold-out utterances that training has seen in any spelling; must be empty."""
    known = {normalise(example.text).plain for example in train}
    return [example.text for example in holdout if normalise(example.text).plain in known]


def digest(root: Path = HERE) -> str:
    """One hash over every file of the corpus: what a model was trained on and measured against."""
    found = hashlib.sha256()
    for path in sorted(root.glob("*/*.txt")):
        found.update(f"{path.parent.name}/{path.name}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()
