"""Opt-outs, complaints, registers, carriers' refusals: who may not be called at all.

A suppression holds for the customer or for the number, whichever it names, from its start to its
expiry (none = for ever), for a scope of channel × purpose × product (family); what it leaves empty
it means whole. A register in use that is older than its own limit, or was never imported, blocks
everybody: we cannot know who has been added since. Every rule that looks at registers says so.

Two things step back, and only these: a refusal left on a *number* by an earlier owner gives way to
the present owner's own consent on that number; an entry in a public register gives way where the
law says so (`overridden_by`: a consent given to us after it, in writing where that is asked for, or
our own business with the person).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compliance.domain.decision import Reason
from compliance.domain.facts import (
    ContactKind,
    Facts,
    RegisterFacts,
    Suppression,
    SuppressionSource,
    World,
)
from compliance.domain.intent import Intent, Purpose
from compliance.domain.memory import Memory
from compliance.domain.rules.base import Rule, in_world, objection
from compliance.domain.rules.values import Natural, Truth, Whole
from compliance.domain.terms import end_of_month_term, local_date, months_at_most

_CODES = {
    SuppressionSource.OPT_OUT: "OPT_OUT",
    SuppressionSource.COMPLAINT: "COMPLAINT",
    SuppressionSource.WRONG_NUMBER: "WRONG_NUMBER",
    SuppressionSource.CARRIER: "DNC_CARRIER",
}


class Age(BaseModel):
    """How old a register may be. `dates`: in local dates, the limit included (31 ≤ 31 is fresh);
    `elapsed`: in elapsed time, the limit excluded (valid iff younger than 21 × 24 h).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Whole = Field(ge=0)
    counted: Literal["dates", "elapsed"] = "dates"


class Business(BaseModel):
    """Our own business with the person: an outcome, for so many calendar months after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: frozenset[str]
    months: Whole = Field(gt=0)


class Override(BaseModel):
    """What a register gives way to. `bases`: how the consent must have been given ("written"; none
    named = any way).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    consent: Truth = False
    bases: frozenset[str] = frozenset()
    business: tuple[Business, ...] = ()


class SuppressionRule(Rule):
    """`register_max_age_days` bounds every register in use, which has a limit of its own besides;
    `registers` does so by name. `required`: registers without which nobody is called.
    """

    kind: Literal["suppression"]
    sources: frozenset[SuppressionSource]
    keys: frozenset[Literal["customer", "number"]] = frozenset({"customer", "number"})
    channels: frozenset[str] = frozenset({"voice", ""})
    register_max_age_days: Natural | None = None
    registers: dict[str, Age] = {}
    required: frozenset[str] = frozenset()
    overridden_by: Override = Override()
    on_stale: Literal["block"] = "block"

    @cached_property
    def by_registers(self) -> bool:
        """Whether it looks at registers at all; if it does, every one in use must be fresh."""
        names = self.register_max_age_days is not None or self.registers or self.required
        return SuppressionSource.REGISTER in self.sources or bool(names)

    @cached_property
    def every_register(self) -> bool:
        """Whether it judges those too that it does not name."""
        return SuppressionSource.REGISTER in self.sources or self.register_max_age_days is not None


def remembers(rule: SuppressionRule) -> tuple[Memory, ...]:
    """Our business with the person, where a register gives way to it."""
    return tuple(
        Memory(ContactKind.OUTCOME, months_at_most(business.months), business.outcomes)
        for business in rule.overridden_by.business
    )


def evaluate(rule: SuppressionRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """OPT_OUT, COMPLAINT, WRONG_NUMBER, DNC_<register>, REGISTER_STALE."""
    reasons = (
        []
        if not facts.suppressions
        else [
            objection(
                rule,
                _CODES.get(entry.source) or f"DNC_{(entry.register or 'REGISTER').upper()}",
                observed=entry.register or entry.source.value,
                clears_at=entry.expires_at,
            )
            for entry in facts.suppressions
            if entry.source in rule.sources
            and _applies(rule, entry, facts, intent, now)
            and not _gives_way(rule, entry, facts, intent, now)
        ]
    )
    if rule.by_registers:
        reasons += _stale_registers(rule, facts.world, now)
    return reasons


def _applies(
    rule: SuppressionRule, entry: Suppression, facts: Facts, intent: Intent, now: datetime
) -> bool:
    if entry.customer_id is not None:
        if "customer" not in rule.keys or entry.customer_id != intent.customer_id:
            return False
    elif "number" not in rule.keys:
        return False
    if entry.number_id is not None and entry.number_id != intent.number_id:
        return False
    if entry.channel not in rule.channels or entry.since > now:
        return False
    if entry.purpose and entry.purpose not in (intent.purpose.value, _sells(intent)):
        return False
    if entry.expires_at is not None and entry.expires_at <= now:
        return False
    if entry.product_id is not None and intent.product_id not in (None, entry.product_id):
        return False
    if not entry.product_family:
        return True
    # without a product we cannot show that the narrower wish is not meant
    product = facts.world.product
    return product is None or product.family == entry.product_family


def _sells(intent: Intent) -> str:
    """A callback that was asked for still sells: who refuses marketing has refused it too."""
    return Purpose.MARKETING.value if intent.purpose is Purpose.CALLBACK else ""


def _gives_way(
    rule: SuppressionRule, entry: Suppression, facts: Facts, intent: Intent, now: datetime
) -> bool:
    if entry.source is SuppressionSource.REGISTER:
        over = rule.overridden_by
        if over.consent and _consented(entry.since, None, facts, now, over.bases):
            return True
        return any(_business(rule, business, facts, intent, now) for business in over.business)
    owner_since = facts.number.in_use_since if facts.number else None
    if entry.customer_id is not None or owner_since is None or owner_since <= entry.since:
        return False
    return _consented(owner_since, intent.number_id, facts, now)


def _consented(
    after: datetime,
    number_id: int | None,
    facts: Facts,
    now: datetime,
    bases: frozenset[str] = frozenset(),
) -> bool:
    """A consent to be called by us, given later (for this very number) and not taken back."""
    product = facts.world.product
    family = product.family if product else ""
    return any(
        after < consent.granted_at <= now
        and consent.channel == "voice"
        and consent.purpose == Purpose.MARKETING.value
        and (number_id is None or consent.number_id == number_id)
        and consent.product_family in ("", family)
        and (not bases or consent.basis in bases)
        and (consent.withdrawn_at is None or consent.withdrawn_at > now)
        and (consent.expires_at is None or consent.expires_at > now)
        for consent in facts.consents
    )


def _business(
    rule: SuppressionRule, business: Business, facts: Facts, intent: Intent, now: datetime
) -> bool:
    return any(
        contact.kind is ContactKind.OUTCOME
        and contact.outcome in business.outcomes
        and contact.customer_id == intent.customer_id
        and contact.at <= now < end_of_month_term(contact.at, business.months, rule.zone)
        for contact in facts.contacts
    )


@in_world
def _stale_registers(rule: SuppressionRule, world: World, now: datetime) -> list[Reason]:
    reasons = []
    for register in world.registers:
        found = _too_old(rule, register, now)
        if found is not None:
            reasons.append(found)
    for name in sorted(rule.required - {register.name for register in world.registers}):
        reasons.append(objection(rule, "REGISTER_STALE", observed="—", limit="—", register=name))
    return reasons


def _too_old(rule: SuppressionRule, register: RegisterFacts, now: datetime) -> Reason | None:
    own = rule.registers.get(register.name)
    if not rule.every_register and own is None and register.name not in rule.required:
        return None
    limits = (register.max_age_days, rule.register_max_age_days, own.days if own else None)
    limit = min(days for days in limits if days is not None)
    imported = register.imported_at
    if imported is None or imported > now:
        age, old = 9999, True
    elif own is not None and own.counted == "elapsed":
        age, old = (now - imported).days, now - imported >= timedelta(days=limit)
    else:
        age = (local_date(now, rule.zone) - local_date(imported, rule.zone)).days
        old = age > limit
    if not old:
        return None
    return objection(rule, "REGISTER_STALE", observed=age, limit=limit, register=register.name)
