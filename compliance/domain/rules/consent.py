"""No call without a consent that covers it; silence is no.

A consent covers a call when it names the channel, the purpose and the product's family (or every
family), was granted, is not too old, has not expired and was not withdrawn. A withdrawal beats
every grant before it whose scope it shares.

`or_purposes`: a consent to one of these will do as well (to care calls, for a robot's care call).
`bases`: how it must have been given ("written" for a robot's call in the US; empty = any way).
`number`: "own" asks for a consent that names this very number. A consent older than the present
owner's use of the number is another person's and does not count. `profiling`: an audience chosen by
automated decision (PIPL §24) needs a customer who does not object to that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Consent, Facts, World
from compliance.domain.intent import Intent
from compliance.domain.likeness import Turns, after, first_instant
from compliance.domain.rules.base import Rule, objection
from compliance.domain.rules.values import Natural, Truth
from compliance.domain.terms import end_of_month_term, local_date, months_at_most


class ConsentRule(Rule):
    """`max_age_months` null = a consent does not age; 0 = no consent is ever young enough."""

    kind: Literal["consent"]
    channel: str = "voice"
    purpose: str = "marketing"
    or_purposes: frozenset[str] = frozenset()
    max_age_months: Natural | None = None
    bases: frozenset[str] = frozenset()
    number: Literal["any", "own"] = "any"
    profiling: Truth = False

    @cached_property
    def surely(self) -> timedelta | None:
        """No term of so many calendar months is shorter; None = there is none to go by."""
        months = self.max_age_months
        return timedelta(days=28 * months) if months else None


def evaluate(rule: ConsentRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """CONSENT_NONE, CONSENT_WITHDRAWN, CONSENT_EXPIRED, …, and PROFILING_OBJECTED."""
    standing, reasons = _standing(rule, facts, intent, now)
    if rule.profiling and intent.profiled:
        objects = facts.customer is not None and facts.customer.no_profiling
        if objects or (standing and not any(consent.profiling_ok for consent in standing)):
            reasons.append(objection(rule, "PROFILING_OBJECTED"))
    return reasons


def turns(rule: ConsentRule, world: World, intent: Intent, now: datetime) -> Turns:
    """The consents that are given after now, and the first one that has not aged by now."""
    months = rule.max_age_months
    if not months:
        return Turns(granted=(after(now),))
    oldest = now - months_at_most(months) - timedelta(days=2)
    young = first_instant(
        lambda granted: now < end_of_month_term(granted, months, rule.zone), oldest, now
    )
    return Turns(granted=(young, after(now)))


def _standing(
    rule: ConsentRule, facts: Facts, intent: Intent, now: datetime
) -> tuple[list[Consent], list[Reason]]:
    """The consents that hold now; without one, why."""
    product = facts.world.product
    family = product.family if product else ""
    covering = [
        consent
        for consent in facts.consents
        if consent.channel == rule.channel
        and (consent.purpose == rule.purpose or consent.purpose in rule.or_purposes)
        and consent.product_family in ("", family)
        and consent.number_id in _numbers(rule, intent)
        and consent.granted_at <= now
    ]
    if not covering:
        return [], [objection(rule, "CONSENT_NONE")]
    withdrawn = max(
        (c.withdrawn_at for c in covering if c.withdrawn_at is not None and c.withdrawn_at <= now),
        default=None,
    )
    standing = [
        consent for consent in covering if (withdrawn is None or consent.granted_at > withdrawn)
    ]
    if withdrawn is not None and not standing:
        day = str(local_date(withdrawn, rule.zone))
        return [], [objection(rule, "CONSENT_WITHDRAWN", observed=day)]
    owner_since = facts.number.in_use_since if facts.number else None
    if owner_since is not None:
        standing = [consent for consent in standing if consent.granted_at >= owner_since]
        if not standing:
            day = str(local_date(owner_since, rule.zone))
            return [], [objection(rule, "CONSENT_REASSIGNED", observed=day)]
    if rule.bases:
        standing = [consent for consent in standing if consent.basis in rule.bases]
        if not standing:
            kinds = ", ".join(sorted(rule.bases))
            return [], [objection(rule, "CONSENT_BASIS", limit=kinds)]
    fresh = [consent for consent in standing if _is_fresh(rule, consent, now)]
    if fresh:
        return fresh, []
    last = max(end for end in (_ends(rule, consent) for consent in standing) if end is not None)
    day = str(local_date(last, rule.zone))
    return [], [objection(rule, "CONSENT_EXPIRED", observed=day)]


def _numbers(rule: ConsentRule, intent: Intent) -> tuple[int | None, ...]:
    """Which numbers a consent may name; None = it names none and holds for all."""
    return (intent.number_id,) if rule.number == "own" else (None, intent.number_id)


def _is_fresh(rule: ConsentRule, consent: Consent, now: datetime) -> bool:
    """Whether it counts still. A term's exact end is worked out only where it is near."""
    surely = rule.surely
    if consent.expires_at is None and surely is not None and now < consent.granted_at + surely:
        return True
    end = _ends(rule, consent)
    return end is None or now < end


def _ends(rule: ConsentRule, consent: Consent) -> datetime | None:
    """When a consent stops counting; None = never."""
    ends = [consent.expires_at] if consent.expires_at is not None else []
    if rule.max_age_months is not None:
        if rule.max_age_months == 0:
            ends.append(consent.granted_at)
        else:
            ends.append(end_of_month_term(consent.granted_at, rule.max_age_months, rule.zone))
    return min(ends, default=None)
