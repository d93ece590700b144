"""Reasons of refusal as people read them: a sentence for each code, its verdict, its legal basis.

These sentences speak of many customers at once ("Outside calling hours"); the sentence about one
customer, with their own numbers in it, comes with the decision (`compliance/domain/explaining.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.domain.sorting import NUMBER_NONE
from compliance.domain.codes import family, lookup

_SENTENCES: dict[str, str | Promise] = {
    NUMBER_NONE: gettext_lazy("No usable telephone number"),
    "KILL_SWITCH": gettext_lazy("Calling is switched off"),
    "CLOCK_SKEW": gettext_lazy("The clocks of application and database differ"),
    "DECEASED": gettext_lazy("The customer has died"),
    "UNDERAGE": gettext_lazy("Under age"),
    "OPT_OUT": gettext_lazy("Asked not to be called"),
    "COMPLAINT": gettext_lazy("Has complained"),
    "WRONG_NUMBER": gettext_lazy("The number is not the customer's"),
    "DNC_": gettext_lazy("On a no-call list"),
    "REGISTER_STALE": gettext_lazy("The no-call list is too old"),
    "CONSENT_NONE": gettext_lazy("Has not consented to marketing calls"),
    "CONSENT_WITHDRAWN": gettext_lazy("Has withdrawn consent"),
    "CONSENT_EXPIRED": gettext_lazy("The consent has expired"),
    "SUIT_R_GT_C": gettext_lazy("The product is riskier than the customer can bear"),
    "SUIT_EXPIRED": gettext_lazy("The risk assessment has expired"),
    "SUIT_CHANNEL_R4": gettext_lazy("Too risky a product to be offered by phone"),
    "SUIT_CHANNEL": gettext_lazy("The product may not be offered by phone"),
    "PRODUCT_AGE": gettext_lazy("Outside the product's age limits"),
    "VULNERABLE": gettext_lazy("A vulnerable customer: only a person may call"),
    "RING_SHORT": gettext_lazy("The campaign does not let it ring long enough"),
    "SPARED": gettext_lazy("Spared from calls: bereaved, in hardship or the like"),
    "CAPACITY": gettext_lazy("Of limited legal capacity, or none"),
    "DEP_CAPACITY": gettext_lazy("What is noted of legal capacity is unclear"),
    "PROFILING_OBJECTED": gettext_lazy("Objects to being chosen by automated decision"),
    "CONSENT_REASSIGNED": gettext_lazy("The consent was an earlier owner's of the number"),
    "CONSENT_BASIS": gettext_lazy("The consent is not of the kind needed"),
    "NOT_ELIGIBLE": gettext_lazy("Not eligible for this product"),
    "DEP_ELIGIBILITY": gettext_lazy("Not known whether eligible"),
    "SUIT_AMOUNT": gettext_lazy("The least amount is too much for the customer's means"),
    "SUIT_PRIVATE": gettext_lazy("A private product may not be offered in public"),
    "DEP_AMOUNT": gettext_lazy("The customer's assets are not known"),
    "NUMBER_REASSIGNED": gettext_lazy("The number belongs to somebody else by now"),
    "NUMBER_OWNER_UNKNOWN": gettext_lazy("Whether the number changed hands is unknown"),
    "PRODUCT_OFF_SALE": gettext_lazy("The product is not on sale"),
    "CARE_SELLS": gettext_lazy("A care call may not offer a product"),
    "SCRIPT_NOT_APPROVED": gettext_lazy("The script is not approved"),
    "DEP_CUSTOMER": gettext_lazy("The customer is not known, or was merged into another"),
    "ELDER_ROBOT": gettext_lazy("An elderly customer: only a person may call"),
    "ELDER_RISK": gettext_lazy("Too risky for an elderly customer: invite to the branch"),
    "ELDER_WHITELIST": gettext_lazy("Aged 80 or over and not on the white list"),
    "ELDER_REVIEW": gettext_lazy("An elderly customer: a second person must review"),
    "NUMBER_INVALID": gettext_lazy("The number is not valid"),
    "SANDBOX_CARRIER": gettext_lazy("A sample customer cannot be called on a real network"),
    "PREFERENCE_ROBOT": gettext_lazy("Does not want robot calls"),
    "PREFERENCE_FAMILY": gettext_lazy("Does not want calls about this kind of product"),
    "PREFERENCE_HOURS": gettext_lazy("Wants to be called at other hours"),
    "PREFERENCE_CAP": gettext_lazy("Wants fewer calls"),
    "MIN_GAP": gettext_lazy("Called a short time ago"),
    "CAP_": gettext_lazy("Called or spoken to often enough lately"),
    "COOLOFF_": gettext_lazy("In a quiet time after an earlier contact"),
    "BLACKOUT": gettext_lazy("Calling is suspended for a time"),
    "HOLIDAY": gettext_lazy("A holiday"),
    "CAL_MISSING": gettext_lazy("The year's calendar is not loaded"),
    "WINDOW": gettext_lazy("Outside calling hours"),
    "TAIL_GUARD": gettext_lazy("Too close to the end of calling hours"),
    "INFLIGHT": gettext_lazy("A call is under way"),
    "DEP_AGE": gettext_lazy("The age is not known"),
    "DEP_RISK_TOLERANCE": gettext_lazy("The risk tolerance is not known"),
    "DEP_RISK_RATED": gettext_lazy("Nobody said whether the product is risk-rated"),
    "DEP_RISK_RATING": gettext_lazy("The product's risk rating is not known"),
    "DEP_PRODUCT": gettext_lazy("The product is not known"),
    "DEP_NUMBER": gettext_lazy("The number is not known"),
    "DEP_LINK": gettext_lazy("The number is not linked to the customer"),
    "DEP_TIME_ZONE": gettext_lazy("The time zone is not known"),
    "CLI_INACTIVE": gettext_lazy("The caller ID is not in use"),
    "CLI_NOT_REGISTERED": gettext_lazy("The caller ID is not filed for this use"),
    "OPERATOR_OUTSOURCED": gettext_lazy("The caller ID is run by somebody else"),
    "CARRIER_REGION": gettext_lazy("The route may not call this area"),
    "AGENT_LICENCE": gettext_lazy("No agent with the licence needed"),
    "CAMPAIGN_NOT_RUNNING": gettext_lazy("The campaign is not running"),
    "APPROVAL_NONE": gettext_lazy("The list is not signed"),
    "TEST_NUMBER_UNVERIFIED": gettext_lazy("The test number is not verified"),
    "ABANDON_RATE": gettext_lazy("The campaign lets too many wait in vain"),
    "ABANDON_72H": gettext_lazy("Waited in vain lately: only a person may call"),
    "MACHINE_AGAIN": gettext_lazy("A machine answered lately: only a person may call"),
    "COMPLAINT_RATE": gettext_lazy("The campaign draws too many complaints"),
    "ALREADY_RESERVED": gettext_lazy("This call has its permission already"),
    "DEP_UNKNOWN_RULE": gettext_lazy("A rule is of a kind that is not known"),
    "DEP_PACK": gettext_lazy("No rule pack in force can be read"),
    "DEP_PACK_GAP": gettext_lazy("The rule packs leave something unsaid"),
    "DEP_CAMPAIGN_LIMITS": gettext_lazy("The campaign's own limits cannot be read"),
    "DEP_DATABASE": gettext_lazy("The database did not answer"),
    "DEP_LOCK": gettext_lazy("The customer's records were locked for too long"),
    "DEP_INTENT": gettext_lazy("What was asked for is incomplete"),
    "DEP_INTERNAL": gettext_lazy("A failure inside"),
    "DEP_LEDGER": gettext_lazy("The ledger could not be written"),
    "DEP_KEYS_CHANGED": gettext_lazy("The customer's records changed meanwhile"),
    "DEP_LICENCE": gettext_lazy("The agent's licences are not known"),
    "DEP_CALLER_ID": gettext_lazy("No caller ID for this call"),
}

_AREAS: dict[str, str | Promise] = {
    "product": gettext_lazy("Right product"),
    "customer": gettext_lazy("Right customer"),
    "time": gettext_lazy("Right time"),
    "channel": gettext_lazy("Right channel"),
}


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One bar of a chart of refusals. `share` is the bar's length in percent of the longest."""

    code: str
    sentence: str
    area: str
    rule: str
    legal_ref: str
    count: int
    share: int


def sentence(code: str) -> str:
    """What a code means, in the reader's language; an unknown code says so, with itself."""
    try:
        found = _SENTENCES.get(code) or _SENTENCES.get(family(code))
    except (KeyError, ValueError):
        found = None
    return str(found) if found else _("Refused (%(code)s)") % {"code": code}


def area(code: str) -> str:
    """Which of the four verdicts a code belongs to; a missing number is the channel's."""
    try:
        return str(_AREAS[lookup(code).area.value])
    except (KeyError, ValueError):
        return str(_AREAS["channel"])


def rows(blocked: Mapping[str, int], basis: Mapping[str, Mapping[str, Any]]) -> list[ReasonRow]:
    """The refusals of a list or campaign, the most frequent first."""
    longest = max(blocked.values(), default=0)
    return [
        ReasonRow(
            code=code,
            sentence=sentence(code),
            area=area(code),
            rule=str(basis.get(code, {}).get("rule", "")),
            legal_ref=str(basis.get(code, {}).get("legal_ref", "")),
            count=count,
            share=max(1, round(100 * count / longest)) if longest else 0,
        )
        for code, count in sorted(blocked.items(), key=lambda item: (-item[1], item[0]))
    ]
