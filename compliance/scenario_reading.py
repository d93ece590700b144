"""Scenario files as people write them: every mistake with its line, and words that nobody knows.

A fact that is misspelt must not pass for a clean one. Keys and closed words are refused. Families,
segments, no-call lists, attributes and outcomes are the bank's own words: one that nothing else in
the file or the packs names is doubted; an outcome that is nearly one that a rule reads is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

from compliance import scenario_format
from compliance.domain.facts import MACHINE, MACHINE_WRONG
from compliance.domain.intent import Gate
from compliance.domain.pack import EffectivePack, PackError
from compliance.domain.pack_checking import Problem
from compliance.domain.rules.pacing import PacingRule
from compliance.pack_source import Located, Unreadable, line_of, parsed
from compliance.scenario_format import Given, OtherRecord, Scenario, ScenarioFile


class ScenarioMistakes(ValueError):
    """What keeps a text from being a scenario file."""

    def __init__(self, mistakes: tuple[Located, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes


class Word(NamedTuple):
    """A word of the bank's own, and where it stands in its scenario."""

    kind: str
    text: str
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A scenario file, and what it takes to name the line of a place in it."""

    name: str
    file: ScenarioFile
    node: yaml.Node | None
    words: Counter[tuple[str, str]]

    def at(self, path: tuple[str | int, ...], kind: str, *values: tuple[str, str]) -> Located:
        """Something about a place in the file."""
        return Located(line_of(self.node, path), Problem(path, kind, kind, values))

    def misspelt(self, place: int, stack: EffectivePack) -> tuple[Located, ...]:
        """Outcomes of a scenario that are nearly ones that a rule of its packs reads."""
        read, found = _outcomes(stack), []
        for word in words_of(self.file.scenarios[place].given):
            if word.kind != "outcome" or word.text in read or word.text in _USUAL:
                continue
            near = nearest(word.text, read)
            if near:
                path = ("scenarios", place, *word.path)
                found.append(self.at(path, "unknown_outcome", ("word", word.text), ("near", near)))
        return tuple(found)

    def unread(self, place: int, stacks: Iterable[EffectivePack]) -> tuple[Located, ...]:
        """What a campaign did in a time that no rule reads: it would be passed over in silence."""
        scenario = self.file.scenarios[place]
        read = {hours for stack in stacks for hours in _hours_read(scenario, stack)}
        kind = "unread_hours" if read else "unread_counts"
        named = ("read", ", ".join(map(str, sorted(read))))
        return tuple(
            self.at(
                ("scenarios", place, "given", "campaign_counts", index, "hours"),
                kind,
                ("word", str(counts.hours)),
                named,
            )
            for index, counts in enumerate(scenario.given.campaign_counts)
            if counts.hours not in read
        )

    def doubts(self, place: int, stack: EffectivePack) -> tuple[Located, ...]:
        """Words of a scenario that nothing else in the file or its packs names."""
        found = []
        for word in words_of(self.file.scenarios[place].given):
            if word.path[1] == "registers":
                continue  # here a list is made known, and none is asked for
            again = word.kind != "outcome" and self.words[word.kind, word.text] > 1
            if again or word.text in _USUAL or word.text in (known := _words_in(stack)):
                continue
            mates = {text for kind, text in self.words if kind == word.kind} - {word.text}
            values = (("word", word.text), ("near", nearest(word.text, known | mates | _USUAL)))
            path = ("scenarios", place, *word.path)
            found.append(self.at(path, f"unknown_{word.kind}", *values))
        return tuple(found)


def read(name: str, text: str) -> Text:
    """A text as a scenario file. Raises ScenarioMistakes with all of them."""
    try:
        document, node = parsed(text)
    except Unreadable as error:
        raise ScenarioMistakes((error.located,)) from error
    twice = tuple(_twice(node, set())) if node is not None else ()
    if twice:
        raise ScenarioMistakes(twice)
    try:
        file = ScenarioFile.model_validate(document)
    except ValidationError as error:
        found = [Located(line_of(node, problem.path), problem) for problem in _problems(error)]
        # a list of nothing but mistakes is also called too short
        whole = [each for each in found if each.problem.kind != "too_short"] or found
        raise ScenarioMistakes(tuple(sorted(whole, key=lambda each: each.line))) from error
    words = Counter(
        (word.kind, word.text) for scenario in file.scenarios for word in words_of(scenario.given)
    )
    return Text(name, file, node, words)


def nearest(word: str, known: frozenset[str] | set[str]) -> str:
    """The known word that was probably meant, or ""."""
    return next(iter(get_close_matches(word.lower(), sorted(known), 1, cutoff=0.8)), "")


def words_of(given: Given) -> Iterator[Word]:
    """The bank's own words among a scenario's facts."""
    if given.customer is not None:
        for name in given.customer.attributes:
            yield Word("attribute", name, ("given", "customer", "attributes", name))
        if given.customer.segment:
            yield Word("segment", given.customer.segment, ("given", "customer", "segment"))
    if given.product is not None and "family" in given.product.model_fields_set:
        yield Word("family", given.product.family, ("given", "product", "family"))
    for place, blackout in enumerate(given.blackouts):
        if blackout.family:
            yield Word("family", blackout.family, ("given", "blackouts", place, "family"))
    for place, register in enumerate(given.registers or ()):
        yield Word("list", register.name, ("given", "registers", place, "name"))
    yield from _words_of_record(given, ("given",))
    if given.merged_with is not None:
        yield from _words_of_record(given.merged_with, ("given", "merged_with"))


def _words_of_record(given: Given | OtherRecord, above: tuple[str, ...]) -> Iterator[Word]:
    """Those in what one record of the customer holds."""
    for name in ("consents", "suppressions", "contacts"):
        for place, entry in enumerate(getattr(given, name) or ()):
            if entry.family and "family" in entry.model_fields_set:
                yield Word("family", entry.family, (*above, name, place, "family"))
    for place, no in enumerate(given.suppressions):
        if no.on_list:
            yield Word("list", no.on_list, (*above, "suppressions", place, "on_list"))
    for place, event in enumerate(given.contacts):
        if event.outcome:
            yield Word("outcome", event.outcome, (*above, "contacts", place, "outcome"))
    for place, wish in enumerate(given.preferences):
        for i, name in enumerate(wish.families_refused):
            yield Word("family", name, (*above, "preferences", place, "families_refused", i))


#: Words that need no other mention: families and segments as banks have them, attributes that facts
#: have by name, and outcomes of calls that no rule need read.
_USUAL = frozenset(
    {"deposit", "card", "cards", "wealth", "funds", "insurance", "loan", "care", "other"}
    | {"retail", "sme", "county", "assets", "capacity"}
    | {"interested", "no_answer", "busy", "hung_up", "voicemail", MACHINE, MACHINE_WRONG}
)


def _outcomes(stack: EffectivePack) -> frozenset[str]:
    memories = (memory for kind, rule in stack.rules for memory in kind.remembers(rule))
    return frozenset[str]().union(*(memory.outcomes for memory in memories))


def _hours_read(scenario: Scenario, stack: EffectivePack) -> set[int]:
    """Over how many hours the rules that judge it look at what the campaign did."""
    if scenario.dial.gate is Gate.LIST:
        return set()  # a list is not screened by what its campaign did
    with suppress(PackError):  # limits that nobody can read are the scenario's subject
        stack = stack.with_campaign(scenario.campaign_limits, scenario.dial.campaign)
    rules = (rule for _, rule in stack.rules_for(scenario.purpose, scenario.actor))
    guards = (
        guard
        for rule in rules
        if isinstance(rule, PacingRule)
        for guard in (rule.abandonment, rule.complaints)
    )
    return {guard.hours for guard in guards if guard is not None}


def _words_in(stack: EffectivePack) -> frozenset[str]:
    """Every text and every key in the packs' rules."""
    return frozenset(
        text for _, rule in stack.rules for text in _texts(rule.model_dump(mode="json"))
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        # "customer.attributes.payroll" names the attribute
        yield value.removeprefix("customer.attributes.")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _problems(error: ValidationError) -> Iterator[Problem]:
    for each in error.errors(include_url=False):
        values = [(name, str(value)) for name, value in each.get("ctx", {}).items()]
        near = ""
        if each["type"] == "extra_forbidden":
            near = nearest(str(each["loc"][-1]), _KEYS)
        elif each["type"] in ("enum", "literal_error") and isinstance(each["input"], str):
            near = nearest(each["input"], set(re.findall(r"'([^']*)'", str(each.get("ctx")))))
        path = tuple(step for step in each["loc"] if step != "[key]")
        yield Problem(path, each["type"], each["msg"], (*values, ("near", near)))


_KEYS = frozenset(
    name
    for model in vars(scenario_format).values()
    if isinstance(model, type) and issubclass(model, BaseModel)
    for name in model.model_fields
)


def _twice(node: yaml.Node, seen: set[int]) -> Iterator[Located]:
    """Keys that are given twice in one place: YAML would take the last in silence."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if isinstance(key, yaml.ScalarNode) and name in lines:
                values = (("key", name), ("line", str(lines[name])))
                yield Located(line, Problem((name,), "duplicate_key", name, values))
            lines.setdefault(name, line)
            yield from _twice(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _twice(entry, seen)
