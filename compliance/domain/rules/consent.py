"""No call without a consent that covers it; silence is no.

A consent covers a call when it names the channel, the purpose and the product's family (or every
family), was granted, is not too old, has not expired and was not withdrawn. A withdrawal beats
every grant before it whose scope it shares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Consent, Facts
from compliance.domain.intent import Intent
from compliance.domain.rules.base import Rule, objection
from compliance.domain.terms import end_of_month_term, local_date


class ConsentRule(Rule):
    """`max_age_months` null = a consent does not age; 0 = no consent is ever young enough."""

    kind: Literal["consent"]
    channel: str = "voice"
    purpose: str = "marketing"
    max_age_months: int | None = None


def evaluate(rule: ConsentRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """CONSENT_NONE, CONSENT_WITHDRAWN or CONSENT_EXPIRED."""
    product = facts.world.product
    family = product.family if product else ""
    covering = [
        consent
        for consent in facts.consents
        if consent.channel == rule.channel
        and consent.purpose == rule.purpose
        and consent.product_family in ("", family)
        and consent.granted_at <= now
    ]
    if not covering:
        return [objection(rule, "CONSENT_NONE")]
    withdrawn = max(
        (c.withdrawn_at for c in covering if c.withdrawn_at is not None and c.withdrawn_at <= now),
        default=None,
    )
    standing = [
        consent for consent in covering if (withdrawn is None or consent.granted_at > withdrawn)
    ]
    if withdrawn is not None and not standing:
        day = str(local_date(withdrawn, rule.zone))
        return [objection(rule, "CONSENT_WITHDRAWN", observed=day)]
    ends = [_ends(rule, consent) for consent in standing]
    if any(end is None or now < end for end in ends):
        return []
    last = max(end for end in ends if end is not None)
    return [objection(rule, "CONSENT_EXPIRED", observed=str(local_date(last, rule.zone)))]


def _ends(rule: ConsentRule, consent: Consent) -> datetime | None:
    """When a consent stops counting; None = never."""
    ends = [consent.expires_at] if consent.expires_at is not None else []
    if rule.max_age_months is not None:
        if rule.max_age_months == 0:
            ends.append(consent.granted_at)
        else:
            ends.append(end_of_month_term(consent.granted_at, rule.max_age_months, rule.zone))
    return min(ends, default=None)
