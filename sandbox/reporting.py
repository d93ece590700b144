"""The figures of a headless run: the registry's metrics, the violations, and what customers did."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from audiences.models import Customer
from campaigns.models import Campaign, Lead
from dialer.domain.call_kind import CallKind
from dialer.models import Call
from insights.figures import figures
from robot.domain.versions import Phase
from robot.models import Conversation, Turn
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
    found = figures(campaign.pk).as_json()
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
    spoken = _words_before_consent(campaign)
    rows = [
        (
            lead.customer.bank_id,
            # whom only a person may call: it hangs on who was free, and when
            lead.codes[:1] if not (lead.by_hand or lead.calls.all()) else [],
            [
                (call.outcome, spoken.get(call.pk, []))
                for call in lead.calls.all()
                if call.sid and call.kind == CallKind.ROBOT
            ],
        )
        for lead in Lead.objects.filter(campaign=campaign)
        .select_related("customer")
        .prefetch_related("calls")
        .order_by("customer__bank_id")
    ]
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _words_before_consent(campaign: Campaign) -> dict[int, list[tuple[str, str]]]:
    """Call id → (what the customer said, what the robot answered) in order of turns."""
    calls = dict(
        Call.objects.filter(campaign=campaign, kind="robot").values_list("public_id", "pk")
    )
    last = dict(Call.objects.filter(campaign=campaign).values_list("pk", "interested_turn"))
    conversations = {
        pk: calls[ref]
        for pk, ref in Conversation.objects.values_list("pk", "call_ref")
        if ref in calls
    }
    words: dict[int, list[tuple[str, str]]] = {}
    turns = Turn.objects.filter(phase=Phase.TALK.value).order_by("conversation_id", "index")
    for turn in turns.only("conversation_id", "index", "text", "digits", "said"):
        call_id = conversations.get(turn.conversation_id)
        limit = last.get(call_id) if call_id is not None else None
        if call_id is None or (limit is not None and turn.index > limit):
            continue
        answered = "" if turn.index == limit else turn.said
        words.setdefault(call_id, []).append((turn.text or turn.digits, answered))
    return words
