"""Every code a decision can carry: where it stands, which verdict it belongs to, how hard it is.

The order of stages is compliance §5.3 (it picks the primary reason only; every rule is evaluated).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Stage(IntEnum):
    """Order of the primary reason."""

    GROUND = 1  # kill switch, clock, pack
    PERSON = 2  # deceased, capacity, opt-out, complaint
    REGISTER = 3
    CONSENT = 4
    SUITABILITY = 5  # and vulnerable
    AUTHORISATION = 6
    COOL_OFF = 7
    CAP = 8
    TIME = 9  # blackout, calendar, window
    PACING = 10
    RESERVE = 11


class Area(StrEnum):
    """The four verdicts: 适当产品 · 适当客户 · 适当时间 · 适当渠道."""

    PRODUCT = "product"
    CUSTOMER = "customer"
    TIME = "time"
    CHANNEL = "channel"


class Weight(StrEnum):
    """BAR is terminal unless it has an end; WAIT is always retriable; REVIEW asks a person."""

    BAR = "bar"
    WAIT = "wait"
    REVIEW = "review"


class Code(NamedTuple):
    stage: Stage
    area: Area
    weight: Weight


_S, _A, _W = Stage, Area, Weight

CODES: dict[str, Code] = {
    "KILL_SWITCH": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "CLOCK_SKEW": Code(_S.GROUND, _A.TIME, _W.WAIT),
    "DECEASED": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "UNDERAGE": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "OPT_OUT": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "COMPLAINT": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "WRONG_NUMBER": Code(_S.PERSON, _A.CHANNEL, _W.BAR),
    "REGISTER_STALE": Code(_S.REGISTER, _A.CUSTOMER, _W.WAIT),
    "CONSENT_NONE": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "CONSENT_WITHDRAWN": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "CONSENT_EXPIRED": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "SUIT_R_GT_C": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "CONSENT_REASSIGNED": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "CONSENT_BASIS": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "PROFILING_OBJECTED": Code(_S.CONSENT, _A.CUSTOMER, _W.BAR),
    "SUIT_AMOUNT": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "SUIT_PRIVATE": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "NOT_ELIGIBLE": Code(_S.SUITABILITY, _A.CUSTOMER, _W.BAR),
    "SUIT_EXPIRED": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "SUIT_CHANNEL_R4": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "SUIT_CHANNEL": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "PRODUCT_AGE": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "VULNERABLE": Code(_S.SUITABILITY, _A.CUSTOMER, _W.BAR),
    "SPARED": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "CAPACITY": Code(_S.PERSON, _A.CUSTOMER, _W.BAR),
    "ELDER_ROBOT": Code(_S.SUITABILITY, _A.CHANNEL, _W.BAR),
    "ELDER_RISK": Code(_S.SUITABILITY, _A.PRODUCT, _W.BAR),
    "ELDER_WHITELIST": Code(_S.SUITABILITY, _A.CUSTOMER, _W.BAR),
    "ELDER_REVIEW": Code(_S.SUITABILITY, _A.PRODUCT, _W.REVIEW),
    "NUMBER_INVALID": Code(_S.AUTHORISATION, _A.CHANNEL, _W.BAR),
    "NUMBER_REASSIGNED": Code(_S.REGISTER, _A.CHANNEL, _W.BAR),
    "NUMBER_OWNER_UNKNOWN": Code(_S.REGISTER, _A.CHANNEL, _W.REVIEW),
    "PRODUCT_OFF_SALE": Code(_S.AUTHORISATION, _A.PRODUCT, _W.WAIT),
    "CARE_SELLS": Code(_S.AUTHORISATION, _A.PRODUCT, _W.BAR),
    "AGENT_LICENCE": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "OPERATOR_OUTSOURCED": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "CARRIER_REGION": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "CLI_INACTIVE": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "CLI_NOT_REGISTERED": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "SCRIPT_NOT_APPROVED": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "CAMPAIGN_NOT_RUNNING": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "APPROVAL_NONE": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "SANDBOX_CARRIER": Code(_S.AUTHORISATION, _A.CHANNEL, _W.BAR),
    "TEST_NUMBER_UNVERIFIED": Code(_S.AUTHORISATION, _A.CHANNEL, _W.BAR),
    "ABANDON_RATE": Code(_S.PACING, _A.CHANNEL, _W.WAIT),
    "ABANDON_72H": Code(_S.PACING, _A.CHANNEL, _W.WAIT),
    "MACHINE_AGAIN": Code(_S.PACING, _A.CHANNEL, _W.WAIT),
    "RING_SHORT": Code(_S.PACING, _A.CHANNEL, _W.WAIT),
    "COMPLAINT_RATE": Code(_S.PACING, _A.CHANNEL, _W.WAIT),
    "MIN_GAP": Code(_S.CAP, _A.TIME, _W.WAIT),
    "PREFERENCE_ROBOT": Code(_S.PERSON, _A.CHANNEL, _W.BAR),
    "PREFERENCE_FAMILY": Code(_S.PERSON, _A.PRODUCT, _W.BAR),
    "PREFERENCE_HOURS": Code(_S.TIME, _A.TIME, _W.WAIT),
    "PREFERENCE_CAP": Code(_S.CAP, _A.TIME, _W.WAIT),
    "BLACKOUT": Code(_S.TIME, _A.TIME, _W.WAIT),
    "HOLIDAY": Code(_S.TIME, _A.TIME, _W.WAIT),
    "CAL_MISSING": Code(_S.TIME, _A.TIME, _W.WAIT),
    "WINDOW": Code(_S.TIME, _A.TIME, _W.WAIT),
    "TAIL_GUARD": Code(_S.TIME, _A.TIME, _W.WAIT),
    "INFLIGHT": Code(_S.RESERVE, _A.CHANNEL, _W.WAIT),
    "ALREADY_RESERVED": Code(_S.RESERVE, _A.CHANNEL, _W.WAIT),
    # what we do not know blocks, until we know
    "DEP_UNKNOWN_RULE": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_PACK": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_PACK_GAP": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_CAMPAIGN_LIMITS": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_DATABASE": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_LOCK": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_INTENT": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_INTERNAL": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_LEDGER": Code(_S.GROUND, _A.CHANNEL, _W.WAIT),
    "DEP_KEYS_CHANGED": Code(_S.GROUND, _A.CUSTOMER, _W.WAIT),
    "DEP_CUSTOMER": Code(_S.PERSON, _A.CUSTOMER, _W.WAIT),
    "DEP_NUMBER": Code(_S.PERSON, _A.CHANNEL, _W.WAIT),
    "DEP_LINK": Code(_S.PERSON, _A.CHANNEL, _W.WAIT),
    "DEP_AGE": Code(_S.PERSON, _A.CUSTOMER, _W.WAIT),
    "DEP_CAPACITY": Code(_S.PERSON, _A.CUSTOMER, _W.WAIT),
    "DEP_PRODUCT": Code(_S.SUITABILITY, _A.PRODUCT, _W.WAIT),
    "DEP_RISK_RATED": Code(_S.SUITABILITY, _A.PRODUCT, _W.WAIT),
    "DEP_RISK_RATING": Code(_S.SUITABILITY, _A.PRODUCT, _W.WAIT),
    "DEP_RISK_TOLERANCE": Code(_S.SUITABILITY, _A.PRODUCT, _W.WAIT),
    "DEP_AMOUNT": Code(_S.SUITABILITY, _A.PRODUCT, _W.WAIT),
    "DEP_ELIGIBILITY": Code(_S.SUITABILITY, _A.CUSTOMER, _W.WAIT),
    "DEP_LICENCE": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "DEP_CALLER_ID": Code(_S.AUTHORISATION, _A.CHANNEL, _W.WAIT),
    "DEP_TIME_ZONE": Code(_S.TIME, _A.TIME, _W.WAIT),
}

#: Families of codes whose ending names the rule, the register or the outcome.
PREFIXES: dict[str, Code] = {
    "CAP_": Code(_S.CAP, _A.TIME, _W.BAR),
    "COOLOFF_": Code(_S.COOL_OFF, _A.TIME, _W.BAR),
    "DNC_": Code(_S.REGISTER, _A.CUSTOMER, _W.BAR),
}


def lookup(code: str) -> Code:
    """The entry of a code. Raises KeyError for a code nobody declared."""
    found = CODES.get(code)
    if found is not None:
        return found
    return PREFIXES[code[: code.index("_") + 1]]


def family(code: str) -> str:
    """The key of the code's sentence: the code itself, or its prefix."""
    return code if code in CODES else code[: code.index("_") + 1]
