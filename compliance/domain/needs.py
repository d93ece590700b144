"""What would have to happen for an objection to go that time alone does not lift.

A reason with `clears_at` needs nothing but time. The words are identifiers: pages and exports say
them in the reader's language.
"""

from __future__ import annotations

from compliance.domain.codes import family

#: Nothing lifts it: this person, product or number is not to be called.
NOTHING = "nothing"

_NEEDS: dict[str, tuple[str, ...]] = {
    NOTHING: ("DECEASED", "SUIT_PRIVATE", "SANDBOX_CARRIER", "WRONG_NUMBER", "SPARED"),
    "the_customers_own_wish": (
        "OPT_OUT",
        "COMPLAINT",
        "PREFERENCE_ROBOT",
        "PREFERENCE_FAMILY",
        "PREFERENCE_CAP",
        "PREFERENCE_HOURS",
        "PROFILING_OBJECTED",
        "DNC_",
    ),
    "consent": (
        "CONSENT_NONE",
        "CONSENT_WITHDRAWN",
        "CONSENT_EXPIRED",
        "CONSENT_REASSIGNED",
        "CONSENT_BASIS",
    ),
    "another_product": (
        "SUIT_R_GT_C",
        "SUIT_CHANNEL_R4",
        "SUIT_CHANNEL",
        "SUIT_AMOUNT",
        "CAPACITY",
        "PRODUCT_AGE",
        "ELDER_RISK",
        "NOT_ELIGIBLE",
        "CARE_SELLS",
        "PRODUCT_OFF_SALE",
    ),
    "a_person_calls": ("VULNERABLE", "ELDER_ROBOT", "ABANDON_72H", "MACHINE_AGAIN"),
    "a_second_person": ("ELDER_REVIEW", "ELDER_WHITELIST", "NUMBER_OWNER_UNKNOWN"),
    "an_assessment": ("SUIT_EXPIRED", "DEP_RISK_TOLERANCE"),
    "another_number": ("NUMBER_INVALID", "NUMBER_REASSIGNED"),
    "another_line": (
        "CLI_INACTIVE",
        "CLI_NOT_REGISTERED",
        "OPERATOR_OUTSOURCED",
        "CARRIER_REGION",
        "DEP_CALLER_ID",
    ),
    "a_signature": ("SCRIPT_NOT_APPROVED", "CAMPAIGN_NOT_RUNNING", "APPROVAL_NONE"),
    "a_licensed_person": ("AGENT_LICENCE", "DEP_LICENCE"),
    "a_verified_number": ("TEST_NUMBER_UNVERIFIED",),
    "somebody_looks_at_the_campaign": (
        "ABANDON_RATE",
        "COMPLAINT_RATE",
        "RING_SHORT",
        "KILL_SWITCH",
    ),
    "an_import": ("REGISTER_STALE", "CAL_MISSING"),
    "data": (
        "DEP_CUSTOMER",
        "DEP_NUMBER",
        "DEP_LINK",
        "DEP_AGE",
        "DEP_CAPACITY",
        "DEP_PRODUCT",
        "DEP_RISK_RATED",
        "DEP_RISK_RATING",
        "DEP_AMOUNT",
        "DEP_ELIGIBILITY",
        "DEP_TIME_ZONE",
    ),
    "another_rule": (
        "CAP_",
        "MIN_GAP",
        "COOLOFF_",
        "UNDERAGE",
        "BLACKOUT",
        "HOLIDAY",
        "WINDOW",
        "TAIL_GUARD",
        "DEP_UNKNOWN_RULE",
        "DEP_PACK",
        "DEP_PACK_GAP",
        "DEP_CAMPAIGN_LIMITS",
    ),
    "a_repair": (
        "CLOCK_SKEW",
        "INFLIGHT",
        "ALREADY_RESERVED",
        "DEP_DATABASE",
        "DEP_LOCK",
        "DEP_INTENT",
        "DEP_INTERNAL",
        "DEP_LEDGER",
        "DEP_KEYS_CHANGED",
    ),
}

NEEDS: dict[str, str] = {code: need for need, codes in _NEEDS.items() for code in codes}


def need_of(code: str) -> str:
    """What a code needs when time does not lift it. Raises KeyError for an undeclared code."""
    return NEEDS[family(code)]


#: Needs that are ours to see to, and codes: they say nothing about the customer.
_OURS = frozenset(
    {
        "a_signature",
        "another_line",
        "a_licensed_person",
        "somebody_looks_at_the_campaign",
        "an_import",
        "a_repair",
    }
)
_OUR_RULES = frozenset({"DEP_UNKNOWN_RULE", "DEP_PACK", "DEP_PACK_GAP", "DEP_CAMPAIGN_LIMITS"})


def is_ours(code: str) -> bool:
    """Whether a code is for us to see to, whoever the customer is: a kill switch, a stopped
    campaign, a stale register, a line, a pack. Raises KeyError for an undeclared code.
    """
    return need_of(code) in _OURS or family(code) in _OUR_RULES
