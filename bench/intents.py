"""How fast one utterance is understood: the whole cascade, from words to "may the call go on?".

``run(size)`` reads the hold-out's utterances one by one, in one process, as a call does. Beside the
figures stands a limit of the same run: the model's multiplication alone, on features that were
counted beforehand. What lies between is spelling, safety rules, context and the counting itself.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from robot.domain import corpus
from robot.domain.intents.cascade import shipped
from robot.domain.intents.model import features, vector
from robot.domain.intents.normalise import normalise

UTTERANCES = {"small": 2_000, "full": 20_000}
MEDIAN_MS, PER_SECOND = 1.0, 2_000


def _each(work: Callable[[Any], Any], things: Sequence[Any]) -> list[float]:
    """Seconds each of these took, one after the other."""
    taken = []
    for thing in things:
        begun = time.perf_counter()
        work(thing)
        taken.append(time.perf_counter() - begun)
    return taken


def _measure(count: int) -> dict[str, Any]:
    texts = [example.text for example in corpus.read("holdout")]
    texts = (texts * (count // len(texts) + 1))[:count]
    classifier = shipped()
    model = classifier.model
    for text in texts[:200]:  # patterns are compiled at their first use
        classifier.read(text, "open")
    taken = _each(lambda text: classifier.read(text, "open"), texts)
    vectors = [vector(features(normalise(text)), model.index, model.idf) for text in texts[:2_000]]

    def multiply(counted: tuple[list[int], list[float]]) -> Any:
        rows, values = counted
        return model.bias + np.asarray(values, dtype=np.float32) @ model.weights[rows]

    alone = _each(multiply, vectors)
    ordered = sorted(taken)
    return {
        "utterances": count,
        "median_ms": round(statistics.median(taken) * 1000, 4),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 4),
        "per_second": round(count / sum(taken), 1),
        "multiplication_median_ms": round(statistics.median(alone) * 1000, 4),
    }


def run(size: str = "full") -> dict[str, Any]:
    """Measure; ``size`` is ``small`` or ``full`` (which also shows the small one)."""
    small = _measure(UTTERANCES["small"])
    figures = small if size == "small" else _measure(UTTERANCES["full"])
    median, rate = figures["median_ms"], figures["per_second"]
    alone = figures["multiplication_median_ms"]
    return {
        "bench": "intents",
        "size": size,
        "figures": {**figures, "small": small},
        "limit": {"multiplication_median_ms": alone},
        "ratio": round(alone / median, 3),
        "targets": [
            {
                "name": "median_ms",
                "value": median,
                "op": "<=",
                "target": MEDIAN_MS,
                "met": median <= MEDIAN_MS,
            },
            {
                "name": "per_second",
                "value": rate,
                "op": ">=",
                "target": PER_SECOND,
                "met": rate >= PER_SECOND,
            },
        ],
    }
