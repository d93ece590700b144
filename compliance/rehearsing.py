"""Scenarios as data: given a customer and a history at an instant, expect a decision.

Compliance staff write YAML files and run them against a pack before it takes effect. No database:
the shipped packs and calendars, or a pack file, and `decide`. What a scenario leaves out is clean.
The format is explained in docs/may-we-call.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compliance.calendars import read_shipped as shipped_years
from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.documents import calendar_of
from compliance.domain.facts import (
    CallerIdFacts,
    Consent,
    Contact,
    ContactKind,
    CustomerFacts,
    Exemption,
    ExemptionKind,
    Facts,
    NumberFacts,
    OpenAttempt,
    ProductFacts,
    RegisterFacts,
    Suppression,
    SuppressionSource,
    World,
)
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.domain.pack import EffectivePack, PackError, compile_pack
from compliance.packs import SHIPPED


class ScenarioError(ValueError):
    """The file is no scenario file; the message names the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Event(_Strict):
    """An earlier contact; by default an unanswered call by a person of another campaign."""

    at: datetime
    kind: ContactKind = ContactKind.ATTEMPT
    outcome: str = ""
    actor: Actor = Actor.HUMAN
    customer: int = 1
    number: int = 1
    household: str = ""
    family: str = "other"
    product: int = 99
    campaign: int = 99


class _No(_Strict):
    source: SuppressionSource = SuppressionSource.OPT_OUT
    of: Literal["customer", "number"] = "customer"
    since: datetime
    family: str = ""
    expires_at: datetime | None = None


class _Yes(_Strict):
    granted_at: datetime
    family: str = ""
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None


class _Customer(_Strict):
    birth_date: date | None = date(1985, 6, 1)
    region: str = "CN-33"
    time_zone: str = "Asia/Shanghai"
    risk_tolerance: int | None = 5
    risk_assessed_on: date | None = None
    household: str = ""
    vulnerable: bool = False
    deceased: bool = False


class _Number(_Strict):
    region: str = "CN-33"
    time_zone: str = "Asia/Shanghai"
    valid: bool = True
    linked: bool = True


class _Product(_Strict):
    family: str = "deposit"
    risk_rated: bool | None = False
    risk_rating: int | None = None
    issuer_risk_rating: int | None = None
    min_age: int | None = None
    max_age: int | None = None
    by_phone: bool = True


class _Register(_Strict):
    name: str
    imported_at: datetime | None
    max_age_days: int = 31


class _Given(_Strict):
    customer: _Customer = _Customer()
    number: _Number = _Number()
    product: _Product = _Product()
    consents: tuple[_Yes, ...] | None = None
    suppressions: tuple[_No, ...] = ()
    contacts: tuple[_Event, ...] = ()
    in_flight_since: datetime | None = None
    promised_callback: datetime | None = None
    registers: tuple[_Register, ...] = ()


class _Expected(_Strict):
    decision: Literal["allow", "review", "block_retriable", "block_terminal", "block"]
    codes: tuple[str, ...] | None = None
    earliest_next: datetime | None = None


class Scenario(_Strict):
    """One case. `expect.codes` are all codes, in any order; without it they are not looked at."""

    name: str
    at: datetime
    actor: Actor = Actor.HUMAN
    purpose: Purpose = Purpose.MARKETING
    pack: str = "cn-bank"
    campaign_limits: dict[str, Any] | None = None
    given: _Given = _Given()
    expect: _Expected


class _File(_Strict):
    zone: str = "Asia/Shanghai"
    scenarios: tuple[Scenario, ...] = Field(min_length=1)


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
        file = _File.model_validate(raw)
        where = ZoneInfo(file.zone)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, KeyError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    for scenario in file.scenarios:
        yield _one(path, scenario, where)


def _one(path: Path, scenario: Scenario, where: ZoneInfo) -> Rehearsed:
    now = _utc(scenario.at, where)
    decision = decide(
        _facts(scenario.given, now, where), _intent(scenario), _stack(scenario.pack, path), now
    )
    return Rehearsed(
        path.name, scenario.name, decision, _difference(scenario.expect, decision, where)
    )


def _difference(expected: _Expected, decision: Decision, where: ZoneInfo) -> str:
    found = []
    verdict = decision.verdict.value
    if not (verdict == expected.decision or verdict.startswith(f"{expected.decision}_")):
        found.append(f"decision {verdict}, expected {expected.decision}")
    if expected.codes is not None and set(expected.codes) != set(decision.codes):
        found.append(f"codes {sorted(decision.codes)}, expected {sorted(expected.codes)}")
    if "earliest_next" in expected.model_fields_set:
        wanted = _utc(expected.earliest_next, where) if expected.earliest_next else None
        if wanted != decision.earliest_next:
            found.append(f"earliest_next {decision.earliest_next}, expected {wanted}")
    return "; ".join(found)


def _intent(scenario: Scenario) -> Intent:
    robot = scenario.actor is Actor.ROBOT
    return Intent(
        purpose=scenario.purpose,
        actor=scenario.actor,
        kind=DialKind.ROBOT if robot else DialKind.AGENT,
        customer_id=1,
        number_id=1,
        product_id=1,
        campaign_id=1,
        caller_id_id=1,
        carrier="rehearsal",
        script_approved=True,
        campaign_running=True,
        approval_in_force=True,
        campaign_limits=scenario.campaign_limits,
    )


def _stack(name: str, beside: Path) -> EffectivePack:
    """A shipped pack by its name, or a pack file beside the scenario file."""
    path = beside.parent / name if name.endswith((".yaml", ".yml")) else SHIPPED / f"{name}.yaml"
    try:
        return EffectivePack((compile_pack(yaml.safe_load(path.read_text(encoding="utf-8"))),))
    except (OSError, yaml.YAMLError, PackError) as error:
        raise ScenarioError(f"{name}: {error}") from error


def _facts(given: _Given, now: datetime, where: ZoneInfo) -> Facts:
    customer, number, product = given.customer, given.number, given.product
    world = World(
        product=ProductFacts(1, **product.model_dump()),
        caller_id=CallerIdFacts(1),
        calendar=calendar_of(shipped_years()),
        registers=tuple(
            RegisterFacts(
                r.name, _utc(r.imported_at, where) if r.imported_at else None, r.max_age_days
            )
            for r in given.registers
        ),
    )
    assessed = customer.risk_assessed_on or (now - timedelta(days=30)).date()
    return Facts(
        world,
        CustomerFacts(1, **{**customer.model_dump(), "risk_assessed_on": assessed}),
        NumberFacts(1, **number.model_dump(exclude={"linked"})),
        number.linked,
        _consents(given, now, where),
        tuple(_suppression(index, no, where) for index, no in enumerate(given.suppressions)),
        tuple(sorted((_contact(e, where) for e in given.contacts), key=lambda c: c.at)),
        _in_flight(given, where),
        _exemptions(given, where),
    )


def _consents(given: _Given, now: datetime, where: ZoneInfo) -> tuple[Consent, ...]:
    if given.consents is None:
        return (Consent(1, now - timedelta(days=30)),)
    return tuple(
        Consent(
            index,
            _utc(yes.granted_at, where),
            product_family=yes.family,
            withdrawn_at=_utc(yes.withdrawn_at, where) if yes.withdrawn_at else None,
            expires_at=_utc(yes.expires_at, where) if yes.expires_at else None,
        )
        for index, yes in enumerate(given.consents)
    )


def _suppression(index: int, no: _No, where: ZoneInfo) -> Suppression:
    return Suppression(
        index,
        no.source,
        _utc(no.since, where),
        customer_id=1 if no.of == "customer" else None,
        number_id=1 if no.of == "number" else None,
        product_family=no.family,
        expires_at=_utc(no.expires_at, where) if no.expires_at else None,
    )


def _contact(event: _Event, where: ZoneInfo) -> Contact:
    return Contact(
        _utc(event.at, where),
        event.kind,
        customer_id=event.customer,
        number_id=event.number,
        household=event.household,
        product_id=event.product,
        product_family=event.family,
        campaign_id=event.campaign,
        actor=event.actor,
        outcome=event.outcome,
    )


def _in_flight(given: _Given, where: ZoneInfo) -> tuple[OpenAttempt, ...]:
    if given.in_flight_since is None:
        return ()
    return (OpenAttempt("1", _utc(given.in_flight_since, where), 1, 1),)


def _exemptions(given: _Given, where: ZoneInfo) -> tuple[Exemption, ...]:
    if given.promised_callback is None:
        return ()
    at = _utc(given.promised_callback, where)
    return (Exemption(1, ExemptionKind.CALLBACK, number_id=1, at=at),)


def _utc(moment: datetime, where: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
