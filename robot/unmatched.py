"""What customers said that the robot did not understand, put together by what they said.

Numbers and names are masked before anything is shown or kept.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from robot.arbitrating import masked_text
from robot.domain.intents.normalise import normalise
from robot.models import TrainingExample

#: How far back answers are shown, and how many of the newest are put together.
SPAN: Final = timedelta(days=30)
NEWEST: Final = 5_000

# The index robot_turn_unmatched holds just these turns, in this order.
_TURNS = """
SELECT t.id, t.at, t.text, t.node, t.intent, t.score, t.step -> 'trace' ->> 'top' AS top,
    s.code, c.variables ->> 'name'
FROM robot_turn AS t
JOIN robot_conversation AS c ON c.id = t.conversation_id AND NOT c.trial
JOIN robot_scriptversion AS v ON v.id = c.script_version_id
JOIN robot_script AS s ON s.id = v.script_id
WHERE t.text <> '' AND (t.matched = 'no_match' OR t.layer = 'gate')
    AND t.at >= %(since)s AND (%(script)s = '' OR s.code = %(script)s)
ORDER BY t.at DESC LIMIT %(limit)s
"""
_ONE = """
SELECT t.text, c.variables ->> 'name'
FROM robot_turn AS t JOIN robot_conversation AS c ON c.id = t.conversation_id AND NOT c.trial
WHERE t.id = %(turn)s AND t.at >= %(since)s
    AND t.text <> '' AND (t.matched = 'no_match' OR t.layer = 'gate')
"""


@dataclass(slots=True)
class Unmatched:
    """One thing that customers said. `text` is what counts as the same, `shown` the newest of its
    spellings; `turn_id` is that turn, `top` what the model thought of it.
    """

    text: str
    shown: str
    turn_id: int
    at: datetime
    top: list[tuple[str, float]]
    count: int = 0
    #: (script, node) → how often.
    places: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Heard:
    """`answers` that were not understood; `whole` says that these are all of the time."""

    groups: list[Unmatched]
    answers: int
    whole: bool


def unmatched(*, now: datetime, script: str = "") -> Heard:
    """What was said in the last 30 days and is neither labelled nor left alone, newest first."""
    values: dict[str, Any] = {"since": now - SPAN, "script": script, "limit": NEWEST}
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, values)
        rows = cursor.fetchall()
    done = set(
        TrainingExample.objects.filter(withdrawn_at__isnull=True).values_list("text", flat=True)
    )
    known: dict[tuple[str, str], tuple[str, str]] = {}
    groups: dict[str, Unmatched] = {}
    answers = 0
    for turn_id, at, said, node, intent, score, top, code, customer in rows:
        pair = (said, customer or "")
        if pair not in known:
            known[pair] = _masked(*pair)
        shown, text = known[pair]
        if not text or text in done:
            continue
        thought = [(name, chance) for name, chance in json.loads(top or "[]")]
        group = groups.setdefault(
            text, Unmatched(text, shown, turn_id, at, thought or [(intent, score)])
        )
        group.count += 1
        group.places[code, node] += 1
        answers += 1
    return Heard(list(groups.values()), answers, len(rows) < NEWEST)


def text_of(turn_id: int, *, now: datetime) -> str:
    """What was not understood in this turn, masked and normalised; "" if there is no such turn."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, {"turn": turn_id, "since": now - SPAN})
        row = cursor.fetchone()
    return _masked(row[0], row[1] or "")[1] if row else ""


def _masked(said: str, name: str) -> tuple[str, str]:
    """The words without personal data, and their one spelling. The customer's own name is known."""
    if len(name) >= 2:
        said = said.replace(name, "某")
    shown = masked_text(said[:500])
    return shown, normalise(shown).plain
