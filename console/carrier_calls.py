"""The sandbox carrier's calls in flight, with the last words of each side from our own record."""

from __future__ import annotations

from typing import Any

from dialer.models import Call
from robot.models import Conversation, Turn
from telephony.sandbox_carrier import control

#: More are counted, not listed.
SHOWN = 40


def in_flight() -> dict[str, Any]:
    """`{"live": n, "calls": [{"to", "status", "direction", "conference", "said"}]}`.

    Those that talk first, then the newest. Numbers are masked; `said` holds at most two lines
    `{"who", "text"}`. Raises CarrierUnreachable.
    """
    answer = control("GET", "calls")
    # sorting is stable: within each kind they stay as the carrier lists them
    shown = sorted(answer["calls"], key=lambda call: call["status"] != "in-progress")[:SHOWN]
    said = _last_words([call["sid"] for call in shown])
    return {
        "live": answer["live"],
        "calls": [
            {
                "to": masked(call["to"]),
                "status": call["status"],
                "direction": call["direction"],
                "conference": bool(call.get("conference")),
                "said": said.get(call["sid"], []),
            }
            for call in shown
        ],
    }


def masked(party: str) -> str:
    """A number without its middle; another party (an agent's client) as it is."""
    digits = party.removeprefix("+")
    return f"{party[:-8]}****{party[-4:]}" if digits.isdigit() and len(digits) > 8 else party


def _last_words(sids: list[str]) -> dict[str, list[dict[str, str]]]:
    """By SID: what the customer and the robot said last."""
    calls = Call.objects.filter(sid__in=sids).values_list("public_id", "sid")
    sid_of = {public_id: sid for public_id, sid in calls if sid is not None}
    conversations = dict(
        Conversation.objects.filter(call_ref__in=list(sid_of)).values_list("pk", "call_ref")
    )
    turns = (
        Turn.objects.filter(conversation_id__in=list(conversations))
        .order_by("conversation_id", "-id")
        .distinct("conversation_id")
        .values_list("conversation_id", "text", "said")
    )
    return {
        sid_of[conversations[conversation]]: [
            {"who": who, "text": words}
            for who, words in (("customer", heard), ("robot", spoken))
            if words
        ]
        for conversation, heard, spoken in turns
    }
