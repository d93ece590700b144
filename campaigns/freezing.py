"""Freezing a list: the hash of its content, computed from rows.

The people's hash is computed once, when the list is frozen or customers are taken out (one pass
in SQL), and kept in `counts["signed"]`. All other parts are cheap, so the dialer recomputes them
before every dial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from campaigns.domain.content import Part, part_hash
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, TargetList

#: What of a product a signature covers: a new name voids nothing, a new risk rating does.
_PRODUCT_TERMS = (
    "code",
    "family",
    "risk_rated",
    "risk_rating",
    "issuer_risk_rating",
    "min_age",
    "max_age",
    "by_phone",
)

#: Leads that a signature admits: not those that are blocked or were taken out.
_PEOPLE = """
SELECT encode(sha256(convert_to(
    coalesce(string_agg(l.customer_id || ':' || n.e164, ',' ORDER BY l.customer_id), ''), 'UTF8'
)), 'hex')
FROM campaigns_lead l JOIN audiences_number n ON n.id = l.number_id
WHERE l.target_list_id = %s AND l.state = %s
"""


def people_hash(target_list_id: int) -> str:
    """SHA-256 over the sorted customers and numbers that the list would call."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [target_list_id, LeadState.LISTED.value])
        row = cursor.fetchone()
    return str(row[0])


def campaign_parts(campaign: Campaign, caller_ids: Iterable[str]) -> dict[Part, str]:
    """The parts that do not depend on the people. No query when product, script and
    audience are loaded.
    """
    product = campaign.product
    return {
        Part.WORDS: part_hash(
            {"script": campaign.script_version.content_hash, "variables": campaign.variables}
        ),
        Part.PRODUCT: part_hash({name: getattr(product, name) for name in _PRODUCT_TERMS}),
        Part.LIMITS: part_hash(_limits(campaign)),
        Part.WINDOW: part_hash(
            [campaign.starts_at.timestamp(), campaign.ends_at.timestamp(), campaign.purpose]
        ),
        Part.CALLER_IDS: part_hash(sorted(caller_ids)),
    }


def _limits(campaign: Campaign) -> dict[str, Any]:
    """What only tightens; also that the people were chosen by automated decision, and that agents
    call whom a robot may not: said only where it is so, for older signatures do not name it.
    """
    found: dict[str, Any] = {"limits": campaign.limits, "retry_plan": campaign.retry_plan}
    if campaign.by_hand:
        found["by_hand"] = True
    audience = getattr(campaign, "audience", None)
    return {**found, "automated": True} if audience is not None and audience.automated else found


def list_parts(target_list: TargetList, *, people: str | None = None) -> dict[Part, str]:
    """All parts of a list's content as they are now.

    `people` is the stored people's hash where it is known to hold; None reads every lead.
    """
    campaign = target_list.campaign
    numbers = campaign.caller_ids.values_list("number", flat=True)
    return {
        Part.PEOPLE: people_hash(target_list.pk) if people is None else people,
        **campaign_parts(campaign, numbers),
    }


def signed_parts(target_list: TargetList) -> Mapping[str, str]:
    """The parts' hashes as they were frozen; empty for a list that never was."""
    signed = target_list.counts.get("signed", {})
    return signed if isinstance(signed, dict) else {}
