"""What two sets of consents both allow: when two records turn out to be one person.

"Consents intersect": of each pair that stands on either side, what both say. The narrower family
and number, the earlier grant, the earlier end; a basis only where both have the same. Two "yes" to
different things allow nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from compliance.domain.facts import Consent


def common(ours: Sequence[Consent], theirs: Sequence[Consent], now: datetime) -> list[Consent]:
    """The consents that hold on both sides at this instant; ids are those of `ours`."""
    found: list[Consent] = []
    for left in standing(ours, now):
        for right in standing(theirs, now):
            both = _both(left, right)
            # one for every number and one for this number have no common: a rule may ask for a
            # consent that names the number, and of the two only one does
            named_alike = left.number_id == right.number_id
            if both is not None and named_alike and both not in found:
                found.append(both)
    return found


def standing(consents: Sequence[Consent], now: datetime) -> list[Consent]:
    """Those that were given, have not ended, and that no later withdrawal touches."""
    withdrawn = [c for c in consents if c.withdrawn_at is not None and c.withdrawn_at <= now]
    return [
        consent
        for consent in consents
        if consent.granted_at <= now
        and (consent.expires_at is None or now < consent.expires_at)
        and not any(_ends(gone, consent) for gone in withdrawn)
    ]


def _ends(withdrawn: Consent, consent: Consent) -> bool:
    """Whether a withdrawal came after the grant and shares some of its scope."""
    assert withdrawn.withdrawn_at is not None
    return consent.granted_at <= withdrawn.withdrawn_at and _both(withdrawn, consent) is not None


def _both(left: Consent, right: Consent) -> Consent | None:
    if (left.channel, left.purpose) != (right.channel, right.purpose):
        return None
    if not _meet(left.product_family, right.product_family, ""):
        return None
    if not _meet(left.number_id, right.number_id, None):
        return None
    return replace(
        left,
        product_family=left.product_family or right.product_family,
        number_id=right.number_id if left.number_id is None else left.number_id,
        granted_at=min(left.granted_at, right.granted_at),
        expires_at=_earlier(left.expires_at, right.expires_at),
        withdrawn_at=None,
        basis=left.basis if left.basis == right.basis else "",
        profiling_ok=left.profiling_ok and right.profiling_ok,
    )


def _meet(left: object, right: object, everything: object) -> bool:
    return left == right or everything in (left, right)


def _earlier(*ends: datetime | None) -> datetime | None:
    known: Iterable[datetime] = (end for end in ends if end is not None)
    return min(known, default=None)
