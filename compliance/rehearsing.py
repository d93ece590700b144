"""Scenarios as data: given a customer and a history at an instant, expect a decision.

Compliance staff write YAML files and run them against a pack before it takes effect. No database:
the shipped packs and calendars, or pack files of their own, and `decide`. What a scenario leaves
out is clean. The format is explained in docs/rehearsing-policy.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from compliance import pack_source
from compliance.calendars import read_shipped as shipped_years
from compliance.domain.calendar import Calendar
from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.documents import calendar_of
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.domain.pack import EffectivePack, Pack, compile_pack, outermost_first
from compliance.domain.pack_checking import Problem
from compliance.domain.terms import start_of_day
from compliance.pack_source import Located
from compliance.packs import SHIPPED
from compliance.scenario_facts import Clean, facts_of
from compliance.scenario_format import Expected, Scenario, ScenarioFile
from compliance.scenario_reading import ScenarioMistakes, Text, nearest, read
from compliance.scenario_wording import sentence

#: Where a customer lives of whom a scenario says nothing.
_HOME = {"CN": "CN-33", "US": "US-IL", "GB": "GB-ENG"}


class ScenarioError(ValueError):
    """The file is no scenario file; as text, each mistake with its line, in the reader's language.

    `file`: the file the mistakes stand in, which may be a pack that a scenario names.
    """

    def __init__(self, file: str, mistakes: Sequence[Located]) -> None:
        super().__init__(file, mistakes)
        self.file = file
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return "\n".join(sentence(self.file, located) for located in self.mistakes)


Answered = str | datetime | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise; `what` is the name of the expectation, or of an area."""

    what: str
    came_out: Answered
    expected: Answered

    def __str__(self) -> str:
        return f"{self.what} {_words(self.came_out)}, expected {_words(self.expected)}"


def _words(answered: Answered) -> str:
    if isinstance(answered, str | datetime | None):
        return str(answered)
    return str(list(answered))


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One scenario's outcome; without `differences` it came out as expected."""

    file: str
    name: str
    decision: Decision
    differences: tuple[Difference, ...]
    #: words that nothing else in the file or the packs names
    doubts: tuple[Located, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences

    @property
    def difference(self) -> str:
        """The differences in one line, for a terminal."""
        return "; ".join(map(str, self.differences))


def rehearse(path: Path, draft: Pack | None = None) -> Iterator[Rehearsed]:
    """Run a file's scenarios. Times without an offset are in the file's zone.

    `draft` stands in for its pack (or joins every stack that does not name it), whatever day it
    begins on. Raises ScenarioError naming what cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(path.name, (_whole("unreadable_file"),)) from error
    yield from _run(path.name, text, _Library(path.parent, draft))


def rehearse_text(name: str, text: str, draft: Pack | None = None) -> Iterator[Rehearsed]:
    """As `rehearse`, for a text from outside: it may name shipped packs, and no file."""
    yield from _run(name, text, _Library(None, draft))


def _whole(kind: str) -> Located:
    """Something about a file as a whole."""
    return Located(1, Problem((), kind, kind))


def _run(name: str, text: str, library: _Library) -> Iterator[Rehearsed]:
    try:
        source = read(name, text)
    except ScenarioMistakes as error:
        raise ScenarioError(name, error.mistakes) from error
    for place in range(len(source.file.scenarios)):
        yield _one(source, place, library)


class _NoFiles(Exception):
    """A scenario from outside names a file."""


@dataclass(frozen=True, slots=True)
class _Library:
    """Where packs are found: files beside `folder` (None = no files), shipped ones, the draft."""

    folder: Path | None
    draft: Pack | None

    def named(self, name: str) -> tuple[datetime, Pack]:
        """When it begins, and the pack. Raises what reading raises, or ScenarioError."""
        if not name.endswith((".yaml", ".yml")):
            if self.draft is not None and name == _code(self.draft):
                return _BEGINNING, self.draft
            if name not in _shipped():
                raise LookupError(name)
            return _compiled((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))
        text = (self._files() / name).read_text(encoding="utf-8")
        mistakes = _mistakes(text)
        if mistakes:
            raise ScenarioError(name, mistakes)
        return _compiled(text)

    def _files(self) -> Path:
        if self.folder is None:
            raise _NoFiles
        return self.folder

    def stack(self, source: Text, place: int) -> EffectivePack:
        """The stack of a scenario: of several versions of a pack, the one in force at its instant.

        Raises ScenarioError.
        """
        in_force: dict[str, tuple[datetime, Pack]] = {}
        at = _utc(source.file.scenarios[place].at, ZoneInfo(source.file.zone))
        for name, path in _packs_named(source.file, place):
            begins, pack = self._found(name, path, source)
            code = _code(pack)
            if begins <= at and (code not in in_force or in_force[code][0] <= begins):
                in_force[code] = (begins, pack)
        if self.draft is not None:
            in_force[_code(self.draft)] = (_BEGINNING, self.draft)
        packs = (pack for _, pack in in_force.values())
        return EffectivePack(tuple(sorted(packs, key=outermost_first)))

    def without_draft(self, source: Text, place: int) -> tuple[EffectivePack, ...]:
        """The stack that a draft changes, if there is a draft, and a stack without it."""
        if self.draft is None:
            return ()
        try:
            return (_Library(self.folder, None).stack(source, place),)
        except ScenarioError:  # it names a pack that exists as the draft alone
            return ()

    def _found(self, name: str, path: tuple[str | int, ...], source: Text) -> tuple[datetime, Pack]:
        try:
            return self.named(name)
        except _NoFiles as error:
            raise ScenarioError(source.name, (source.at(path, "no_pack_files"),)) from error
        except (LookupError, OSError, UnicodeDecodeError) as error:
            values = (("word", name), ("near", nearest(name, _shipped())))
            raise ScenarioError(source.name, (source.at(path, "no_such_pack", *values),)) from error

    def expected(self, refs: tuple[str, ...]) -> tuple[str, ...]:
        """The packs a scenario expects, with the draft in the place of its pack's version."""
        if self.draft is None:
            return refs
        code = _code(self.draft)
        return tuple(self.draft.ref if ref.partition("@")[0] == code else ref for ref in refs)


_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def _code(pack: Pack) -> str:
    return pack.ref.partition("@")[0]


def _one(source: Text, place: int, library: _Library) -> Rehearsed:
    scenario, where = source.file.scenarios[place], ZoneInfo(source.file.zone)
    now = _utc(scenario.at, where)
    stack = library.stack(source, place)
    # written for the versions in force: a draft that reads otherwise comes out otherwise
    written_for = (stack, *library.without_draft(source, place))
    mistakes = (*source.misspelt(place, stack), *source.unread(place, written_for))
    if mistakes:
        raise ScenarioError(source.name, mistakes)
    clean = Clean(
        now=now,
        where=where,
        region=_HOME.get(stack.country, stack.country),
        calendar=_calendar(stack.country, _years(scenario)),
        registers=tuple(sorted(stack.registers_required)),
    )
    facts = facts_of(scenario.given, clean)
    if scenario.purpose is Purpose.TEST:  # it rings one of our own telephones
        facts = replace(facts, customer=None, number=None, linked=False)
    decision = decide(facts, _intent(scenario), stack, now)
    found = tuple(_differences(scenario.expect, decision, where, library))
    doubts = source.doubts(place, stack)
    return Rehearsed(source.name, scenario.name, decision, found, doubts)


def _years(scenario: Scenario) -> tuple[int, ...] | None:
    """Of the calendar that are loaded; None = those that are shipped."""
    given = scenario.given
    return (given.years or ()) if "years" in given.model_fields_set else None


def _packs_named(file: ScenarioFile, place: int) -> list[tuple[str, tuple[str | int, ...]]]:
    """The packs of a scenario, each with where it is named."""
    scenario = file.scenarios[place]
    own = bool(scenario.pack or scenario.packs)
    said: Scenario | ScenarioFile = scenario if own else file
    above = ("scenarios", place) if own else ()
    if said.packs:
        return [(name, (*above, "packs", index)) for index, name in enumerate(said.packs)]
    return [(said.pack, (*above, "pack"))]


def _differences(
    expected: Expected, decision: Decision, where: ZoneInfo, library: _Library
) -> Iterator[Difference]:
    verdict = decision.verdict.value
    if not (verdict == expected.decision or verdict.startswith(f"{expected.decision}_")):
        yield Difference("decision", verdict, expected.decision)
    if expected.codes is not None and set(expected.codes) != set(decision.codes):
        yield Difference("codes", sorted(decision.codes), sorted(expected.codes))
    primary = next(iter(decision.codes), None)
    if expected.primary is not None and expected.primary != primary:
        yield Difference("primary", primary, expected.primary)
    for area, wanted in expected.verdicts.items():
        if decision.verdicts[area] != wanted:
            yield Difference(area, decision.verdicts[area], wanted)
    packs = None if expected.packs is None else library.expected(expected.packs)
    if packs is not None and packs != decision.packs:
        yield Difference("packs", decision.packs, packs)
    for name in ("earliest_next", "open_until"):
        if name not in expected.model_fields_set:
            continue
        given = getattr(expected, name)
        moment = _utc(given, where) if given is not None else None
        if moment != getattr(decision, name):
            yield Difference(name, getattr(decision, name), moment)


def _intent(scenario: Scenario) -> Intent:
    dial, with_customer = scenario.dial, scenario.purpose is not Purpose.TEST
    kinds = {
        Purpose.TEST: DialKind.TEST,
        Purpose.CALLBACK: DialKind.CALLBACK,
        Purpose.MESSAGE: DialKind.MESSAGE,
    }
    of_actor = DialKind.ROBOT if scenario.actor is Actor.ROBOT else DialKind.AGENT
    return Intent(
        purpose=scenario.purpose,
        actor=scenario.actor,
        kind=kinds.get(scenario.purpose, of_actor),
        customer_id=1 if with_customer else None,
        number_id=1 if with_customer else None,
        product_id=1 if scenario.given.product is not None else None,
        campaign_id=dial.campaign,
        caller_id_id=1,
        carrier=dial.carrier,
        script_approved=dial.script_approved,
        campaign_running=dial.campaign_running,
        approval_in_force=dial.approval_in_force,
        campaign_limits=scenario.campaign_limits,
        gate=dial.gate,
        profiled=dial.profiled,
        licences=dial.licences,
        ring_s=dial.ring_s,
    )


@lru_cache(maxsize=1)
def _shipped() -> frozenset[str]:
    return frozenset(path.stem for path in SHIPPED.glob("*.yaml"))


@lru_cache(maxsize=64)
def _compiled(text: str) -> tuple[datetime, Pack]:
    document = yaml.safe_load(text)
    pack = compile_pack(document)
    return start_of_day(_begins(document), pack.zone), pack


def _begins(document: Mapping[str, Any]) -> date:
    """A version begins with a day: a time of day is refused, and not dropped. Raises ValueError."""
    return date.fromisoformat(str(document.get("effective_from") or "2000-01-01"))


@lru_cache(maxsize=64)
def _mistakes(text: str) -> tuple[Located, ...]:
    """What is wrong with a pack's source."""
    source = pack_source.read(text)
    if source.document is None or source.mistakes:
        return source.mistakes
    try:
        _begins(source.document)
    except ValueError:
        path = ("effective_from",)
        line = pack_source.line_of(pack_source.parsed(text)[1], path)
        return (Located(line, Problem(path, "date_parsing", "no date")),)
    return ()


@lru_cache(maxsize=64)
def _calendar(country: str, years: tuple[int, ...] | None) -> Calendar:
    documents = shipped_years(country) if country else ()
    return calendar_of([d for d in documents if years is None or d.year in years])


def _utc(moment: datetime, where: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
