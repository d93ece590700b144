"""Make the intent weights from the corpus: `python -m robot.train`.

Reproducible: the same corpus and the same scikit-learn give the same bytes. Training never opens
the hold-out; it is read afterwards to report how the whole cascade does on it.
Weights go to `robot/domain/intents/weights.npz`, their sha256 beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Sequence
from math import log
from random import Random
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from robot.domain import corpus
from robot.domain.corpus import Example
from robot.domain.intents.catalogue import LABELS
from robot.domain.intents.evaluation import report
from robot.domain.intents.model import PIN, WEIGHTS, features, vector
from robot.domain.intents.normalise import normalise
from robot.domain.intents.sounds import sound

SEED: Final = 20260310
STRENGTH: Final = 30.0
MIN_COUNT: Final = 2
FILLERS: Final = (
    "那个",
    "你好",
    "我跟你说",
    "哎呀",
    "不好意思",
    "那",
    "我说",
    "哎",
    "唉我",
    "这个",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="robot.train", description="Train the intent model.")
    parser.add_argument("--check", action="store_true", help="report only, write nothing")
    options = parser.parse_args(arguments)
    train, holdout = corpus.read("train"), corpus.read("holdout")
    overlap = corpus.shared(train, holdout)
    if overlap:
        sys.stderr.write(f"{len(overlap)} hold-out utterances are in training: {overlap[:5]}\n")
        return 1
    if not options.check:
        data = fit(train)
        WEIGHTS.write_bytes(data)
        PIN.write_text(f"{hashlib.sha256(data).hexdigest()}  {WEIGHTS.name}\n")
    sys.stdout.write(report(holdout) + "\n")
    return 0


def disturbed(train: list[Example]) -> list[tuple[int, Example]]:
    """The examples once more as a recogniser may hear them, or with a filler before them; with the
    place of the one that each was made of.

    One or two characters become others of the same sound, or one is lost.
    """
    chance = Random(SEED)
    usual = Counter(char for example in train for char in example.text if sound(char))
    alike: dict[str, list[str]] = {}
    for char in sorted(usual):
        alike.setdefault(sound(char), []).append(char)
    heard = []
    for origin, example in enumerate(train):
        chars = list(example.text)
        places = [at for at, char in enumerate(chars) if len(alike.get(sound(char), ())) > 1]
        if len(places) >= 2:
            for at in chance.sample(places, 1 if len(chars) < 8 else 2):
                others = [char for char in alike[sound(chars[at])] if char != chars[at]]
                chars[at] = chance.choice(others)
            if len(chars) > 6 and chance.random() < 0.3:
                del chars[chance.randrange(len(chars))]
            heard.append((origin, Example("".join(chars), example.label)))
        if chance.random() < 0.3 and sound(example.text[0]):
            filled = Example(chance.choice(FILLERS) + example.text, example.label)
            heard.append((origin, filled))
    return heard


def fit(train: list[Example]) -> bytes:
    """The weights file for these examples and their disturbed twins."""
    twins = disturbed(train)
    origins = np.array([*range(len(train)), *(origin for origin, _ in twins)])
    train = [*train, *(twin for _, twin in twins)]
    grams = [features(normalise(example.text)) for example in train]
    seen: Counter[str] = Counter()
    for counted in grams:
        seen.update(counted.keys())
    vocabulary = sorted(gram for gram, count in seen.items() if count >= MIN_COUNT)
    index = {gram: row for row, gram in enumerate(vocabulary)}
    idf = np.array([log((1 + len(grams)) / (1 + seen[gram])) + 1.0 for gram in vocabulary])
    matrix = _matrix(grams, index, idf)
    labels = np.array([LABELS.index(example.label) for example in train])
    model = LogisticRegression(C=STRENGTH, max_iter=400, tol=1e-4, class_weight="balanced")
    temperature = _temperature(model, matrix, labels, origins)
    model.fit(matrix, labels)
    weights = model.coef_.T.astype(np.float32)
    scale = np.float32(max(np.abs(weights).max(), 1e-6) / 127)
    stored = io.BytesIO()
    np.savez_compressed(
        stored,
        vocabulary=np.array("\n".join(vocabulary)),
        labels=np.array("\n".join(LABELS)),
        idf=idf.astype(np.float32),
        weights=np.clip(np.rint(weights / scale), -127, 127).astype(np.int8),
        scale=np.array(scale),
        bias=model.intercept_.astype(np.float32),
        temperature=np.array(temperature, dtype=np.float32),
    )
    return stored.getvalue()


def _matrix(grams: list[Counter[str]], index: dict[str, int], idf: Any) -> Any:
    pointers, columns, values = [0], [], []
    for counted in grams:
        rows, weights = vector(counted, index, idf)
        columns.extend(rows)
        values.extend(weights)
        pointers.append(len(columns))
    return csr_matrix(
        (np.array(values), np.array(columns), np.array(pointers)), shape=(len(grams), len(index))
    )


def _temperature(model: LogisticRegression, matrix: Any, labels: Any, origins: Any) -> float:
    """One number that makes the scores honest, from cross-validation inside the training part.

    An example and its twins are held out together: who has seen the one is too sure of the other.
    """
    folds = StratifiedGroupKFold(n_splits=3, shuffle=True, random_state=SEED)
    logits = cross_val_predict(
        model, matrix, labels, groups=origins, cv=folds, method="decision_function"
    )
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chances = np.exp(scaled)
        chances /= chances.sum(axis=1, keepdims=True)
        return float(-np.log(chances[rows, labels] + 1e-12).mean())

    return float(min(np.arange(0.4, 4.01, 0.05), key=loss))


if __name__ == "__main__":
    raise SystemExit(main())
