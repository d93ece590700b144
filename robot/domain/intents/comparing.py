"""A candidate's hold-out report, beside the model in force; and whether it may be promoted."""

from __future__ import annotations

from typing import Final, TypedDict

from robot.domain.corpus import Example
from robot.domain.intents.cascade import Cascade
from robot.domain.intents.evaluation import Result, evaluate

#: What a model must reach on the hold-out.
GOOD: Final = 0.92
FLOW: Final = 0.85
#: Utterances kept of each list of differences; the counts are whole.
KEPT: Final = 200


class Change(TypedDict):
    """One hold-out utterance that both models read differently well."""

    text: str
    label: str
    was: str
    now: str


class Report(TypedDict):
    """Shares are 0..1; `by_label` holds label, right, right before, total."""

    total: int
    good: float
    right: float
    flow: float
    stops: int
    missed_stops: list[str]
    productive: int
    by_label: list[tuple[str, int, int, int]]
    compared_with: str
    good_before: float
    flow_before: float
    missed_before: int
    better: list[Change]
    better_count: int
    worse: list[Change]
    worse_count: int
    #: Golden dialogues of scripts in use that no longer come out as written: "script: name".
    dialogues: list[str]


def compare(
    holdout: list[Example], candidate: Cascade, before: Cascade, dialogues: list[str]
) -> Report:
    """How both do on the hold-out."""
    new = evaluate(holdout, classifier=candidate)
    old = evaluate(holdout, classifier=before)
    better = _changes(holdout, old, new, sign=1)
    worse = _changes(holdout, old, new, sign=-1)
    return {
        "total": new.total,
        "good": new.good,
        "right": new.right / max(new.total, 1),
        "flow": new.flow,
        "stops": new.stops,
        "missed_stops": new.missed_stops,
        "productive": new.productive,
        "by_label": [
            (label, new.right_by_label[label], old.right_by_label[label], total)
            for label, total in sorted(new.by_label.items())
        ],
        "compared_with": before.model.sha256,
        "good_before": old.good,
        "flow_before": old.flow,
        "missed_before": len(old.missed_stops),
        "better": better[:KEPT],
        "better_count": len(better),
        "worse": worse[:KEPT],
        "worse_count": len(worse),
        "dialogues": dialogues,
    }


def shortcomings(report: Report) -> list[str]:
    """Why this model must not speak to customers: stops, good, flow, dialogues; empty is fit."""
    short = []
    if report["missed_stops"] or not report["stops"]:
        short.append("stops")
    if report["good"] < GOOD:
        short.append("good")
    if report["flow"] < FLOW:
        short.append("flow")
    if report["dialogues"]:
        short.append("dialogues")
    return short


def _changes(holdout: list[Example], old: Result, new: Result, *, sign: int) -> list[Change]:
    return [
        {"text": one.text, "label": one.label, "was": old.read_as[at], "now": new.read_as[at]}
        for at, one in enumerate(holdout)
        if (new.ranks[at] - old.ranks[at]) * sign > 0
    ]
