"""The format of scenario files (docs/rehearsing-policy.md): what may be given, what is expected.

What a scenario leaves out is clean; null is not known. Unknown keys and words are refused: a
misspelt fact must not be a clean one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from audiences.domain.ownership import Ownership
from audiences.domain.regions import is_region
from compliance.domain.facts import (
    ContactKind,
    ExemptionKind,
    Operator,
    SuppressionSource,
)
from compliance.domain.intent import Actor, Gate, Purpose
from compliance.domain.intervals import parse_clock
from compliance.domain.terms import zone as zone_named


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _region(text: str) -> str:
    if text and not is_region(text):
        raise PydanticCustomError("unknown_region", "no region: {word}", {"word": text})
    return text


def _zone(text: str) -> str:
    try:
        if text:
            zone_named(text)
    except (KeyError, ValueError) as error:
        raise PydanticCustomError("unknown_zone", "no time zone: {word}", {"word": text}) from error
    return text


def _clock(text: str) -> str:
    try:
        parse_clock(text)
    except ValueError as error:
        raise ValueError(f"no time of day: {text}") from error
    return text


def _is_number(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int | float)
    try:
        float(value)
    except ValueError:
        return False
    return True


def _moment(value: object) -> object:
    """A number is refused: 20261101 would be the seconds since 1970, and so a day in 1970."""
    if _is_number(value):
        raise PydanticCustomError("number_for_time", "a number is no time")
    return value


def _day(value: object) -> object:
    if _is_number(value):
        raise PydanticCustomError("number_for_date", "a number is no date")
    if isinstance(value, datetime):
        raise PydanticCustomError("date_parsing", "a time is no date")
    return value


def _of_the_past(kind: ContactKind) -> ContactKind:
    """In the ledger a release names the attempt that it takes back; here attempts have no names."""
    if kind is ContactKind.RELEASE:
        raise PydanticCustomError("released", "a released attempt does not count")
    return kind


#: An instant, as a time or a date of YAML or as a text; without an offset in the file's zone.
Moment = Annotated[datetime, BeforeValidator(_moment)]
#: A date, of YAML or as a text.
Day = Annotated[date, BeforeValidator(_day)]
Region = Annotated[str, AfterValidator(_region)]
Zone = Annotated[str, AfterValidator(_zone)]
Clock = Annotated[str, AfterValidator(_clock)]
Channel = Literal["voice", "sms", "app", "wechat", "branch", "email"]
#: The five steps of a product's risk (R) and of a customer's tolerance (C).
Grade = Annotated[int, Field(ge=1, le=5)]
Answer = Literal["allow", "review", "block_retriable", "block_terminal"]


class Event(_Strict):
    """An earlier contact; by default an unanswered call by a person of another campaign."""

    at: Moment
    kind: Annotated[ContactKind, AfterValidator(_of_the_past)] = ContactKind.ATTEMPT
    outcome: str = ""
    actor: Actor = Actor.HUMAN
    purpose: Purpose = Purpose.MARKETING
    channel: Channel = "voice"
    customer: int | None = 1
    number: int | None = 1
    household: str = ""
    family: str | None = "other"
    product: int | None = 99
    campaign: int | None = 99
    branch: int | None = None
    caller_id: int | None = None


class No(_Strict):
    """A suppression: of the customer, or `of` the number, unless another one is named.

    `on_list` names the register of one whose source is a register.
    """

    source: SuppressionSource = SuppressionSource.OPT_OUT
    of: Literal["customer", "number"] = "customer"
    customer: int | None = None
    number: int | None = None
    since: Moment
    on_list: str = ""
    channel: Channel | Literal[""] = "voice"
    purpose: Literal["", "marketing", "care", "callback", "message"] = ""
    family: str = ""
    product: int | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        other = self.number if self.of == "customer" else self.customer
        if other is not None:
            raise PydanticCustomError("of_another", "of a customer or of a number")
        return self


class Yes(_Strict):
    granted_at: Moment
    family: str = ""
    channel: Channel = "voice"
    purpose: Purpose = Purpose.MARKETING
    withdrawn_at: Moment | None = None
    expires_at: Moment | None = None
    basis: str | None = "written"
    profiling_ok: bool = True
    for_number: bool = False


class GivenCustomer(_Strict):
    """`region` left out: of the pack's country; `time_zone` left out: what an import stores, which
    outside the mainland is none, so that every clock of the region counts.
    """

    birth_date: Day | None = date(1985, 6, 1)
    region: Region | None = None
    time_zone: Zone | None = None
    risk_tolerance: Grade | None = 5
    risk_assessed_on: Day | None = None
    household: str | None = ""
    segment: str | None = ""
    assets: int | None = None
    attributes: dict[str, str | int | bool | None] = {}
    branch: int | None = 1
    vulnerable: bool = False
    deceased: bool = False
    no_profiling: bool = False
    sandbox: bool = False


class GivenNumber(_Strict):
    """`ownership`: null = nobody asked; `ownership_asked_at` left out: just now."""

    region: Region | None = None
    time_zone: Zone | None = None
    valid: bool = True
    linked: bool = True
    in_use_since: Moment | None = None
    ownership: Ownership | None = Ownership.SAME
    ownership_asked_at: Moment | None = None


class GivenProduct(_Strict):
    family: str = "deposit"
    risk_rated: bool | None = False
    risk_rating: Grade | None = None
    issuer_risk_rating: Grade | None = None
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
    imported_at: Moment | None
    max_age_days: int = 31


class GivenBlackout(_Strict):
    since: Moment
    until: Moment
    reason: str = ""
    area: Region = ""
    family: str = ""
    product: int | None = None


class Wish(_Strict):
    """A preference. Weekdays from 0 = Monday; hours are ["HH:MM", "HH:MM"]."""

    since: Moment
    no_robot: bool = False
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()
    hours: tuple[tuple[Clock, Clock], ...] = ()
    families_refused: tuple[str, ...] = ()
    conversations_per_year: int | None = None
    conversations_per_month: int | None = None


class GivenExemption(_Strict):
    """One that was used or withdrawn by then relaxes nothing: it serves once."""

    kind: ExemptionKind
    at: Moment | None = None
    expires_at: Moment | None = None
    used_at: Moment | None = None
    withdrawn_at: Moment | None = None


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
    verified_at: Moment | None = None
    calls: tuple[Moment, ...] = ()


class OtherRecord(_Strict):
    """What was known of a second record of the same person; `consents` left out: the clean one."""

    consents: tuple[Yes, ...] | None = None
    suppressions: tuple[No, ...] = ()
    contacts: tuple[Event, ...] = ()
    preferences: tuple[Wish, ...] = ()


class Given(_Strict):
    """`consents`, `registers`, `years` left out: the clean ones; an empty list or null: none.

    `customer`, `number` null: we do not know whom, or on what number.
    """

    customer: GivenCustomer | None = GivenCustomer()
    number: GivenNumber | None = GivenNumber()
    product: GivenProduct | None = GivenProduct()
    caller_id: GivenCallerId | None = GivenCallerId()
    consents: tuple[Yes, ...] | None = None
    suppressions: tuple[No, ...] = ()
    contacts: tuple[Event, ...] = ()
    preferences: tuple[Wish, ...] = ()
    blackouts: tuple[GivenBlackout, ...] = ()
    exemptions: tuple[GivenExemption, ...] = ()
    #: another record of the customer, found to be the same person just now
    merged_with: OtherRecord | None = None
    in_flight_since: Moment | None = None
    already_reserved: bool = False
    promised_callback: Moment | None = None
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

    decision: Answer | Literal["block"]
    codes: tuple[str, ...] | None = None
    primary: str | None = None
    verdicts: dict[Literal["product", "customer", "time", "channel"], Answer] = {}
    earliest_next: Moment | None = None
    open_until: Moment | None = None
    packs: tuple[str, ...] | None = None


class Scenario(_Strict):
    """One case. `pack` is one pack's name or file, `packs` a stack of several."""

    name: str
    at: Moment
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
            raise PydanticCustomError("pack_or_packs", "pack or packs, not both")
        return self


class ScenarioFile(_Strict):
    """`zone`: of the times without an offset. `pack`, `packs`: of the scenarios that name none."""

    zone: Annotated[Zone, Field(min_length=1)] = "Asia/Shanghai"
    pack: str = "cn-bank"
    packs: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if "pack" in self.model_fields_set and self.packs:
            raise PydanticCustomError("pack_or_packs", "pack or packs, not both")
        return self
