"""What the supervisors' wall shows, as plain JSON: pushed by the leader, fetched once by the page.

Names of agents are shown (their supervisor looks at them); of customers nothing but ids.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from agents.domain.agent_state import AgentState
from agents.models import Agent
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from clock.reading import real
from compliance import switching
from compliance.domain.facts import ContactKind
from compliance.models import CallerId, Contact
from dialer import health, limits
from dialer.domain.call_state import CallState
from dialer.domain.pacing import guard
from dialer.domain.stages import Stage
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Transfer
from dialer.snapshot import LIVE_STATES, NEVER_RANG, hand_overs_today, start_of_day

_SHOWN = [CampaignState.RUNNING.value, CampaignState.PAUSED.value]
#: A campaign that has just ended stays on the wall for this long.
_AFTERGLOW = timedelta(hours=1)
#: A leader that has not ticked for this long (real) is none.
_LEADER_GONE = timedelta(seconds=5)
_HAND_OVERS = [
    TransferState.RESERVED.value,
    TransferState.OFFERED.value,
    TransferState.ACCEPTED.value,
    TransferState.CONNECTED.value,
    TransferState.WRAP_UP.value,
]


def wall_snapshot(now: datetime) -> dict[str, Any]:
    """Everything on the wall at `now` (business time). Instants are ISO texts, rates fractions.

    {"at", "lines": {"used", "limit", "planned"}, "stages": {stage: n}, "last_minute": {"placed",
    "answered", "conversations"}, "today": {…, "opt_outs"}, "agents": {"counts": {state: n}, "list":
    [{"id", "name", "team", "state", "since"}]}, "waiting": [{"transfer", "call", "since"}],
    "hand_overs": {state: n}, "campaigns": [{"id", "name", "state", "pause_cause", "due", "calling",
    "settled", "consented", "abandoned", "abandonment", "verdict"}], "carrier": {"ok", "error",
    "failed_at"}, "leader": {"ok", "seen_at", "who"}, "switches": [scope]}
    """
    at_real = real()
    stages, planned, used = _lines()
    campaigns = _shown(now)
    return {
        "at": now.isoformat(),
        "lines": {"used": used, "limit": limits.lines(), "planned": planned},
        "stages": stages,
        "last_minute": _counts(campaigns, since=now - timedelta(minutes=1)),
        "today": _counts(campaigns, since=start_of_day(now)),
        "agents": _agents(),
        "waiting": _waiting(),
        "hand_overs": _hand_overs(),
        "campaigns": _campaigns(campaigns, now),
        "switches": [switch.scope for switch in switching.thrown()],
        **_health(at_real),
    }


def _lines() -> tuple[dict[str, int], int, int]:
    """Robot calls by stage, planned calls among them, and lines in use by calls of every kind."""
    stages = {stage.value: 0 for stage in Stage}
    planned = used = 0
    rows = (
        Call.objects.filter(state__in=LIVE_STATES)
        .values("kind", "state", "stage")
        .annotate(n=Count("id"))
    )
    for row in rows:
        used += row["n"]
        if row["state"] == CallState.PLANNED.value:
            planned += row["n"]
        if row["kind"] == "robot":
            stage = row["stage"] or Stage.DIALLING.value
            stages[stage] = stages.get(stage, 0) + row["n"]
    return stages, planned, used


def _counts(campaigns: list[Campaign], *, since: datetime) -> dict[str, int]:
    """Robot calls planned since an instant, found by their caller IDs (that is what is indexed).

    A conversation is what the ledger calls one: the customer spoke with us.
    """
    calls = Call.objects.filter(
        kind="robot", planned_at__gte=since, caller_id__in=CallerId.objects.values("pk")
    )
    counts: dict[str, int] = calls.aggregate(
        placed=Count("id", filter=Q(placed_at__isnull=False) & ~Q(state__in=NEVER_RANG)),
        answered=Count("id", filter=Q(answered_at__isnull=False)),
        opt_outs=Count("id", filter=Q(outcome__startswith="OPT_OUT")),
    )
    conversations = Contact.objects.filter(
        campaign_id__in=[campaign.pk for campaign in campaigns],
        kind=ContactKind.CONVERSATION.value,
        at__gte=since,
    )
    return {**counts, "conversations": conversations.count()}


def _agents() -> dict[str, Any]:
    counts = {state.value: 0 for state in AgentState}
    shown = []
    rows = Agent.objects.select_related("user", "team").order_by("team", "user__username")
    for agent in rows:
        counts[agent.state] += 1
        if agent.state == AgentState.OFFLINE.value:
            continue
        shown.append(
            {
                "id": agent.pk,
                "name": agent.user.get_full_name(),
                "team": agent.team.name,
                "state": agent.state,
                "since": agent.state_since.isoformat() if agent.state_since else None,
            }
        )
    return {"counts": counts, "list": shown}


def _waiting() -> list[dict[str, Any]]:
    """Customers who consented and wait, the longest first."""
    rows = (
        Transfer.objects.filter(state=TransferState.OFFERED.value)
        .order_by("consented_at")
        .values("id", "call_id", "campaign_id", "consented_at", "offers")
    )
    return [
        {
            "transfer": str(row["id"]),
            "call": row["call_id"],
            "campaign": row["campaign_id"],
            "since": row["consented_at"].isoformat() if row["consented_at"] else None,
            "offers": row["offers"],
        }
        for row in rows
    ]


def _hand_overs() -> dict[str, int]:
    found = dict.fromkeys(_HAND_OVERS, 0)
    rows = Transfer.objects.filter(state__in=_HAND_OVERS).values("state").annotate(n=Count("id"))
    found.update({row["state"]: row["n"] for row in rows})
    return found


def _shown(now: datetime) -> list[Campaign]:
    """Campaigns on the wall: running, paused, or just ended; the heaviest first."""
    ended_lately = Q(state=CampaignState.ENDED.value, ends_at__gt=now - _AFTERGLOW)
    found = Campaign.objects.filter(Q(state__in=_SHOWN) | ended_lately)
    return list(found.order_by("-weight", "id"))


def _campaigns(campaigns: list[Campaign], now: datetime) -> list[dict[str, Any]]:
    ids = [campaign.pk for campaign in campaigns]
    hand_overs = hand_overs_today(ids, now)
    leads: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Lead.objects.filter(campaign_id__in=ids).values("campaign_id", "state")
    for row in rows.annotate(n=Count("id")):
        leads[row["campaign_id"]][row["state"]] = row["n"]
    return [_campaign(each, leads[each.pk], hand_overs.get(each.pk, (0, 0))) for each in campaigns]


def _campaign(
    campaign: Campaign, leads: dict[str, int], hand_overs: tuple[int, int]
) -> dict[str, Any]:
    consented, abandoned = hand_overs
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "state": campaign.state,
        "pause_cause": campaign.pause_cause,
        "due": leads.get(LeadState.DUE.value, 0),
        "calling": leads.get(LeadState.CALLING.value, 0),
        "settled": leads.get(LeadState.SETTLED.value, 0),
        "blocked": leads.get(LeadState.BLOCKED.value, 0),
        "expired": leads.get(LeadState.EXPIRED.value, 0),
        "consented": consented,
        "abandoned": abandoned,
        "abandonment": abandoned / consented if consented else 0.0,
        "verdict": guard(consented, abandoned).value,
    }


def _health(at_real: datetime) -> dict[str, Any]:
    known = health.read()
    seen, failed = known.leader_seen_at, known.carrier_failed_at
    return {
        "carrier": {
            "ok": known.carrier_ok,
            "error": known.carrier_error,
            "failed_at": failed.isoformat() if failed else None,
        },
        "leader": {
            "ok": seen is not None and at_real - seen < _LEADER_GONE,
            "seen_at": seen.isoformat() if seen else None,
            "who": known.leader,
        },
    }
