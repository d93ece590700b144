"""The tricky scenarios of the reference (compliance §6) that these rule kinds cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from compliance.domain.decide import decide
from compliance.domain.decision import Outcome
from compliance.domain.facts import (
    CallerIdFacts,
    Consent,
    Exemption,
    ExemptionKind,
    Facts,
    KillSwitch,
    NumberFacts,
    OpenAttempt,
    ProductFacts,
    RegisterFacts,
    Suppression,
    SuppressionSource,
)
from compliance.domain.intent import DialKind, Intent, Purpose
from compliance.domain.pack import EffectivePack
from tests.compliance.world import (
    DEPOSIT,
    INSURANCE,
    WEALTH_R3,
    attempt,
    beijing,
    clean_customer,
    clean_facts,
    cn_bank,
    conversation,
    human,
    outcome,
    robot,
)

ALLOW, REVIEW = Outcome.ALLOW, Outcome.REVIEW
RETRY, NEVER = Outcome.BLOCK_RETRIABLE, Outcome.BLOCK_TERMINAL


class Case(NamedTuple):
    name: str
    now: str
    verdict: Outcome
    codes: list[str]
    next: str | None = None
    facts: dict[str, Any] = {}
    product: ProductFacts | None = DEPOSIT
    intent: Intent = human()


def refused(**changes: Any) -> tuple[Suppression, ...]:
    entry = Suppression(1, SuppressionSource.OPT_OUT, beijing("2026-02-01 10:00"), customer_id=1)
    return (replace(entry, **changes),)


def consent(**changes: Any) -> tuple[Consent, ...]:
    return (replace(Consent(1, beijing("2026-01-05 10:00")), **changes),)


def promised(text: str, **changes: Any) -> tuple[Exemption, ...]:
    entry = Exemption(1, ExemptionKind.CALLBACK, number_id=1, at=beijing(text))
    return (replace(entry, **changes),)


CALLBACK = human(purpose=Purpose.CALLBACK, kind=DialKind.CALLBACK)
XINJIANG = {"customer": clean_customer(region="CN-65")}

CASES = [
    # 5: a Hangzhou number, a resident of Ürümqi
    Case("5", "2026-11-24 09:30", RETRY, ["WINDOW"], "2026-11-24 11:00", XINJIANG),
    Case("5 open", "2026-11-24 20:30", ALLOW, [], "2026-11-24 20:30", XINJIANG),
    # 7: an adjusted workday; a statutory holiday
    Case("7a", "2026-10-10 18:30", ALLOW, [], "2026-10-10 18:30"),
    Case("7b", "2026-10-05 10:00", RETRY, ["HOLIDAY"], "2026-10-08 09:00"),
    # 9: the last dial of the morning
    Case("9a", "2026-11-24 11:59:00", ALLOW, [], "2026-11-24 11:59:00"),
    Case("9b", "2026-11-24 11:59:01", RETRY, ["TAIL_GUARD"], "2026-11-24 14:00"),
    Case("noon", "2026-11-24 12:30", RETRY, ["WINDOW"], "2026-11-24 14:00"),
    # W2: rest days are for people
    Case("rest, robot", "2026-11-28 10:30", RETRY, ["WINDOW"], "2026-11-30 09:00", intent=robot()),
    Case("rest, human", "2026-11-28 10:30", ALLOW, [], "2026-11-28 10:30"),
    # 12, 18: the customer's wish is terminal
    Case("12", "2026-11-24 10:00", NEVER, ["OPT_OUT"], None, {"suppressions": refused()}),
    Case(
        "18",
        "2026-11-24 10:00",
        NEVER,
        ["CONSENT_WITHDRAWN"],
        None,
        {"consents": consent(withdrawn_at=beijing("2026-11-24 08:10"))},
    ),
    # 14: an attempt at 09:30 and the one that won at 14:10
    Case(
        "14",
        "2026-11-24 14:10:01",
        RETRY,
        ["CAP_C1", "CAP_C4", "MIN_GAP", "INFLIGHT"],
        "2026-11-25 09:30",
        {
            "contacts": (attempt("2026-11-24 09:30"), attempt("2026-11-24 14:10")),
            "open_attempts": (OpenAttempt("x", beijing("2026-11-24 14:10"), 1, 1),),
        },
    ),
    # 17: said on the shared number: both; in the app: the person only
    Case(
        "17 Y on N",
        "2026-11-24 10:00",
        NEVER,
        ["OPT_OUT"],
        None,
        {"suppressions": refused(customer_id=None, number_id=1)},
    ),
    # 19: a narrower wish, recorded as such
    Case(
        "19 deposit",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"suppressions": refused(product_family="insurance")},
    ),
    Case(
        "19 insurance",
        "2026-11-24 10:00",
        NEVER,
        ["OPT_OUT"],
        None,
        {"suppressions": refused(product_family="insurance")},
        INSURANCE,
    ),
    # 21: born on 29 February: a minor until 1 March, which is a Sunday
    Case(
        "21",
        "2026-02-28 10:00",
        RETRY,
        ["UNDERAGE"],
        "2026-03-01 10:00",
        {"customer": clean_customer(birth_date=date(2008, 2, 29))},
    ),
    # 23, 24: suitability
    Case(
        "23",
        "2026-11-24 10:00",
        NEVER,
        ["SUIT_R_GT_C"],
        None,
        {"customer": clean_customer(risk_tolerance=2)},
        WEALTH_R3,
    ),
    Case(
        "24",
        "2026-11-24 10:00",
        NEVER,
        ["SUIT_R_GT_C"],
        None,
        {"customer": clean_customer(risk_tolerance=2)},
        ProductFacts(2, "wealth", True, risk_rating=3, issuer_risk_rating=2),
    ),
    Case(
        "24, the issuer is higher",
        "2026-11-24 10:00",
        NEVER,
        ["SUIT_R_GT_C"],
        None,
        {"customer": clean_customer(risk_tolerance=2)},
        ProductFacts(2, "wealth", True, risk_rating=2, issuer_risk_rating=3),
    ),
    Case(
        "a deposit does not ask for tolerance",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"customer": clean_customer(risk_tolerance=None, risk_assessed_on=None)},
    ),
    Case(
        "nobody said whether it is rated",
        "2026-11-24 10:00",
        RETRY,
        ["DEP_RISK_RATED"],
        None,
        {},
        ProductFacts(4, "wealth"),
    ),
    Case(
        "R4 never by phone",
        "2026-11-24 10:00",
        NEVER,
        ["SUIT_CHANNEL_R4"],
        None,
        {"customer": clean_customer(risk_tolerance=5)},
        ProductFacts(2, "wealth", True, risk_rating=4),
    ),
    Case(
        "the assessment is a year old today",
        "2026-11-24 10:00",
        NEVER,
        ["SUIT_EXPIRED"],
        None,
        {"customer": clean_customer(risk_assessed_on=date(2025, 11, 24))},
        WEALTH_R3,
    ),
    Case(
        "one day younger",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"customer": clean_customer(risk_assessed_on=date(2025, 11, 25))},
        WEALTH_R3,
    ),
    # 26: six months from 31 August end with 28 February; then it is a Sunday
    Case(
        "26",
        "2026-02-28 10:00",
        RETRY,
        ["COOLOFF_REFUSED"],
        "2026-03-01 10:00",
        {
            "contacts": (
                outcome("2025-08-31 15:00", "refused", product_id=3, product_family="insurance"),
            )
        },
        INSURANCE,
    ),
    # 28: the callback the customer asked for
    Case(
        "28",
        "2026-11-24 20:30",
        ALLOW,
        [],
        "2026-11-24 20:30",
        {"exemptions": promised("2026-11-24 20:30")},
        intent=CALLBACK,
    ),
    Case(
        "28 with an opt-out",
        "2026-11-24 20:30",
        NEVER,
        ["OPT_OUT"],
        None,
        {"exemptions": promised("2026-11-24 20:30"), "suppressions": refused()},
        intent=CALLBACK,
    ),
    Case(
        "28 too early",
        "2026-11-24 19:59:30",
        RETRY,
        ["TAIL_GUARD"],
        "2026-11-24 20:00",
        {"exemptions": promised("2026-11-24 20:30")},
        intent=CALLBACK,
    ),
    Case(
        "robot talk at 10, promised callback at 15",
        "2026-11-24 15:00",
        ALLOW,
        [],
        "2026-11-24 15:00",
        {
            "exemptions": promised("2026-11-24 15:00"),
            "contacts": (
                attempt("2026-11-24 10:00", product_id=1, product_family="deposit"),
                conversation("2026-11-24 10:00:20", product_id=1, product_family="deposit"),
                outcome("2026-11-24 10:02", "not_now", product_id=1, product_family="deposit"),
            ),
        },
        intent=CALLBACK,
    ),
    Case(
        "a callback does not lift attempt caps",
        "2026-11-24 15:00",
        RETRY,
        ["CAP_C1", "CAP_C4"],
        "2026-11-25 09:10",
        {
            "exemptions": promised("2026-11-24 15:00"),
            "contacts": (attempt("2026-11-24 09:10"), attempt("2026-11-24 12:30")),
        },
        intent=CALLBACK,
    ),
    # 31: registers, by dates, the limit included
    Case(
        "31 fresh",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"registers": (RegisterFacts("industry", beijing("2026-10-24 08:00"), 31),)},
    ),
    Case(
        "31 stale",
        "2026-11-24 10:00",
        RETRY,
        ["REGISTER_STALE"],
        None,
        {"registers": (RegisterFacts("industry", beijing("2026-10-23 23:00"), 31),)},
    ),
    # caps
    Case(
        "C2: three in seven days",
        "2026-11-24 10:00",
        RETRY,
        ["CAP_C2"],
        "2026-11-25 09:00",
        {"contacts": tuple(attempt(f"2026-11-{d} 09:00") for d in (18, 20, 22))},
    ),
    Case(
        "exactly seven days old does not count",
        "2026-11-24 10:00:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {
            "contacts": (
                attempt("2026-11-17 10:00:00"),
                attempt("2026-11-20 09:00"),
                attempt("2026-11-22 09:00"),
            )
        },
    ),
    Case(
        "C3: one conversation a week",
        "2026-11-24 10:00",
        RETRY,
        ["CAP_C3"],
        "2026-11-27 11:00",
        {"contacts": (conversation("2026-11-20 11:00"),)},
    ),
    Case(
        "C7: the robot once a week",
        "2026-11-24 10:00",
        RETRY,
        ["CAP_C7"],
        "2026-11-27 11:00",
        {"contacts": (attempt("2026-11-20 11:00", actor=robot().actor),)},
        intent=robot(),
    ),
    Case(
        "C6: three attempts in a campaign, for good",
        "2026-11-24 10:00",
        NEVER,
        ["CAP_C6"],
        None,
        {
            "contacts": tuple(
                attempt(f"2026-{m}-03 10:00", campaign_id=10) for m in ("08", "09", "10")
            )
        },
    ),
    Case(
        "C8: the household",
        "2026-11-24 10:00",
        RETRY,
        ["CAP_C8"],
        "2026-11-27 11:00",
        {
            "customer": clean_customer(household="h"),
            "contacts": tuple(
                conversation(f"2026-11-{d} 11:00", customer_id=5, number_id=5, household="h")
                for d in (20, 21)
            ),
        },
    ),
    # elders
    Case(
        "65 today, robot",
        "2026-11-24 10:00",
        NEVER,
        ["ELDER_ROBOT"],
        None,
        {"customer": clean_customer(birth_date=date(1961, 11, 24))},
        intent=robot(),
    ),
    Case(
        "65 tomorrow, robot",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"customer": clean_customer(birth_date=date(1961, 11, 25))},
        intent=robot(),
    ),
    Case(
        "65, a person, a deposit",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"customer": clean_customer(birth_date=date(1961, 11, 24))},
    ),
    Case(
        "65, R3",
        "2026-11-24 10:00",
        NEVER,
        ["ELDER_RISK", "ELDER_REVIEW"],
        None,
        {"customer": clean_customer(birth_date=date(1955, 1, 1))},
        WEALTH_R3,
    ),
    Case(
        "65, R2 waits for the second person",
        "2026-11-24 10:00",
        REVIEW,
        ["ELDER_REVIEW"],
        None,
        {"customer": clean_customer(birth_date=date(1955, 1, 1))},
        replace(WEALTH_R3, risk_rating=2),
    ),
    Case(
        "80",
        "2026-11-24 10:00",
        NEVER,
        ["ELDER_WHITELIST"],
        None,
        {"customer": clean_customer(birth_date=date(1946, 11, 24))},
    ),
    # what is missing blocks
    Case("no calendar", "2027-01-05 10:00", RETRY, ["CAL_MISSING"], None),
    Case("no link", "2026-11-24 10:00", RETRY, ["DEP_LINK"], None, {"linked": False}),
    Case(
        "no birth date",
        "2026-11-24 10:00",
        RETRY,
        ["DEP_AGE"],
        None,
        {"customer": clean_customer(birth_date=None)},
    ),
    Case("no consent", "2026-11-24 10:00", NEVER, ["CONSENT_NONE"], None, {"consents": ()}),
    Case(
        "a consent of 24 months and a day",
        "2026-11-24 10:00",
        NEVER,
        ["CONSENT_EXPIRED"],
        None,
        {"consents": consent(granted_at=beijing("2024-11-23 10:00"))},
    ),
    Case(
        "a consent of 24 months",
        "2026-11-24 10:00",
        ALLOW,
        [],
        "2026-11-24 10:00",
        {"consents": consent(granted_at=beijing("2024-11-24 10:00"))},
    ),
    Case(
        "a bad number",
        "2026-11-24 10:00",
        NEVER,
        ["NUMBER_INVALID"],
        None,
        {"number": NumberFacts(1, valid=False, invalid_reason="vacant")},
    ),
    Case(
        "deceased",
        "2026-11-24 10:00",
        NEVER,
        ["DECEASED"],
        None,
        {"customer": clean_customer(deceased=True)},
    ),
    Case(
        "sample customers stay in the sandbox",
        "2026-11-24 10:00",
        NEVER,
        ["SANDBOX_CARRIER"],
        None,
        {"customer": clean_customer(sandbox=True)},
        intent=human(carrier="twilio"),
    ),
    Case(
        "unsigned",
        "2026-11-24 10:00",
        RETRY,
        ["APPROVAL_NONE", "CAMPAIGN_NOT_RUNNING", "SCRIPT_NOT_APPROVED"],
        None,
        intent=human(script_approved=False, campaign_running=False, approval_in_force=False),
    ),
    Case(
        "the caller ID is filed for something else",
        "2026-11-24 10:00",
        RETRY,
        ["CLI_NOT_REGISTERED"],
        None,
        {"caller_id": CallerIdFacts(1, registered_use=("service",))},
    ),
    Case(
        "the switch is off",
        "2026-11-24 10:00",
        RETRY,
        ["KILL_SWITCH"],
        None,
        {"kill_switches": (KillSwitch(1),)},
    ),
    Case("skew", "2026-11-24 10:00", RETRY, ["CLOCK_SKEW"], None, {"clock_skew_s": 2.5}),
    # 37: 0 is never; a campaign's looser number does not loosen
    Case(
        "37 zero",
        "2026-11-24 10:00",
        NEVER,
        ["CAP_Z"],
        None,
        intent=human(
            campaign_limits={
                "rules": [
                    {
                        "id": "Z",
                        "kind": "cap",
                        "limit": 0,
                        "per": ["customer"],
                        "window": {"calendar": "day"},
                    }
                ]
            }
        ),
    ),
    Case(
        "37 five where the bank says two",
        "2026-11-24 19:00",
        RETRY,
        ["CAP_C1", "CAP_C4"],
        "2026-11-25 09:00",
        {"contacts": (attempt("2026-11-24 09:00"), attempt("2026-11-24 14:00"))},
        intent=human(
            campaign_limits={
                "rules": [
                    {
                        "id": "Z",
                        "kind": "cap",
                        "limit": 5,
                        "per": ["customer"],
                        "window": {"calendar": "day"},
                    }
                ]
            }
        ),
    ),
    Case(
        "limits nobody can read",
        "2026-11-24 10:00",
        RETRY,
        ["DEP_CAMPAIGN_LIMITS"],
        None,
        intent=human(campaign_limits={"rules": [{"id": "Z", "kind": "cap", "limit": -1}]}),
    ),
    Case(
        "an unknown kind of rule",
        "2026-11-24 10:00",
        RETRY,
        ["DEP_UNKNOWN_RULE"],
        None,
        intent=human(campaign_limits={"rules": [{"id": "Z", "kind": "moon_phase"}]}),
    ),
]

_WORLD = {"registers", "kill_switches", "clock_skew_s", "caller_id", "blackouts"}


def facts_of(case: Case, now: datetime) -> Facts:
    facts = clean_facts(now, case.product)
    shared = {key: value for key, value in case.facts.items() if key in _WORLD}
    own = {key: value for key, value in case.facts.items() if key not in _WORLD}
    return replace(facts, world=replace(facts.world, **shared), **own)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_expected_answer(case: Case) -> None:
    now = beijing(case.now)
    decision = decide(facts_of(case, now), case.intent, cn_bank(), now)
    assert (decision.verdict, decision.codes) == (case.verdict, case.codes)
    assert decision.earliest_next == (beijing(case.next) if case.next else None)
    for reason in decision.reasons:
        assert reason.zh and reason.en and "{" not in reason.zh + reason.en
        assert reason.pack or reason.rule_id in ("ground", "campaign", "Z")


def test_every_rule_of_the_pack_cites_its_basis_and_reads_as_a_sentence() -> None:
    for _, rule in cn_bank().rules:
        assert rule.legal_ref
        assert "{" not in rule.sentence("zh") + rule.sentence("en")


def test_no_pack_blocks() -> None:
    now = beijing("2026-11-24 10:00")
    decision = decide(clean_facts(now), human(), EffectivePack(), now)
    assert (decision.verdict, decision.codes) == (RETRY, ["DEP_PACK"])


def test_an_agents_own_leg_has_no_customer_but_obeys_the_switch() -> None:
    now = beijing("2026-11-28 23:00")
    leg = human(purpose=Purpose.AGENT_LEG, kind=DialKind.AGENT_LEG, customer_id=None)
    facts = replace(clean_facts(now), customer=None, number=None, linked=False)
    assert decide(facts, leg, cn_bank(), now).allowed
    off = replace(facts, world=replace(facts.world, kill_switches=(KillSwitch(1),)))
    assert decide(off, leg, cn_bank(), now).codes == ["KILL_SWITCH"]


def test_the_four_verdicts_are_judged_apart() -> None:
    now = beijing("2026-11-24 12:30")
    facts = clean_facts(now, WEALTH_R3, customer=clean_customer(risk_tolerance=1))
    decision = decide(facts, human(), cn_bank(), now)
    assert decision.verdicts == {
        "product": "block_terminal",
        "customer": "allow",
        "time": "block_retriable",
        "channel": "allow",
    }


def test_a_test_call_is_refused_until_its_number_is_verified() -> None:
    now = beijing("2026-11-24 10:00")
    intent = human(purpose=Purpose.TEST, kind=DialKind.TEST)
    assert decide(clean_facts(now), intent, cn_bank(), now).codes == ["TEST_NUMBER_UNVERIFIED"]


def test_a_cap_is_explained_with_its_numbers() -> None:
    now = beijing("2026-11-24 10:00")
    days = (18, 20, 22)
    facts = clean_facts(now, contacts=tuple(attempt(f"2026-11-{d} 09:00") for d in days))
    (reason,) = decide(facts, human(), cn_bank(), now).reasons
    assert reason.zh == "近7天该客户已有3次拨打，上限3次，2026-11-25 09:00后可再拨"
    assert "3 attempts" in reason.en
    assert now + timedelta(days=1) > (reason.clears_at or now)
