"""What a line is made of when it is heard: the words that never change, and the values in between.

A voice is prepared for the fixed pieces ahead of any call; the values are spliced in. Whatever a
line turns out to be, its segments put together are exactly the line: nothing can be heard that the
script did not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from robot.domain.rendering import MAX_VALUE, PLACEHOLDER, last_question
from robot.domain.script import Node, Script

_SPEAKABLE: Final = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Line:
    """One wording of the script and where it stands: `nodes.open.say`, `faq.ask_price` …"""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line: fixed words, or the value of a variable (`fixed` is false)."""

    text: str
    fixed: bool = True


def lines(script: Script) -> Iterator[Line]:
    """Every wording a customer may hear, the short forms included that questions are asked in
    again.
    """
    for name, node in script.nodes.items():
        yield from _of_node(f"nodes.{name}", node)
    for name, faq in script.faq.items():
        if faq.say:
            yield Line(f"faq.{name}", faq.say)
    for key, retry in (("no_input", script.no_input), ("no_match", script.no_match)):
        for index, text in enumerate(retry.say):
            yield Line(f"{key}.{index}", text)


def pieces(text: str) -> tuple[str, ...]:
    """The fixed words of a wording, in order; a gap that is only punctuation is none."""
    parts = (part.strip() for part in PLACEHOLDER.split(text)[::2])
    return tuple(part for part in parts if speakable(part))


def speakable(text: str) -> bool:
    """Whether there is anything to be heard in it."""
    return bool(_SPEAKABLE.search(text))


def fixed(script: Script) -> dict[str, str]:
    """Every fixed piece of a script with the place where it first stands."""
    found: dict[str, str] = {}
    for line in lines(script):
        for piece in pieces(line.text):
            found.setdefault(piece, line.place)
    return found


class Splitter:
    """Takes the lines of one script apart."""

    def __init__(self, script: Script) -> None:
        texts = list(dict.fromkeys(line.text.strip() for line in lines(script)))
        self._plain = frozenset(text for text in texts if not PLACEHOLDER.search(text))
        self._filled = [re.compile(_pattern(text)) for text in texts if PLACEHOLDER.search(text)]
        # a question is asked again after the words for silence, in one line
        self._before = [re.compile(_pattern(text)) for text in script.no_input.say]

    def split(self, text: str) -> tuple[Segment, ...]:
        """The segments of a rendered line; a line that is not the script's is one value."""
        found = self._one(text)
        if found is None:
            found = self._after_silence(text)
        return found if found is not None else (Segment(text, fixed=False),)

    def _one(self, text: str) -> tuple[Segment, ...] | None:
        if text in self._plain:
            return (Segment(text),)
        for pattern in self._filled:
            match = pattern.fullmatch(text)
            if match:
                return _segments(match)
        return None

    def _after_silence(self, text: str) -> tuple[Segment, ...] | None:
        for pattern in self._before:
            match = pattern.match(text)
            rest = self._one(text[match.end() :]) if match else None
            if match and rest is not None:
                return (*_segments(match), *rest)
        return None


def _of_node(place: str, node: Node) -> Iterator[Line]:
    wordings = [Line(f"{place}.say", node.say)] if node.say else []
    wordings += [
        Line(f"{place}.say_without.{name}", text) for name, text in node.say_without.items()
    ]
    wordings += [
        Line(f"{place}.variants.{index}", variant.say)
        for index, variant in enumerate(node.variants)
    ]
    yield from wordings
    if node.again:
        yield Line(f"{place}.again", node.again)
    elif node.listens:
        said = {line.text.strip() for line in wordings}
        for text in dict.fromkeys(last_question(line.text) for line in wordings):
            if text not in said:
                yield Line(f"{place}.again", text)
    if node.transfer is not None:
        for index, text in enumerate(node.transfer.hold):
            yield Line(f"{place}.hold.{index}", text)


def _pattern(text: str) -> str:
    """A wording as an expression: odd groups are its fixed words, even ones the values."""
    parts = PLACEHOLDER.split(text.strip())
    value = rf"(.{{0,{MAX_VALUE}}}?)"
    return value.join(f"({re.escape(part)})" for part in parts[::2])


def _segments(match: re.Match[str]) -> tuple[Segment, ...]:
    found = (Segment(part, index % 2 == 0) for index, part in enumerate(match.groups()))
    return tuple(segment for segment in found if segment.text)
