"""The figures of a headless run: the registry's metrics, the violations, and what customers did."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from insights.figures import figures
from robot.conversing import dialogue_before_consent

from audiences.models import Customer
from campaigns.models import Campaign, Lead
from sandbox.violations import violations

WANTED = (
    "listed",
    "blocked",
    "approved",
    "calls",
    "answered",
    "conversations",
    "interested",
    "transferred",
    "connected",
    "abandoned",
    "opt_outs",
    "outcomes",
)


def report(campaign: Campaign, *, journal: Path) -> dict[str, Any]:
    """All that `bin/demo --headless` writes but for the seconds it took."""
    found = figures(campaign)
    return {
        "customers": Customer.objects.filter(sandbox=True).count(),
        **{name: found[name] for name in WANTED},
        "violations": violations(journal),
        "behaviour_digest": behaviour_digest(campaign),
    }


def behaviour_digest(campaign: Campaign) -> str:
    """One hash over what each customer did: block code, answer, words, wish.

    The words count up to the consent question: what is said after it hangs on who was free.
    """
    rows = [
        (
            lead.customer.bank_id,
            lead.codes[:1] if lead.attempts == 0 else [],
            [_behaviour(call.public_id, call.outcome) for call in lead.calls.all()],
        )
        for lead in Lead.objects.filter(campaign=campaign)
        .select_related("customer")
        .prefetch_related("calls")
        .order_by("customer__bank_id")
    ]
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _behaviour(public_id: Any, outcome: str) -> list[Any]:
    lines = [[line.who, line.text] for line in dialogue_before_consent(public_id)]
    return [outcome, lines]
