"""A small fixed world for the rules: one clean customer, one product, the shipped pack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from compliance.calendars import read_shipped as shipped_years
from compliance.domain.calendar import Calendar
from compliance.domain.documents import calendar_of
from compliance.domain.facts import (
    CallerIdFacts,
    Consent,
    Contact,
    ContactKind,
    CustomerFacts,
    Facts,
    NumberFacts,
    ProductFacts,
    World,
)
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.domain.pack import EffectivePack, compile_pack
from compliance.packs import read_shipped as shipped_pack

CN = ZoneInfo("Asia/Shanghai")

DEPOSIT = ProductFacts(1, "deposit", risk_rated=False)
WEALTH_R3 = ProductFacts(2, "wealth", risk_rated=True, risk_rating=3)
INSURANCE = ProductFacts(3, "insurance", risk_rated=False)


def beijing(text: str) -> datetime:
    """ "2026-11-24 09:30" in Beijing, as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=CN).astimezone(UTC)


@cache
def calendar() -> Calendar:
    return calendar_of(shipped_years())


@cache
def cn_bank() -> EffectivePack:
    return EffectivePack((compile_pack(shipped_pack("cn-bank")),))


def pack_of(*rules: dict[str, Any], zone: str = "Asia/Shanghai") -> EffectivePack:
    """A stack of the shipped pack and a layer with these rules on top."""
    filled = [{"legal_ref": "-", "basis": "policy", "zh": "-", "en": "-", **rule} for rule in rules]
    layer = compile_pack(
        {
            "pack": "extra",
            "version": "1",
            "layer": "group",
            "name_zh": "-",
            "name_en": "-",
            "zone": zone,
            "country": "CN",
            "rules": filled,
        }
    )
    return EffectivePack((*cn_bank().packs, layer))


def clean_customer(**changes: Any) -> CustomerFacts:
    customer = CustomerFacts(
        1,
        birth_date=date(1985, 6, 1),
        region="CN-33",
        risk_tolerance=4,
        risk_assessed_on=date(2026, 1, 10),
        branch_id=1,
    )
    return replace(customer, **changes)


def clean_facts(now: datetime, product: ProductFacts | None = DEPOSIT, **changes: Any) -> Facts:
    """Nothing in the way: adult, consented, linked, never called."""
    facts = Facts(
        World(product=product, caller_id=CallerIdFacts(1), calendar=calendar()),
        clean_customer(),
        NumberFacts(1, region="CN-33"),
        linked=True,
        consents=(Consent(1, now - timedelta(days=100)),),
    )
    return replace(facts, **changes)


def human(**changes: Any) -> Intent:
    """A person calls; everything is signed."""
    intent = Intent(
        purpose=Purpose.MARKETING,
        actor=Actor.HUMAN,
        kind=DialKind.AGENT,
        customer_id=1,
        number_id=1,
        product_id=1,
        campaign_id=10,
        caller_id_id=1,
        carrier="sandbox",
        script_approved=True,
        campaign_running=True,
        approval_in_force=True,
        idempotency_key="k",
    )
    return replace(intent, **changes)


def robot(**changes: Any) -> Intent:
    return human(actor=Actor.ROBOT, kind=DialKind.ROBOT, **changes)


def attempt(text_or_at: str | datetime, **changes: Any) -> Contact:
    """An unanswered call of another campaign to the clean customer on their number."""
    at = beijing(text_or_at) if isinstance(text_or_at, str) else text_or_at
    contact = Contact(
        at,
        ContactKind.ATTEMPT,
        customer_id=1,
        number_id=1,
        product_id=9,
        product_family="cards",
        campaign_id=99,
    )
    return replace(contact, **changes)


def conversation(text_or_at: str | datetime, **changes: Any) -> Contact:
    return attempt(text_or_at, kind=ContactKind.CONVERSATION, **changes)


def outcome(text_or_at: str | datetime, name: str, **changes: Any) -> Contact:
    return attempt(text_or_at, kind=ContactKind.OUTCOME, outcome=name, **changes)
