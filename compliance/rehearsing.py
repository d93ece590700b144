"""Scenarios as data: given a customer and a history at an instant, expect a decision.

Compliance staff write YAML files and run them against a pack before it takes effect. No database:
the shipped packs and calendars, or pack files of their own, and `decide`. What a scenario leaves
out is clean. The format is explained in docs/rehearsing-policy.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from compliance.calendars import read_shipped as shipped_years
from compliance.domain.calendar import Calendar
from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.documents import calendar_of
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.domain.pack import EffectivePack, Layer, Pack, PackError, compile_pack
from compliance.domain.terms import start_of_day
from compliance.packs import SHIPPED
from compliance.scenario_facts import Clean, facts_of
from compliance.scenario_format import Expected, Scenario, ScenarioFile

_ORDER = {layer: place for place, layer in enumerate(Layer)}
#: Where a customer lives of whom a scenario says nothing.
_HOME = {"CN": "CN-33", "US": "US-IL", "GB": "GB-ENG"}


class ScenarioError(ValueError):
    """The file is no scenario file; the message names the place."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One scenario's outcome; `difference` is empty when it came out as expected."""

    file: str
    name: str
    decision: Decision
    difference: str

    @property
    def passed(self) -> bool:
        return not self.difference


def rehearse(path: Path) -> Iterator[Rehearsed]:
    """Run a file's scenarios. Times without an offset are in the file's zone.

    Raises ScenarioError naming what cannot be read.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = ScenarioFile.model_validate(raw)
        where = ZoneInfo(file.zone)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, KeyError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    for scenario in file.scenarios:
        yield _one(path, scenario, file, where)


def _one(path: Path, scenario: Scenario, file: ScenarioFile, where: ZoneInfo) -> Rehearsed:
    now = _utc(scenario.at, where)
    stack = _stack(_packs_named(scenario, file), path, now)
    clean = Clean(
        now=now,
        where=where,
        zone=stack.zone,
        region=_HOME.get(stack.country, stack.country),
        calendar=_calendar(stack.country, scenario.given.years),
        registers=tuple(sorted(stack.registers_required)),
    )
    try:
        facts = facts_of(scenario.given, clean)
    except ValueError as error:
        raise ScenarioError(f"{path.name}: {scenario.name}: {error}") from error
    decision = decide(facts, _intent(scenario), stack, now)
    difference = _difference(scenario.expect, decision, where)
    return Rehearsed(path.name, scenario.name, decision, difference)


def _packs_named(scenario: Scenario, file: ScenarioFile) -> tuple[str, ...]:
    if scenario.pack or scenario.packs:
        return scenario.packs or (scenario.pack,)
    return file.packs or (file.pack,)


def _difference(expected: Expected, decision: Decision, where: ZoneInfo) -> str:
    found = []
    verdict = decision.verdict.value
    if not (verdict == expected.decision or verdict.startswith(f"{expected.decision}_")):
        found.append(f"decision {verdict}, expected {expected.decision}")
    if expected.codes is not None and set(expected.codes) != set(decision.codes):
        found.append(f"codes {sorted(decision.codes)}, expected {sorted(expected.codes)}")
    primary = next(iter(decision.codes), None)
    if expected.primary is not None and expected.primary != primary:
        found.append(f"primary {primary}, expected {expected.primary}")
    for area, wanted in expected.verdicts.items():
        if decision.verdicts[area] != wanted:
            found.append(f"{area} {decision.verdicts[area]}, expected {wanted}")
    if expected.packs is not None and expected.packs != decision.packs:
        found.append(f"packs {list(decision.packs)}, expected {list(expected.packs)}")
    for name in ("earliest_next", "open_until"):
        if name not in expected.model_fields_set:
            continue
        given = getattr(expected, name)
        moment = _utc(given, where) if given is not None else None
        came_out = getattr(decision, name)
        if moment != came_out:
            found.append(f"{name} {came_out}, expected {moment}")
    return "; ".join(found)


def _intent(scenario: Scenario) -> Intent:
    dial, with_customer = scenario.dial, scenario.purpose is not Purpose.TEST
    kinds = {Purpose.TEST: DialKind.TEST, Purpose.CALLBACK: DialKind.CALLBACK}
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
    )


def _stack(names: tuple[str, ...], beside: Path, at: datetime) -> EffectivePack:
    """The stack of these at an instant: of several versions of a pack, the one then in force."""
    in_force: dict[str, tuple[datetime, Pack]] = {}
    for name in names:
        try:
            begins, pack = _read_pack(name, beside.parent)
        except (OSError, yaml.YAMLError, PackError, ValueError) as error:
            raise ScenarioError(f"{name}: {error}") from error
        code = pack.ref.partition("@")[0]
        if begins <= at and (code not in in_force or in_force[code][0] <= begins):
            in_force[code] = (begins, pack)
    packs = (pack for _, pack in in_force.values())
    return EffectivePack(tuple(sorted(packs, key=lambda pack: _ORDER[pack.layer])))


@lru_cache(maxsize=64)
def _compiled(text: str) -> tuple[datetime, Pack]:
    document = yaml.safe_load(text)
    pack = compile_pack(document)
    begins = document.get("effective_from") or "2000-01-01"
    return start_of_day(datetime.fromisoformat(str(begins)).date(), pack.zone), pack


def _read_pack(name: str, folder: Path) -> tuple[datetime, Pack]:
    """A shipped pack by its name, or a pack file by its path from the scenario file."""
    path = folder / name if name.endswith((".yaml", ".yml")) else SHIPPED / f"{name}.yaml"
    return _compiled(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def _calendar(country: str, years: tuple[int, ...] | None) -> Calendar:
    documents = shipped_years(country) if country else []
    return calendar_of([d for d in documents if years is None or d.year in years])


def _utc(moment: datetime, where: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
