"""A stored decision, made again from its stored facts: it must come out the same."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from compliance.calendars import days_of
from compliance.domain.calendar import DayType
from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.documents import facts_from, intent_from
from compliance.models.ledger import Decision as StoredDecision
from compliance.models.pack import PackVersion
from compliance.packs import stack_of


def replay(stored: StoredDecision) -> Decision:
    """Decide again. Raises LookupError when a pack or calendar version is gone."""
    days: dict[date, DayType] = {}
    for _, sha256 in _versions(stored.facts):
        days |= days_of(sha256)
    facts = facts_from(stored.facts, days)
    hashes = [pack.rpartition("#")[2] for pack in stored.packs]
    found = PackVersion.objects.filter(sha256__in=hashes)
    versions = [(version.pk, version.sha256) for version in found]
    if len(versions) != len(hashes):
        raise LookupError("a pack version of this decision is gone")
    return decide(facts, intent_from(stored.intent), stack_of(versions), stored.at.astimezone(UTC))


def _versions(document: dict[str, Any]) -> list[tuple[int, str]]:
    return [(year, sha256) for year, sha256 in document["world"]["calendar"]["versions"]]
