"""Filling a question's slot from what the customer said."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from robot.domain.intents.limits import without_limit
from robot.domain.intents.normalise import normalise
from robot.domain.numerals import NUMERAL, money, number, percent
from robot.domain.script import Slot
from robot.domain.spoken_times import when

_NUMBER: Final = re.compile(NUMERAL)


def fill(slot: Slot, text: str, now: datetime, zone: str, *, asked: bool = True) -> str | None:
    """The slot's value in `text`, or None.

    `asked` is False when the answer came before its question: then only an explicit value counts
    ("明天下午三点再打", not "晚点再说").
    """
    match slot.type:
        case "datetime":
            moment = when(_without_limit(text), now, zone)
            if moment is None or (moment.vague and not asked):
                return None
            return moment.at.isoformat()
        case "enum":
            return _named(slot, text) or _banded(slot, money(text))
        case "amount":
            value = money(text)
            if value is None:
                return None
            return _banded(slot, value) if slot.ranges else f"{value:g}"
        case "percent":
            value = percent(text)
            return None if value is None else f"{value:g}"
        case "number":
            found = _NUMBER.search(text) if asked else None
            value = number(found[0]) if found else None
            return None if value is None else f"{value:g}"


def _without_limit(text: str) -> str:
    """What is asked for, where somebody also says when not to call: "今天别打，明天下午打"."""
    plain = normalise(text).plain
    rest = without_limit(plain)
    return rest if rest != plain else text


def _named(slot: Slot, text: str) -> str | None:
    """The value with the longest of its words in the text."""
    hits = [
        (len(word), value)
        for value, words in slot.words.items()
        for word in (*words, value)
        if word in text
    ]
    hits += [(len(value), value) for value in slot.values if value in text]
    return max(hits)[1] if hits else None


def _banded(slot: Slot, value: float | None) -> str | None:
    if value is None:
        return None
    for name, (low, high) in slot.ranges.items():
        if (low is None or value >= low) and (high is None or value < high):
            return name
    return None
