"""What is known about one dial at one instant: frozen values, made by one SQL statement.

Rules read these and nothing else. `World` is what a whole batch shares; `Facts` is one customer on
one number. Missing is None (or an empty tuple), and rules turn missing into a block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from audiences.domain.ownership import Ownership
from compliance.domain.calendar import Calendar
from compliance.domain.intent import Actor, Purpose

#: How far back a customer's own contacts are known (a campaign lasts at most as long), …
CUSTOMER_REACH = timedelta(days=400)
#: … and those of others on the number or in the household.
OTHERS_REACH = timedelta(days=33)


class ContactKind(StrEnum):
    """What the ledger holds. RELEASE takes back an attempt that provably never was placed.

    CONSENTED = said yes to a transfer (the denominator of abandonment).
    """

    ATTEMPT = "attempt"
    RELEASE = "release"
    CONNECT = "connect"
    CONSENTED = "consented"
    CONVERSATION = "conversation"
    ABANDON = "abandon"
    OUTCOME = "outcome"


#: Outcomes of calls that ended as a machine's; the second although somebody had spoken with us.
MACHINE = "machine"
MACHINE_WRONG = "machine_wrong"


class SuppressionSource(StrEnum):
    """Who said no, and how we know."""

    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    REGISTER = "register"
    CARRIER = "carrier"
    WRONG_NUMBER = "wrong_number"


class ExemptionKind(StrEnum):
    """CALLBACK the customer asked for it; the other two are signed by a second person."""

    CALLBACK = "callback"
    ELDER_REVIEW = "elder_review"
    ELDER_WHITELIST = "elder_whitelist"


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    id: int
    birth_date: date | None = None
    region: str = ""
    time_zone: str = "Asia/Shanghai"
    risk_tolerance: int | None = None
    risk_assessed_on: date | None = None
    household: str = ""
    vulnerable: bool = False
    deceased: bool = False
    sandbox: bool = False
    branch_id: int | None = None
    no_profiling: bool = False
    segment: str = ""
    #: what the bank knows of the person's money, in yuan; None = unknown
    assets: int | None = None
    #: (name, value) pairs that an eligibility expression may ask for
    attributes: tuple[tuple[str, str | int | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """`in_use_since`: its present owner has it since then; older consents are another person's."""

    id: int
    region: str = ""
    time_zone: str = "Asia/Shanghai"
    valid: bool = True
    invalid_reason: str = ""
    in_use_since: datetime | None = None
    ownership: Ownership = Ownership.NOT_ASKED
    ownership_asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """`risk_rated` None = nobody said whether suitability applies: blocks."""

    id: int
    family: str
    risk_rated: bool | None = None
    risk_rating: int | None = None
    issuer_risk_rating: int | None = None
    min_age: int | None = None
    max_age: int | None = None
    by_phone: bool = True
    on_sale: bool = True
    #: only by non-public means, to qualified investors
    private: bool = False
    #: the least one may invest, in yuan
    min_amount: int | None = None


class Operator(StrEnum):
    OWN = "own"
    OUTSOURCED = "outsourced"


@dataclass(frozen=True, slots=True)
class CallerIdFacts:
    id: int
    active: bool = True
    registered_use: tuple[str, ...] = ("marketing_out",)
    #: who calls on this number: the bank itself, or a licensed call centre for it
    operator: Operator = Operator.OWN
    #: the trunk it goes out by; empty = the installation's own carrier
    route: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A "no". Empty scopes mean everything: all families, all purposes of marketing voice."""

    id: int
    source: SuppressionSource
    since: datetime
    customer_id: int | None = None
    number_id: int | None = None
    register: str = ""
    channel: str = "voice"
    product_family: str = ""
    expires_at: datetime | None = None
    #: an empty purpose means every purpose, no product every product
    purpose: str = ""
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A "yes". An empty product family means every family."""

    id: int
    granted_at: datetime
    channel: str = "voice"
    purpose: str = "marketing"
    product_family: str = ""
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None
    #: how it was given ("written", "oral", …; empty = nobody wrote it down)
    basis: str = ""
    profiling_ok: bool = True
    #: given for one number only
    number_id: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One line of the ledger that touches this customer, number or household."""

    at: datetime
    kind: ContactKind
    customer_id: int | None = None
    number_id: int | None = None
    household: str = ""
    product_id: int | None = None
    product_family: str = ""
    campaign_id: int | None = None
    branch_id: int | None = None
    caller_id_id: int | None = None
    actor: Actor = Actor.HUMAN
    purpose: Purpose = Purpose.MARKETING
    channel: str = "voice"
    outcome: str = ""
    attempt_id: str = ""


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A permission that has been given and not settled: there may be a call."""

    id: str
    at: datetime
    customer_id: int | None = None
    number_id: int | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """A single-use exception; `at` is the promised instant of a callback."""

    id: int
    kind: ExemptionKind
    number_id: int | None = None
    product_id: int | None = None
    campaign_id: int | None = None
    at: datetime | None = None
    expires_at: datetime | None = None

    def stands(self, moment: datetime) -> bool:
        """Whether it has not expired by then."""
        return self.expires_at is None or moment < self.expires_at


@dataclass(frozen=True, slots=True)
class Preference:
    """A wish narrower than "never"; it only tightens. Hours are minutes after local midnight."""

    id: int
    since: datetime
    no_robot: bool = False
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    families_refused: tuple[str, ...] = ()
    conversations_per_year: int | None = None
    conversations_per_month: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """An imported no-call list in use, and when it was last imported."""

    name: str
    imported_at: datetime | None
    max_age_days: int


@dataclass(frozen=True, slots=True)
class Blackout:
    """A time in which nobody is called: cut-over, mourning, disaster, exams."""

    id: int
    since: datetime
    until: datetime
    region: str = ""
    product_family: str = ""
    reason: str = ""
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """Thrown by a person; `scope` is all, robot, or campaign:<id>."""

    id: int
    scope: str = "all"


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """What one campaign did within the last `hours`: the numbers a pacing guard divides.

    `answered` = answered by a person; `machine_wrong` = a person whom we took for a machine. What
    each counts exactly stands in compliance/counting.py.
    """

    hours: int
    answered: int = 0
    consented: int = 0
    conversations: int = 0
    abandoned: int = 0
    machine_wrong: int = 0
    complaints: int = 0


@dataclass(frozen=True, slots=True)
class StaffNumberFacts:
    """A telephone of our own staff: verified by a code or not, and when it was rung for tests."""

    id: int
    verified_at: datetime | None = None
    calls: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What every customer of a batch shares. `clock_skew_s` = |application − database|."""

    product: ProductFacts | None = None
    caller_id: CallerIdFacts | None = None
    calendar: Calendar = field(default_factory=Calendar)
    registers: tuple[RegisterFacts, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    kill_switches: tuple[KillSwitch, ...] = ()
    clock_skew_s: float = 0.0
    already_reserved: bool = False
    #: of the intent's campaign
    campaign_counts: tuple[CampaignCounts, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the rules may look at, for one customer on one number."""

    world: World
    customer: CustomerFacts | None = None
    number: NumberFacts | None = None
    linked: bool = False
    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    contacts: tuple[Contact, ...] = ()
    open_attempts: tuple[OpenAttempt, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    preferences: tuple[Preference, ...] = ()
    staff_number: StaffNumberFacts | None = None
