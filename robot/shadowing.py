"""Shadow mode: what the arbiter would have said, written down beside what the robot understood.

Asked after the turn has been answered, by a worker: the call waits for nothing and nothing changes.
The report says how often both agree, and shows the answers on which they do not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clock.reading import now
from robot.arbitrating import arbiter
from robot.domain.intents.arbiter import Asked, agrees, labels_for
from robot.domain.intents.catalogue import CONTINUE, LABELS, STOP
from robot.domain.intents.reading import Reading
from robot.domain.script import Script
from robot.models import ShadowOpinion, Turn


@dataclass
class Agreement:
    """A shadow run in numbers. `missed_stops`: the arbiter heard an opt-out or a complaint where
    the call went on; these are looked at first.
    """

    asked: int = 0
    answered: int = 0
    agreed: int = 0
    missed_stops: list[int] = field(default_factory=list)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    ms: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the answers that came, how many agree."""
        return self.agreed / self.answered if self.answered else 0.0

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        ordered = sorted(self.ms)
        return {
            "asked": self.asked,
            "answered": self.answered,
            "agreed": self.agreed,
            "share": round(self.share, 4),
            "missed_stops": self.missed_stops,
            "disagreements": [
                {"robot": robot, "arbiter": label, "count": count}
                for (robot, label), count in self.pairs.most_common(20)
            ],
            "troubles": dict(self.troubles),
            "median_ms": ordered[len(ordered) // 2] if ordered else None,
        }


def ask(turn_id: int, at: datetime) -> bool:
    """Put one stored answer to the arbiter and write down what it says. False: nobody to ask."""
    found = arbiter()
    turn = Turn.objects.filter(pk=turn_id, at=at).first()
    if found is None or turn is None or not turn.text:
        return False
    trace = turn.step.get("trace", {})
    asked = Asked(trace.get("question") or "open", turn.text, (), labels_for(LABELS))
    heard = found.hear(asked)
    continues = turn.intent in CONTINUE and turn.matched != "no_match"
    reading = Reading(turn.text, turn.intent, turn.score or 0.0, turn.layer, continues)
    opinion = heard.opinion
    ShadowOpinion.objects.create(
        at=now(),
        turn_id=turn.pk,
        conversation_id=turn.conversation_id,
        intent=turn.intent,
        went_on=continues,
        label=opinion.label if opinion else "",
        confidence=opinion.confidence if opinion else None,
        opt_out_risk=opinion.opt_out_risk if opinion else None,
        agreed=None if opinion is None else agrees(reading, opinion),
        trouble=heard.trouble,
        ms=heard.ms,
    )
    return True


def agreement(since: datetime) -> Agreement:
    """The report over every shadow question since then."""
    report = Agreement()
    for one in ShadowOpinion.objects.filter(at__gte=since).iterator():
        report.asked += 1
        if one.trouble:
            report.troubles[one.trouble] += 1
        if one.agreed is None:
            continue
        report.answered += 1
        report.agreed += one.agreed
        report.ms.append(one.ms)
        if not one.agreed:
            report.pairs[one.intent, one.label] += 1
        if one.went_on and (one.label in STOP or (one.opt_out_risk or 0) >= 0.5):
            report.missed_stops.append(one.turn_id)
    return report


def last_lines(script: Script, node: str) -> tuple[str, ...]:
    """What the robot had asked, as the script has it: without the customer's own values."""
    found = script.nodes.get(node)
    return (found.say,) if found is not None and found.say else ()
