"""Answers, needs and kinds of entries as people read them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from compliance.domain.codes import Area
from compliance.domain.decision import Outcome
from compliance.domain.facts import ContactKind, ExemptionKind, SuppressionSource
from compliance.domain.intent import Actor, Purpose
from compliance.domain.needs import NOTHING
from compliance.merging import Refusal

Text = str | Promise

#: An answer, and the colour of its badge.
OUTCOMES: dict[str, tuple[Text, str]] = {
    Outcome.ALLOW: (_("Yes"), "ok"),
    Outcome.REVIEW: (_("A person must look first"), "info"),
    Outcome.BLOCK_RETRIABLE: (_("Not now"), "warn"),
    Outcome.BLOCK_TERMINAL: (_("No"), "bad"),
}

AREAS: dict[str, Text] = {
    Area.PRODUCT: _("Right product"),
    Area.CUSTOMER: _("Right customer"),
    Area.TIME: _("Right time"),
    Area.CHANNEL: _("Right channel"),
}

ACTORS: dict[str, Text] = {Actor.ROBOT: _("Robot"), Actor.HUMAN: _("A person")}

PURPOSES: dict[str, Text] = {
    Purpose.MARKETING: _("Marketing"),
    Purpose.CARE: _("Care"),
    Purpose.CALLBACK: _("Callback"),
    Purpose.TEST: _("Test"),
    Purpose.MESSAGE: _("Text message"),
    Purpose.AGENT_LEG: _("Agent's own leg"),
}

NEEDS: dict[str, Text] = {
    NOTHING: _("Nothing: not to be called"),
    "the_customers_own_wish": _("A new wish of the customer's own"),
    "consent": _("A consent that covers this call"),
    "another_product": _("Another product"),
    "a_person_calls": _("A person calls instead of the robot"),
    "a_second_person": _("A second person's review"),
    "an_assessment": _("A new risk assessment"),
    "another_number": _("Another number"),
    "another_line": _("Another caller ID"),
    "a_signature": _("The missing signature"),
    "a_licensed_person": _("A licensed person calls"),
    "a_verified_number": _("A verified number"),
    "somebody_looks_at_the_campaign": _("Somebody looks at the campaign"),
    "an_import": _("A fresh import"),
    "data": _("The missing data"),
    "another_rule": _("Another rule"),
    "a_repair": _("A repair"),
}

CONTACTS: dict[str, Text] = {
    ContactKind.ATTEMPT: _("Dialled"),
    ContactKind.RELEASE: _("Taken back: never placed"),
    ContactKind.CONNECT: _("Answered"),
    ContactKind.CONSENTED: _("Agreed to a hand-over"),
    ContactKind.CONVERSATION: _("Conversation"),
    ContactKind.ABANDON: _("Met nobody"),
    ContactKind.OUTCOME: _("Outcome"),
}

SUPPRESSIONS: dict[str, Text] = {
    SuppressionSource.OPT_OUT: _("Asked not to be called"),
    SuppressionSource.COMPLAINT: _("Complained"),
    SuppressionSource.REGISTER: _("On a no-call list"),
    SuppressionSource.CARRIER: _("Refused at the carrier"),
    SuppressionSource.WRONG_NUMBER: _("Wrong number"),
}

EXEMPTIONS: dict[str, Text] = {
    ExemptionKind.CALLBACK: _("A callback the customer asked for"),
    ExemptionKind.ELDER_REVIEW: _("Reviewed by a second person"),
    ExemptionKind.ELDER_WHITELIST: _("On the white list"),
}

CHANNELS: dict[str, Text] = {
    "voice": _("Telephone"),
    "sms": _("Text message"),
    "app": _("App"),
    "wechat": _("WeChat"),
    "branch": _("At a branch"),
    "email": _("E-mail"),
}

#: How a refusal in a file was said: what may be chosen.
FILE_VIAS: dict[str, Text] = {
    "sms": _("Text message"),
    "app": _("App"),
    "branch": _("Branch"),
    "hotline": _("Hotline"),
    "letter": _("Letter"),
    "other": _("Other"),
}

#: Where a refusal was said.
VIAS: dict[str, Text] = {
    **FILE_VIAS,
    "robot": _("To the robot"),
    "agent": _("To an agent"),
    "ring_back": _("When ringing back"),
    "clearance": _("Heard after the call"),
    "review": _("Heard after the call"),
    "web": _("Website"),
    "email": _("E-mail"),
}

#: Families of products that banks commonly keep; a bank's own name is shown as it is.
FAMILIES: dict[str, Text] = {
    **dict.fromkeys(("loan", "loans"), _("Loans")),
    **dict.fromkeys(("card", "cards", "credit_card"), _("Credit cards")),
    **dict.fromkeys(("deposit", "deposits"), _("Deposits")),
    "wealth": _("Wealth products"),
    **dict.fromkeys(("fund", "funds"), _("Funds")),
    "insurance": _("Insurance"),
    **dict.fromkeys(("instalment", "instalments"), _("Instalments")),
    "gold": _("Precious metals"),
    "care": _("Care"),
}

#: How a consent was given.
CONSENT_BASES: dict[str, Text] = {
    "account_opening": _("At account opening"),
    "written": _("In writing"),
    "app": _("In the app"),
    "branch": _("At a branch"),
    "call": _("In a call"),
    "web": _("Website"),
    "sms": _("Text message"),
}

#: What a kill switch stops.
SWITCH_SCOPES: dict[str, Text] = {"all": _("everything"), "robot": _("the robot")}

MERGE_REFUSALS: dict[str, Text] = {
    Refusal.SAME: _("That is one customer, not two."),
    Refusal.GIVEN_UP_BEFORE: _("One of the two was merged into another customer before."),
    Refusal.SAMPLE_AND_REAL: _("A sample customer and a real one are never one person."),
}


def duration(seconds: float) -> str:
    """A length of time as people say it: 16 s, 30 min, 2 min 33 s, 1 h 5 min; days beyond two."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours >= 48:
        days, hours = divmod(hours, 24)
        parts = [(days, _("%(n)d d")), (hours, _("%(n)d h"))]
    elif hours:
        parts = [(hours, _("%(n)d h")), (minutes, _("%(n)d min"))]
    else:
        parts = [(minutes, _("%(n)d min")), (rest, _("%(n)d s"))]
    said = [str(text) % {"n": n} for n, text in parts if n]
    return " ".join(said) or str(_("%(n)d s")) % {"n": 0}


def label(table: Mapping[str, Text], key: str) -> str:
    """A key's text; one that nobody named is shown as it is."""
    return str(table.get(key, key))


def language() -> str:
    """ "zh" or "en": the reader's language, as decisions and packs name it."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"
