"""Layer 2: logistic regression over character and sound n-grams, in plain numpy.

Weights are data (`weights.npz`, no pickle), made by `robot.train`; `weights.sha256` pins them and
loading refuses anything else. Features: character 1–3-grams of the normalised text, with marks
for its beginning and end, and 2–3-grams of its sounds, so that a misheard character still
resembles what was said. TF-IDF with sublinear counts, each half of unit length.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np

from robot.domain.intents.normalise import Spoken
from robot.domain.intents.sounds import sound

HERE: Final = Path(__file__).parent
WEIGHTS: Final = HERE / "weights.npz"
PIN: Final = HERE / "weights.sha256"


class WeightsChanged(RuntimeError):
    """The weights are not those that were pinned."""


def features(spoken: Spoken) -> Counter[str]:
    """The n-grams of an utterance with their counts; sounds are marked with a leading "~"."""
    text = f"^{spoken.core}$"
    grams: Counter[str] = Counter()
    for size in (1, 2, 3):
        grams.update(text[at : at + size] for at in range(len(text) - size + 1))
    heard = [sound(char) or char for char in text]
    for size in (2, 3):
        grams.update("~" + " ".join(heard[at : at + size]) for at in range(len(heard) - size + 1))
    if text.isascii():
        words = text[1:-1].split()
        grams.update(f"#{word}" for word in words)
        grams.update(f"#{one} {two}" for one, two in pairwise(words))
    return grams


@dataclass(frozen=True, slots=True)
class Model:
    """Weights in memory. `weights` has a row for each feature and a column for each label."""

    labels: tuple[str, ...]
    index: dict[str, int]
    idf: Any
    weights: Any
    bias: Any
    temperature: float
    sha256: str

    def known(self, spoken: Spoken) -> float:
        """The share of the utterance's pairs of characters that the model has met, 0 to 1."""
        text = f"^{spoken.core}$"
        pairs = [text[at : at + 2] for at in range(len(text) - 1)]
        return sum(pair in self.index for pair in pairs) / len(pairs)

    def scores(self, spoken: Spoken) -> dict[str, float]:
        """The calibrated chance of each label; they sum to 1."""
        rows, values = vector(features(spoken), self.index, self.idf)
        logits = self.bias.copy()
        if rows:
            logits += np.asarray(values, dtype=np.float32) @ self.weights[rows]
        logits = logits / self.temperature
        logits -= logits.max()
        chances = np.exp(logits)
        chances /= chances.sum()
        return dict(zip(self.labels, chances.tolist(), strict=True))


def vector(grams: Counter[str], index: dict[str, int], idf: Any) -> tuple[list[int], list[float]]:
    """Sparse TF-IDF of unit length: feature numbers and their values."""
    rows, values = [], []
    for gram, count in grams.items():
        row = index.get(gram)
        if row is not None:
            rows.append(row)
            values.append((1.0 + log(count)) * float(idf[row]))
    norm = sqrt(sum(value * value for value in values)) or 1.0
    return rows, [value / norm for value in values]


def load(weights: Path = WEIGHTS, pin: Path = PIN) -> Model:
    """The pinned model; WeightsChanged if the file is not the pinned one."""
    return read(weights.read_bytes(), pin.read_text().split()[0])


def read(data: bytes, sha256: str) -> Model:
    """The model of a weights file; WeightsChanged if it has not this hash."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsChanged(f"these weights do not have the hash {sha256[:12]}…")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        vocabulary = str(stored["vocabulary"]).split("\n")
        scale = stored["scale"].astype(np.float32)
        return Model(
            labels=tuple(str(stored["labels"]).split("\n")),
            index={gram: row for row, gram in enumerate(vocabulary)},
            idf=stored["idf"].astype(np.float64),
            weights=stored["weights"].astype(np.float32) * scale,
            bias=stored["bias"].astype(np.float32),
            temperature=float(stored["temperature"]),
            sha256=sha256,
        )
