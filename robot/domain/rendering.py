"""Filling a script's lines with the call's values. What a customer hears comes from here alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from robot.domain.expressions import BadExpression, Value, holds
from robot.domain.script import Node, Script, Var
from robot.domain.spoken_times import spoken

PLACEHOLDER: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
#: Characters of a value that are spoken.
MAX_VALUE: Final = 60
#: The attribute of customers who refused that lines are chosen by what the bank knows of them.
NO_PROFILING: Final = "no_profiling"


def variables(script: Script, given: Mapping[str, object]) -> dict[str, str]:
    """Every declared variable as clean text; undeclared ones are dropped, missing ones default."""
    values = {}
    for name, var in script.vars.items():
        value = given.get(name)
        text = clean(_formatted(var, value)) if value not in (None, "") else ""
        values[name] = text or clean(var.default or "")
    return values


def clean(value: str) -> str:
    """One short line of speakable text: no markup, control characters or placeholders."""
    value = unicodedata.normalize("NFC", value)
    value = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in value)
    return re.sub(r"[{}<>&]", "", value).strip()[:MAX_VALUE]


def placeholders(text: str) -> tuple[str, ...]:
    return tuple(PLACEHOLDER.findall(text))


def render(text: str, values: Mapping[str, str]) -> str:
    """The line with its values; an unknown or empty one leaves nothing behind."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text).strip()


def line_of(node: Node, values: Mapping[str, str], attributes: Mapping[str, Value]) -> str:
    """The wording for this customer: without a missing value, then a variant, then the line.

    Customers who refused profiling (`no_profiling`) always hear the line itself.
    """
    for name, without in node.say_without.items():
        if not values.get(name):
            return render(without, values)
    if not attributes.get(NO_PROFILING):
        for variant in node.variants:
            try:
                if holds(variant.when, {**values, **attributes}):
                    return render(variant.say, values)
            except BadExpression:
                continue  # publishing refuses it; on a call the plain line is always right
    return render(node.say or "", values)


def short_form(node: Node, full: str, values: Mapping[str, str]) -> str:
    """How a question is asked again: `again`, or else the last sentence that asks."""
    if node.again:
        return render(node.again, values)
    return last_question(full)


def last_question(text: str) -> str:
    """The last sentence that asks; where none does, the last."""
    sentences = [part for part in re.findall(r"[^。！？!?]+[。！？!?]?", text) if part.strip()]
    asking = [part for part in sentences if part.rstrip().endswith(("？", "?"))]
    last: str = (asking or sentences or [text])[-1]
    return last.strip()


def slot_text(value: str, kind: str, now: datetime, zone: str) -> str:
    """A slot's value as it is spoken."""
    if kind == "datetime":
        return spoken(datetime.fromisoformat(value), now, zone)
    return value


def declared(script: Script) -> frozenset[str]:
    """Names that a line may use."""
    return frozenset(script.vars) | frozenset(script.slots)


def undeclared(script: Script, lines: Iterable[str]) -> list[str]:
    known = declared(script)
    return sorted({name for line in lines for name in placeholders(line)} - known)


def _formatted(var: Var, value: object) -> str:
    text = str(value)
    if var.type == "percent" and re.fullmatch(r"\d+(\.\d+)?", text):
        return f"{text}%"
    day = re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", text) if var.type == "date" else None
    return f"{int(day[1])}月{int(day[2])}日" if day else text
