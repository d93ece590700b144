"""Each pack in the database, through the gate: a clean call passes, and every rule stops one.

Nothing is made up: what a rule looks at lies in rows, as the application writes them, and comes to
the decision by the facts statement. A rule of a shipped pack without a case here fails the tests.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from compliance import exempting, suppressing
from compliance.complaints import open_case
from compliance.domain.decision import Outcome
from compliance.domain.facts import Operator
from compliance.domain.intent import Actor, DialKind, Purpose
from compliance.gate import GateResult
from compliance.models import CalendarYear, Consent, Decision, KillSwitch, Preference, Register
from compliance.packs import read_shipped
from compliance.replaying import replay
from tests.compliance.layers import put_in_force
from tests.compliance.live import CAMPAIGN, CN, GB, US, Case, Changes, Country, Live, clean

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROBOT = {"actor": Actor.ROBOT, "kind": DialKind.ROBOT}
CARE = {"purpose": Purpose.CARE}
#: a robot's care call, which names no product
GREETING = {**CARE, **ROBOT, "product_id": None}
MESSAGE = {"purpose": Purpose.MESSAGE, "actor": Actor.ROBOT, "kind": DialKind.MESSAGE}
STAFF = {
    "purpose": Purpose.TEST,
    "kind": DialKind.TEST,
    "customer_id": None,
    "number_id": None,
    "product_id": None,
}
_OLD = date(2025, 1, 1)

#: What holds in every country.
COMMON = [
    Case("B1", "BLACKOUT", lambda b: b.stop()),
    Case("B1", "BLACKOUT", lambda b: b.stop(product=b.product)),
    Case("B1", "BLACKOUT", lambda b: b.stop(region=b.country.region)),
    Case("K1", "CONSENT_NONE", lambda b: b.of_consent(product_family="cards")),
    Case("K1", "CONSENT_WITHDRAWN", lambda b: b.of_consent(withdrawn_at=b.now - DAY)),
    Case("K1", "CONSENT_EXPIRED", lambda b: b.of_consent(expires_at=b.now - DAY)),
    Case("K1", "CONSENT_REASSIGNED", lambda b: b.of_number(in_use_since=b.now - DAY)),
    Case("K2", "OPT_OUT", lambda b: b.refuse("opt_out")),
    Case("K2", "OPT_OUT", lambda b: b.refuse("opt_out", number=b.number)),
    Case("N1", "NUMBER_INVALID", lambda b: b.of_number(valid=False)),
    Case("N1", "DEP_LINK", lambda b: _unlinked(b)),
    Case("N1", "NUMBER_REASSIGNED", lambda b: b.of_number(ownership="changed")),
    Case("S1", "SUIT_R_GT_C", lambda b: b.risky(3, tolerance=2)),
    Case("S1", "SUIT_PRIVATE", lambda b: b.of_product(private=True)),
    Case("S1", "SUIT_CHANNEL", lambda b: b.of_product(by_phone=False)),
    Case("S1", "DEP_RISK_RATED", lambda b: b.of_product(risk_rated=None)),
    Case("S1", "SUIT_EXPIRED", lambda b: b.risky(1) or b.of_customer(risk_assessed_on=_OLD)),
    Case("S2", "UNDERAGE", lambda b: b.of_customer(birth_date=date(2010, 1, 1))),
    Case("S2", "DEP_AGE", lambda b: b.of_customer(birth_date=None)),
    Case("S2", "DECEASED", lambda b: b.of_customer(deceased=True)),
    Case("S2", "VULNERABLE", lambda b: b.of_customer(vulnerable=True) or ROBOT),
    Case("S2", "PRODUCT_AGE", lambda b: b.of_product(max_age=30)),
    Case("A1", "CLI_NOT_REGISTERED", lambda b: b.of_line(registered_use=["service"])),
    Case("A1", "CLI_INACTIVE", lambda b: b.of_line(active=False)),
    Case("A1", "DEP_CALLER_ID", lambda b: {"caller_id_id": None}),
    Case("A1", "PRODUCT_OFF_SALE", lambda b: b.of_product(on_sale=False)),
    Case("A1", "CARE_SELLS", lambda b: CARE),
    Case("A1", "SANDBOX_CARRIER", lambda b: b.of_customer(sandbox=True) or {"carrier": "twilio"}),
    Case("A2", "SCRIPT_NOT_APPROVED", lambda b: {"script_approved": False}),
    Case("A2", "CAMPAIGN_NOT_RUNNING", lambda b: {"campaign_running": False}),
    Case("A2", "APPROVAL_NONE", lambda b: {"approval_in_force": False}),
    Case("F1", "INFLIGHT", lambda b: _allowed(b.ask())),
    Case("T1", "TEST_NUMBER_UNVERIFIED", lambda b: STAFF),
    Case("ground", "KILL_SWITCH", lambda b: _switched(b)),
]


def _allowed(result: GateResult) -> Changes:
    assert result.decision.allowed
    return {}


def _unlinked(bank: Live) -> Changes:
    bank.customer.customernumber_set.all().delete()
    return {}


def _switched(bank: Live) -> Changes:
    KillSwitch.objects.create(scope=f"campaign:{CAMPAIGN}", reason="drill", thrown_at=bank.now)
    return {}


def _wish(bank: Live, **wish: object) -> Changes:
    Preference.objects.create(customer=bank.customer, since=bank.now, **wish)
    return {}


def _unplaced(bank: Live, zone: str = "America/New_York") -> Changes:
    """Nobody knows where they live; the number's clock stands in for theirs (11:00 at 10:00)."""
    bank.of_number(time_zone=zone)
    return bank.of_customer(region="", time_zone="")


def _complaints(bank: Live, times: int) -> Changes:
    for _ in range(times):
        open_case(
            customer_id=None,
            number_id=None,
            source="12378",
            evidence={},
            at=bank.now - DAY,
            campaign_id=CAMPAIGN,
        )
    return {}


def _no_calendar(bank: Live) -> Changes:
    CalendarYear.objects.update(in_force=False)
    return {}


def _stale(days: int, name: str | None = None) -> Changes:
    registers = Register.objects.filter(name=name) if name else Register.objects.all()
    for register in registers:
        assert register.imported_at is not None
        register.imported_at -= timedelta(days=days)
        register.save(update_fields=["imported_at"])
    return {}


def _listed(bank: Live, name: str) -> Changes:
    bank.refuse("register", number=bank.number, register=Register.objects.get(name=name))
    return {}


def _without_registers() -> Changes:
    Register.objects.update(active=False)
    return {}


def _industry(bank: Live) -> Changes:
    Register.objects.create(name="industry", imported_at=bank.now - 40 * DAY)
    return {}


#: Texts that customers ask for in calls.
TEXTS = [
    Case("M1", "WINDOW", lambda b: b.clock("2026-11-24 07:59:59") or MESSAGE),
    Case("M2", "CAL_MISSING", lambda b: _no_calendar(b) or MESSAGE),
    Case(
        "M3",
        "COMPLAINT",
        lambda b: b.refuse("complaint", customer=b.customer, channel="") or MESSAGE,
    ),
    Case(
        "M3",
        "OPT_OUT",
        lambda b: b.refuse("opt_out", customer=b.customer, channel="sms") or MESSAGE,
    ),
    Case(
        "M4",
        "CAP_M4",
        lambda b: b.happened("attempt", 5 * HOUR, 2, purpose="message", channel="sms") or MESSAGE,
    ),
    Case(
        "M5",
        "SANDBOX_CARRIER",
        lambda b: b.of_customer(sandbox=True) or {**MESSAGE, "carrier": "sms"},
    ),
    Case("M7", "DECEASED", lambda b: b.of_customer(deceased=True) or MESSAGE),
    Case("M6", "NUMBER_INVALID", lambda b: b.of_number(valid=False) or MESSAGE),
]

CN_CASES = [
    *COMMON,
    *TEXTS,
    Case("W1", "WINDOW", lambda b: b.clock("2026-11-24 08:59:59")),
    Case("W1", "WINDOW", lambda b: b.clock("2026-11-24 12:30")),
    Case("W1", "WINDOW", lambda b: b.of_customer(region="CN-65")),
    Case("W1", "TAIL_GUARD", lambda b: b.clock("2026-11-24 11:59:30")),
    Case("W2", "WINDOW", lambda b: b.clock("2026-11-28 09:59")),
    Case("W2R", "WINDOW", lambda b: b.clock("2026-11-28 10:30") or ROBOT),
    Case("W3", "HOLIDAY", lambda b: b.clock("2026-10-05 10:00")),
    Case("W4", "CAL_MISSING", _no_calendar),
    Case("K1", "CONSENT_EXPIRED", lambda b: b.of_consent(granted_at=b.now - 740 * DAY)),
    Case(
        "K1",
        "PROFILING_OBJECTED",
        lambda b: b.of_customer(no_profiling=True) or {"profiled": True},
    ),
    Case(
        "K1", "PROFILING_OBJECTED", lambda b: b.of_consent(profiling_ok=False) or {"profiled": True}
    ),
    Case("K3", "COMPLAINT", lambda b: b.refuse("complaint")),
    Case("K3", "WRONG_NUMBER", lambda b: b.refuse("wrong_number", number=b.number)),
    Case("K3", "DNC_CARRIER", lambda b: b.refuse("carrier", number=b.number)),
    Case("K3", "DNC_INDUSTRY", lambda b: _industry(b) or _listed(b, "industry")),
    Case("K3", "REGISTER_STALE", _industry),
    Case("K4", "PREFERENCE_ROBOT", lambda b: _wish(b, no_robot=True) or ROBOT),
    Case("K4", "PREFERENCE_FAMILY", lambda b: _wish(b, families_refused=["deposit"])),
    Case("K4", "PREFERENCE_HOURS", lambda b: _wish(b, weekdays=[5, 6])),
    Case("C1", "CAP_C1", lambda b: b.happened("attempt", 5 * HOUR, 2, number_id=None)),
    Case("C2", "CAP_C2", lambda b: b.happened("attempt", 2 * DAY, 3)),
    Case("C3", "CAP_C3", lambda b: b.happened("conversation", 2 * DAY, product_family="cards")),
    Case("C3", "CAP_C3", lambda b: b.happened("conversation", DAY, channel="app", number_id=None)),
    Case("C3Q", "CAP_C3Q", lambda b: b.happened("conversation", 60 * DAY, 3)),
    Case("C4", "CAP_C4", lambda b: b.happened("attempt", 20 * HOUR, 2, customer_id=None)),
    Case("C4G", "MIN_GAP", lambda b: b.happened("attempt", HOUR)),
    Case("C5", "CAP_C5", lambda b: b.happened("conversation", 20 * DAY)),
    Case("C6", "CAP_C6", lambda b: b.happened("attempt", 99 * DAY, 3, campaign_id=CAMPAIGN)),
    Case("C7", "CAP_C7", lambda b: b.happened("attempt", 2 * DAY, actor="robot") or ROBOT),
    Case(
        "C8",
        "CAP_C8",
        lambda b: (
            b.of_customer(household="h")
            or b.happened("conversation", DAY, 2, household="h", customer_id=None, number_id=None)
        ),
    ),
    Case(
        "C9",
        "CAP_C9",
        lambda b: (
            b.of_product(family="care")
            or b.happened("conversation", 10 * DAY, purpose="care")
            or CARE
        ),
    ),
    Case(
        "O1-refused",
        "COOLOFF_REFUSED",
        lambda b: b.happened("outcome", 40 * DAY, outcome="refused"),
    ),
    Case(
        "O1-not-now-product",
        "COOLOFF_NOT_NOW",
        lambda b: b.happened("outcome", 20 * DAY, outcome="not_now"),
    ),
    Case(
        "O1-not-now",
        "COOLOFF_NOT_NOW",
        lambda b: b.happened("outcome", 3 * DAY, outcome="busy_now", product_id=99),
    ),
    Case(
        "O1-hung-up",
        "COOLOFF_HUNG_UP",
        lambda b: b.happened("outcome", 5 * DAY, outcome="hung_up_early"),
    ),
    Case("O1-bought", "COOLOFF_BOUGHT", lambda b: b.happened("outcome", 50 * DAY, outcome="sold")),
    Case(
        "O1-complaint",
        "COOLOFF_COMPLAINT",
        lambda b: b.happened("outcome", 300 * DAY, outcome="complaint"),
    ),
    Case(
        "O1-wrong-number",
        "COOLOFF_WRONG_NUMBER",
        lambda b: b.happened("outcome", 30 * DAY, outcome="wrong_number"),
    ),
    Case(
        "O1-deceased",
        "COOLOFF_DECEASED",
        lambda b: b.happened("outcome", 300 * DAY, outcome="deceased"),
    ),
    Case("S1", "SUIT_CHANNEL_R4", lambda b: b.risky(4)),
    Case(
        "S1", "SUIT_R_GT_C", lambda b: b.risky(2, tolerance=2) or b.of_product(issuer_risk_rating=3)
    ),
    Case("S2", "ELDER_ROBOT", lambda b: b.of_customer(birth_date=date(1950, 1, 1)) or ROBOT),
    Case("S2", "ELDER_RISK", lambda b: b.risky(3) or b.of_customer(birth_date=date(1950, 1, 1))),
    Case("S2", "ELDER_REVIEW", lambda b: b.risky(2) or b.of_customer(birth_date=date(1950, 1, 1))),
    Case("S2", "ELDER_WHITELIST", lambda b: b.of_customer(birth_date=date(1940, 1, 1))),
    Case("S2", "VULNERABLE", lambda b: b.of_customer(attributes={"hardship": "是"}) or ROBOT),
    Case("S2", "SPARED", lambda b: b.of_customer(attributes={"bereaved": "2026-11-01"})),
    Case("S2", "CAPACITY", lambda b: b.of_customer(attributes={"capacity": "无民事行为能力"})),
    Case("S2", "CAPACITY", lambda b: b.risky(2) or b.of_customer(attributes={"capacity": "限制"})),
    Case("S2", "DEP_CAPACITY", lambda b: b.of_customer(attributes={"capacity": "待定"})),
    Case("A1", "OPERATOR_OUTSOURCED", lambda b: b.of_line(operator=Operator.OUTSOURCED.value)),
    Case(
        "A1",
        "CARRIER_REGION",
        lambda b: b.of_line(route="tencent") or b.of_number(region="CN-65"),
    ),
    Case("P1", "ABANDON_RATE", lambda b: b.did("consented", 100) or b.did("abandon", 4)),
    Case("P1", "COMPLAINT_RATE", lambda b: _complaints(b, 2)),
    Case("P1", "ABANDON_72H", lambda b: b.happened("abandon", 2 * DAY) or ROBOT),
]

US_CASES = [
    *COMMON,
    *TEXTS,
    Case(
        "M1",
        "HOLIDAY",
        lambda b: b.of_customer(region="US-LA") or b.clock("2026-11-26 12:00") or MESSAGE,
    ),
    Case("M3", "OPT_OUT", lambda b: b.refuse("opt_out") or MESSAGE),
    Case(
        "M6",
        "REGISTER_STALE",
        lambda b: b.of_number(ownership_asked_at=b.now - 31 * DAY) or MESSAGE,
    ),
    Case("W1", "WINDOW", lambda b: b.clock("2026-11-24 07:59:59")),
    Case(
        "W1",
        "WINDOW",
        lambda b: (
            b.of_number(region="US-CA", time_zone="America/Los_Angeles")
            or b.clock("2026-11-24 09:59")
        ),
    ),
    Case("W1", "WINDOW", lambda b: b.of_customer(region="US-LA") or b.clock("2026-11-29 12:00")),
    Case("W1", "HOLIDAY", lambda b: b.of_customer(region="US-AL") or b.clock("2026-11-26 12:00")),
    Case(
        "W1",
        "WINDOW",
        lambda b: b.of_customer(region="", time_zone="") or b.clock("2026-11-24 11:59:59"),
    ),
    Case(
        "W1",
        "WINDOW",
        lambda b: b.of_customer(region="US-TX", time_zone="") or b.clock("2026-11-24 09:59"),
    ),
    Case("K5", "PREFERENCE_HOURS", lambda b: _unplaced(b) or _wish(b, hours=[[600, 660]])),
    Case("K5", "DEP_TIME_ZONE", lambda b: _unplaced(b, "") or _wish(b, weekdays=[1])),
    Case("W2", "CAL_MISSING", _no_calendar),
    Case("B1", "BLACKOUT", lambda b: b.of_number(region="US-NY") or b.stop(region="US-NY")),
    Case("K1R", "CONSENT_BASIS", lambda b: b.of_consent(basis="oral") or ROBOT),
    Case("K1C", "CONSENT_WITHDRAWN", lambda b: b.of_consent(withdrawn_at=b.now - DAY) or GREETING),
    Case("K3", "DNC_NATIONAL", lambda b: _listed(b, "national")),
    Case("K3", "REGISTER_STALE", lambda b: _stale(31)),
    Case("K3", "REGISTER_STALE", lambda b: _without_registers()),
    Case("K4", "COMPLAINT", lambda b: b.refuse("complaint")),
    Case("K4", "DNC_CARRIER", lambda b: b.refuse("carrier", number=b.number)),
    Case("K5", "PREFERENCE_FAMILY", lambda b: _wish(b, families_refused=["deposit"])),
    Case("N1", "REGISTER_STALE", lambda b: b.of_number(ownership_asked_at=b.now - 31 * DAY)),
    Case("N1", "REGISTER_STALE", lambda b: b.of_number(ownership="", ownership_asked_at=None)),
    Case("N1", "NUMBER_OWNER_UNKNOWN", lambda b: b.of_number(ownership="no_data")),
    Case("C1", "CAP_C1", lambda b: b.happened("attempt", 20 * HOUR, 3)),
    Case("C2", "CAP_C2", lambda b: b.happened("attempt", 5 * DAY, 7)),
    Case("C3", "CAP_C3", lambda b: b.happened("conversation", 6 * DAY)),
    Case(
        "C4",
        "CAP_C4",
        lambda b: (
            b.of_customer(region="US-ME", time_zone="America/New_York")
            or b.happened("attempt", 5 * HOUR, actor="robot")
            or ROBOT
        ),
    ),
    Case("C5", "CAP_C5", lambda b: b.happened("conversation", 9 * DAY, purpose="care") or GREETING),
    Case(
        "O1-refused",
        "COOLOFF_REFUSED",
        lambda b: (
            b.of_customer(region="US-WA", time_zone="America/Los_Angeles")
            or b.happened("outcome", 300 * DAY, outcome="refused", product_family="cards")
        ),
    ),
    Case(
        "O1-family", "COOLOFF_REFUSED", lambda b: b.happened("outcome", 99 * DAY, outcome="refused")
    ),
    Case("P1", "ABANDON_RATE", lambda b: b.did("connect", 100) or b.did("abandon", 4)),
    Case("P1", "RING_SHORT", lambda b: {"ring_s": 14}),
]

GB_CASES = [
    *COMMON,
    *TEXTS,
    Case("M1", "WINDOW", lambda b: b.clock("2026-11-29 12:00") or MESSAGE),
    Case("M3", "OPT_OUT", lambda b: b.refuse("opt_out") or MESSAGE),
    Case("W1", "WINDOW", lambda b: b.clock("2026-11-24 21:00")),
    Case("W1", "WINDOW", lambda b: b.clock("2026-11-29 12:00")),
    Case("W1", "HOLIDAY", lambda b: b.clock("2026-11-30 12:00")),
    Case("W2", "CAL_MISSING", _no_calendar),
    Case("K1R", "CONSENT_NONE", lambda b: b.of_consent(product_family="cards") or ROBOT),
    Case(
        "K1R",
        "PROFILING_OBJECTED",
        lambda b: b.of_customer(no_profiling=True) or {**ROBOT, "profiled": True},
    ),
    Case("K1C", "CONSENT_EXPIRED", lambda b: b.of_consent(expires_at=b.now - DAY) or GREETING),
    Case("K3", "DNC_TPS", lambda b: _listed(b, "tps")),
    Case("K3", "DNC_CTPS", lambda b: _listed(b, "ctps")),
    Case("K3", "REGISTER_STALE", lambda b: _stale(28, "ctps")),
    Case("K4", "WRONG_NUMBER", lambda b: b.refuse("wrong_number", number=b.number)),
    Case("K5", "PREFERENCE_ROBOT", lambda b: _wish(b, no_robot=True) or ROBOT),
    Case("C1", "CAP_C1", lambda b: b.happened("attempt", 6 * DAY, 3)),
    Case("C2", "CAP_C2", lambda b: b.happened("conversation", 9 * DAY, purpose="care") or GREETING),
    Case(
        "O1-refused",
        "COOLOFF_REFUSED",
        lambda b: b.happened("outcome", 99 * DAY, outcome="refused"),
    ),
    Case("S2", "SPARED", lambda b: b.of_customer(attributes={"bereaved": True})),
    Case("S3", "NOT_ELIGIBLE", lambda b: b.of_product(family="pension")),
    Case("P1", "ABANDON_RATE", lambda b: b.did("connect", 100) or b.did("abandon", 2)),
    Case(
        "P1",
        "ABANDON_RATE",
        lambda b: b.did("connect", 100) or b.did("outcome", 2, outcome="machine_wrong"),
    ),
    Case("P1", "ABANDON_72H", lambda b: b.happened("abandon", 2 * DAY) or ROBOT),
    Case(
        "P1", "MACHINE_AGAIN", lambda b: b.happened("outcome", 5 * HOUR, outcome="machine") or ROBOT
    ),
    Case("P1", "RING_SHORT", lambda b: {"ring_s": 14}),
    Case("P2", "ABANDON_RATE", lambda b: b.did("connect", 20) or b.did("abandon", 1)),
]

CASES = {CN: CN_CASES, US: US_CASES, GB: GB_CASES}
COUNTRIES = pytest.mark.parametrize("country", CASES, ids=lambda country: country.pack)


@pytest.mark.parametrize(
    ("country", "case"),
    [
        pytest.param(country, case, id=f"{country.pack}-{case.rule}-{case.code}-{place}")
        for country, cases in CASES.items()
        for place, case in enumerate(cases)
    ],
)
def test_the_rule_stops_the_call(db: None, country: Country, case: Case) -> None:
    bank = clean(country)
    changes = case.arrange(bank)
    decision = bank.ask(**changes).decision
    assert not decision.allowed
    assert (case.rule, case.code) in [(r.rule_id, r.code) for r in decision.reasons]


@COUNTRIES
def test_every_rule_of_the_pack_has_a_case(country: Country) -> None:
    rules = {rule["id"] for rule in read_shipped(country.pack)["rules"]}
    assert rules - {case.rule for case in CASES[country]} == {"X1"}  # which only relaxes


@COUNTRIES
@pytest.mark.parametrize("speaker", [{}, ROBOT], ids=["person", "robot"])
def test_a_clean_call_passes(db: None, country: Country, speaker: dict[str, object]) -> None:
    bank = clean(country)
    # a campaign that has done its work well
    bank.did("connect", 300)
    bank.did("consented", 120)
    bank.did("conversation", 200)
    decision = bank.ask(**speaker).decision
    assert (decision.verdict, decision.codes) == (Outcome.ALLOW, [])
    stored = Decision.objects.get()
    assert stored.facts["world"]["campaign_counts"]
    assert replay(stored).document() == stored.decision


@COUNTRIES
def test_a_text_that_was_asked_for_passes(db: None, country: Country) -> None:
    bank = clean(country)
    bank.of_customer(vulnerable=True, birth_date=None)
    asked = {**MESSAGE, "product_id": None, "caller_id_id": None, "carrier": "sms"}
    assert bank.ask(**asked).decision.allowed


@COUNTRIES
def test_a_robots_greeting_passes_with_a_consent_to_care_calls(db: None, country: Country) -> None:
    bank = clean(country)
    bank.of_consent(purpose="care")
    assert bank.ask(**GREETING).decision.allowed


@pytest.mark.parametrize("country", [US, GB], ids=lambda country: country.pack)
def test_a_robots_greeting_without_any_consent_does_not(db: None, country: Country) -> None:
    bank = clean(country)
    Consent.objects.all().delete()
    assert bank.ask(**GREETING).decision.codes == ["CONSENT_NONE"]
    assert bank.ask(**CARE, product_id=None).decision.allowed


@COUNTRIES
def test_a_callback_the_customer_asked_for_passes_outside_hours(db: None, country: Country) -> None:
    bank = clean(country)
    bank.clock("2026-11-24 21:30")
    asked = {"purpose": Purpose.CALLBACK, "kind": DialKind.CALLBACK}
    assert "WINDOW" in bank.ask(**asked).decision.codes
    exempting.promise_callback(
        customer_id=bank.customer.pk,
        number_id=bank.number.pk,
        promised_at=country.at("2026-11-24 21:40"),
        at=bank.now,
        evidence={"words": "晚上九点四十"},
    )
    result = bank.ask(**asked)
    assert result.decision.allowed
    # single use, and it never beats a refusal
    suppressing.opt_out(
        customer_id=bank.customer.pk, number_id=None, source="sms", evidence={}, at=bank.now
    )
    assert "OPT_OUT" in bank.ask(**asked).decision.codes


def test_the_national_list_gives_way_to_business_of_ours(db: None) -> None:
    bank = clean(US)
    _listed(bank, "national")
    assert bank.ask().decision.codes == ["DNC_NATIONAL"]
    bank.happened("outcome", 300 * DAY, outcome="bought", product_family="cards")
    assert bank.ask().decision.allowed


class TestNumbersThatChangeHands:
    """The number passed to somebody else, long after its old owner had consented and refused."""

    @pytest.fixture
    def bank(self, db: None) -> Live:
        bank = clean(CN)
        bank.refuse("opt_out", number=bank.number)  # yesterday, by whoever had it
        bank.of_number(in_use_since=bank.now - 12 * HOUR)
        return bank

    def test_the_old_refusal_and_the_old_consent_stay_the_old_owners(self, bank: Live) -> None:
        assert bank.ask().decision.codes == ["OPT_OUT", "CONSENT_REASSIGNED"]

    def test_a_new_consent_to_anything_else_does_not_lift_it(self, bank: Live) -> None:
        Consent.objects.create(customer=bank.customer, granted_at=bank.now - HOUR)
        assert bank.ask().decision.codes == ["OPT_OUT"]

    def test_the_new_owners_own_consent_on_this_number_does(self, bank: Live) -> None:
        Consent.objects.create(
            customer=bank.customer, number=bank.number, granted_at=bank.now - HOUR
        )
        assert bank.ask().decision.allowed

    def test_it_lifts_no_refusal_of_the_new_owners_own(self, bank: Live) -> None:
        Consent.objects.create(
            customer=bank.customer, number=bank.number, granted_at=bank.now - HOUR
        )
        bank.refuse("opt_out")
        assert bank.ask().decision.codes == ["OPT_OUT"]


def test_a_groups_layer_speaks_about_its_customers_only(db: None) -> None:
    bank = clean(CN)
    never = {"id": "G1", "kind": "cap", "limit": 0, "per": ["customer"]}
    put_in_force(
        {**never, "window": {"lifetime": True}, "counts": "robot"},
        layer="group",
        groups=["private"],
    )
    first = bank.ask(**ROBOT)
    assert first.decision.allowed
    bank.of_customer(segment="private")
    assert "CAP_G1" in bank.ask(**ROBOT).decision.codes


def test_a_provinces_layer_speaks_about_its_residents_only(db: None) -> None:
    bank = clean(CN)
    morning = {"workday": [["14:00", "18:00"]]}
    rule = {"id": "Z1", "kind": "time_window", "windows": morning}
    put_in_force(rule, layer="province", areas=["CN-64"])
    assert bank.ask(customer_id=bank.customer.pk).decision.allowed
    bank.of_customer(region="CN-64")
    found = [(r.rule_id, r.code) for r in bank.ask().decision.reasons]
    assert ("Z1", "WINDOW") in found


def test_a_person_who_dials_holds_the_licence_of_the_product(db: None) -> None:
    bank = clean(CN)
    licences = {"deposit": "advice"}
    put_in_force({"id": "L1", "kind": "authorisation", "signed": False, "licences": licences})
    assert bank.ask().decision.codes == ["DEP_LICENCE"]
    assert bank.ask(licences=("funds",)).decision.codes == ["AGENT_LICENCE"]
    assert bank.ask(licences=("funds", "advice")).decision.allowed


def test_money_is_read_as_the_file_spells_it(db: None) -> None:
    bank = clean(CN)
    put_in_force({"id": "M1", "kind": "suitability", "max_amount_percent": 50})
    bank.risky(2)
    bank.of_product(min_amount=60_000)
    assert bank.ask().decision.codes == ["DEP_AMOUNT"]
    bank.of_customer(attributes={"assets": "100,000.00"})
    assert bank.ask().decision.codes == ["SUIT_AMOUNT"]
    bank.of_customer(attributes={"assets": "120000元"})
    assert bank.ask().decision.allowed
