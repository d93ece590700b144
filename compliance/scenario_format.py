"""The format of scenario files (docs/rehearsing-policy.md): what may be given, what is expected.

What a scenario leaves out is clean. Unknown keys are refused: a misspelt fact must not be a clean
one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audiences.domain.ownership import Ownership
from compliance.domain.facts import (
    ContactKind,
    ExemptionKind,
    Operator,
    SuppressionSource,
)
from compliance.domain.intent import Actor, Gate, Purpose


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(_Strict):
    """An earlier contact; by default an unanswered call by a person of another campaign."""

    at: datetime
    kind: ContactKind = ContactKind.ATTEMPT
    outcome: str = ""
    actor: Actor = Actor.HUMAN
    purpose: Purpose = Purpose.MARKETING
    channel: str = "voice"
    customer: int = 1
    number: int = 1
    household: str = ""
    family: str = "other"
    product: int = 99
    campaign: int = 99
    branch: int | None = None
    caller_id: int | None = None


class No(_Strict):
    """A suppression. `on_list` names the register of one whose source is a register."""

    source: SuppressionSource = SuppressionSource.OPT_OUT
    of: Literal["customer", "number"] = "customer"
    since: datetime
    on_list: str = ""
    channel: str = "voice"
    purpose: str = ""
    family: str = ""
    product: int | None = None
    expires_at: datetime | None = None


class Yes(_Strict):
    granted_at: datetime
    family: str = ""
    channel: str = "voice"
    purpose: Purpose = Purpose.MARKETING
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None
    basis: str = "written"
    profiling_ok: bool = True
    for_number: bool = False


class GivenCustomer(_Strict):
    """`region`, `time_zone`: left out, those of the pack's country."""

    birth_date: date | None = date(1985, 6, 1)
    region: str | None = None
    time_zone: str | None = None
    risk_tolerance: int | None = 5
    risk_assessed_on: date | None = None
    household: str = ""
    segment: str = ""
    assets: int | None = None
    attributes: dict[str, str | int | bool] = {}
    branch: int | None = 1
    vulnerable: bool = False
    deceased: bool = False
    no_profiling: bool = False
    sandbox: bool = False


class GivenNumber(_Strict):
    region: str | None = None
    time_zone: str | None = None
    valid: bool = True
    linked: bool = True
    in_use_since: datetime | None = None
    ownership: Ownership = Ownership.SAME
    ownership_asked_at: datetime | None = None


class GivenProduct(_Strict):
    family: str = "deposit"
    risk_rated: bool | None = False
    risk_rating: int | None = None
    issuer_risk_rating: int | None = None
    min_age: int | None = None
    max_age: int | None = None
    by_phone: bool = True
    on_sale: bool = True
    private: bool = False
    min_amount: int | None = None


class GivenCallerId(_Strict):
    active: bool = True
    registered_use: tuple[str, ...] = ("marketing_out",)
    operator: Operator = Operator.OWN
    route: str = ""


class GivenRegister(_Strict):
    name: str
    imported_at: datetime | None
    max_age_days: int = 31


class GivenBlackout(_Strict):
    since: datetime
    until: datetime
    reason: str = ""
    area: str = ""
    family: str = ""
    product: int | None = None


class Wish(_Strict):
    """A preference. Weekdays from 0 = Monday; hours are ["HH:MM", "HH:MM"]."""

    since: datetime
    no_robot: bool = False
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[str, str], ...] = ()
    families_refused: tuple[str, ...] = ()
    conversations_per_year: int | None = None
    conversations_per_month: int | None = None


class GivenExemption(_Strict):
    kind: ExemptionKind
    at: datetime | None = None
    expires_at: datetime | None = None


class GivenCounts(_Strict):
    """What the campaign did within the last `hours`."""

    hours: int
    answered: int = 0
    consented: int = 0
    conversations: int = 0
    abandoned: int = 0
    machine_wrong: int = 0
    complaints: int = 0


class GivenStaffNumber(_Strict):
    verified_at: datetime | None = None
    calls: tuple[datetime, ...] = ()


class Given(_Strict):
    """`consents`, `registers`, `years` left out: the clean ones; an empty list: none."""

    customer: GivenCustomer = GivenCustomer()
    number: GivenNumber = GivenNumber()
    product: GivenProduct | None = GivenProduct()
    caller_id: GivenCallerId | None = GivenCallerId()
    consents: tuple[Yes, ...] | None = None
    suppressions: tuple[No, ...] = ()
    contacts: tuple[Event, ...] = ()
    preferences: tuple[Wish, ...] = ()
    blackouts: tuple[GivenBlackout, ...] = ()
    exemptions: tuple[GivenExemption, ...] = ()
    in_flight_since: datetime | None = None
    already_reserved: bool = False
    promised_callback: datetime | None = None
    registers: tuple[GivenRegister, ...] | None = None
    campaign_counts: tuple[GivenCounts, ...] = ()
    staff_number: GivenStaffNumber | None = None
    kill_switches: tuple[str, ...] = ()
    clock_skew_s: float = 0.0
    #: the years of the calendar that are loaded
    years: tuple[int, ...] | None = None


class Dial(_Strict):
    """What the dialer says of itself; left out, everything is signed."""

    gate: Gate = Gate.DIAL
    campaign: int | None = 1
    carrier: str = "rehearsal"
    script_approved: bool = True
    campaign_running: bool = True
    approval_in_force: bool = True
    profiled: bool = False
    licences: tuple[str, ...] | None = None
    ring_s: int | None = None


class Expected(_Strict):
    """`codes` are all codes, in any order; `primary` the first of them; `packs` the versions."""

    decision: Literal["allow", "review", "block_retriable", "block_terminal", "block"]
    codes: tuple[str, ...] | None = None
    primary: str | None = None
    verdicts: dict[Literal["product", "customer", "time", "channel"], str] = {}
    earliest_next: datetime | None = None
    open_until: datetime | None = None
    packs: tuple[str, ...] | None = None


class Scenario(_Strict):
    """One case. `pack` is one pack's name or file, `packs` a stack of several."""

    name: str
    at: datetime
    actor: Actor = Actor.HUMAN
    purpose: Purpose = Purpose.MARKETING
    pack: str = ""
    packs: tuple[str, ...] = ()
    campaign_limits: dict[str, Any] | None = None
    dial: Dial = Dial()
    given: Given = Given()
    expect: Expected

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.pack and self.packs:
            raise ValueError(f"{self.name}: pack or packs, not both")
        return self


class ScenarioFile(_Strict):
    """`zone`: of the times without an offset. `pack`, `packs`: of the scenarios that name none."""

    zone: str = "Asia/Shanghai"
    pack: str = "cn-bank"
    packs: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
