"""Documents at the border: calendar files, and facts and intents as stored and read back.

A stored decision replays: `facts_from(facts_document(f)) == f`, given the calendar whose versions
the document names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

import compliance.domain.facts
from compliance.domain.calendar import Calendar, DayType
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Intent


class Holiday(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    name_en: str
    days: tuple[date, ...]


class CalendarDocument(BaseModel):
    """One country's special days in one year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str
    year: int = Field(ge=1900, le=2199)
    source: str
    statutory: tuple[Holiday, ...]
    adjusted_work: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        off = [day for holiday in self.statutory for day in holiday.days]
        every = [*off, *self.adjusted_work]
        if len(every) != len(set(every)):
            raise ValueError("a day is named twice")
        if any(day.year != self.year for day in every):
            raise ValueError("a day lies in another year")
        if any(day.weekday() < 5 for day in self.adjusted_work):
            raise ValueError("an adjusted workday is a Saturday or a Sunday")
        return self

    def days(self) -> dict[date, DayType]:
        """Every special day with its type."""
        found = {day: DayType.STATUTORY for holiday in self.statutory for day in holiday.days}
        return found | dict.fromkeys(self.adjusted_work, DayType.ADJUSTED_WORK)


def days_hash(days: dict[date, DayType]) -> str:
    """SHA-256 that names the content of a year's special days."""
    text = json.dumps({str(day): kind.value for day, kind in sorted(days.items())})
    return hashlib.sha256(text.encode()).hexdigest()


def calendar_of(documents: Sequence[CalendarDocument]) -> Calendar:
    """One calendar from the years of one country."""
    days: dict[date, DayType] = {}
    versions = []
    for document in documents:
        days |= document.days()
        versions.append((document.year, days_hash(document.days())))
    country = documents[0].country if documents else ""
    return Calendar(country, tuple(sorted(versions)), days)


_FACTS = TypeAdapter(Facts)
_INTENT = TypeAdapter(Intent)


def facts_document(facts: Facts) -> dict[str, Any]:
    """Plain JSON of all facts; the calendar by the names of its versions only."""
    document: dict[str, Any] = _FACTS.dump_python(
        facts, mode="json", exclude={"world": {"calendar": {"days"}}}
    )
    return document


def facts_json(facts: Facts) -> str:
    """`facts_document` as canonical JSON (sorted keys, no spaces), in a fraction of its time: the
    gate keeps one with every decision.
    """
    whole = _of_values(facts)
    whole["world"] = _world_json(facts.world)
    return orjson.dumps(_with_parts(whole), option=orjson.OPT_UTC_Z).decode()


#: The last world that was written: one dial after the other lies in the same.
_written: tuple[World, orjson.Fragment] | None = None


def _world_json(world: World) -> orjson.Fragment:
    global _written
    last = _written
    if last is None or last[0] is not world:
        calendar = world.calendar
        whole = _of_values(world)
        whole["calendar"] = {"country": calendar.country, "versions": calendar.versions}
        text = orjson.dumps(_with_parts(whole), option=orjson.OPT_UTC_Z)
        _written = last = world, orjson.Fragment(text)
    return last[1]


def intent_json(intent: Intent) -> str:
    """`intent_document` as canonical JSON."""
    return canonical(_of_values(intent))


def canonical(document: object) -> str:
    """Plain values as canonical JSON: the inputs' fingerprint is taken over it."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _with_parts(whole: dict[str, Any]) -> dict[str, Any]:
    """The same fields; of those that are parts, in place, the fields of each."""
    for name, part in whole.items():
        if type(part) is tuple:
            whole[name] = [_of_values(each) for each in part]
        elif type(part) in _FIELDS:
            whole[name] = _of_values(part)
    return whole


def _of_values(value: object) -> dict[str, Any]:
    """Its fields in the order of their names."""
    names, values = _FIELDS[type(value)]
    return dict(zip(names, values(value), strict=True))


def _fields_of(kind: Any) -> tuple[list[str], attrgetter[tuple[Any, ...]]]:
    names = sorted(each.name for each in fields(kind))
    return names, attrgetter(*names)


_FIELDS: dict[type, tuple[list[str], attrgetter[tuple[Any, ...]]]] = {
    kind: _fields_of(kind)
    for kind in (Intent, *vars(compliance.domain.facts).values())
    if isinstance(kind, type) and is_dataclass(kind)
}


def facts_from(document: dict[str, Any], days: dict[date, DayType]) -> Facts:
    """The facts again; `days` is the content of the calendar versions the document names."""
    world = document["world"]
    calendar = {**world["calendar"], "days": days}
    return _FACTS.validate_python({**document, "world": {**world, "calendar": calendar}})


def intent_document(intent: Intent) -> dict[str, Any]:
    """Plain JSON of an intent."""
    document: dict[str, Any] = _INTENT.dump_python(intent, mode="json")
    return document


def intent_from(document: dict[str, Any]) -> Intent:
    return _INTENT.validate_python(document)
