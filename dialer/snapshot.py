"""What the leader sees each tick: campaigns, agents, calls in flight, limits.

Lines in use are counted from call rows, never from counters, so nothing can leak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Avg, Count, F, Q
from django.utils.timezone import localtime

from agents.domain.agent_state import AgentState
from agents.models import Agent
from agents.presence import UNSEEN_AFTER
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Lead
from compliance import packs
from compliance.models import CallerId
from dialer import limits
from dialer.domain.call_kind import TO_CUSTOMER
from dialer.domain.call_state import LIVE, CallState
from dialer.domain.caller_ids import Usage, room
from dialer.domain.pacing import Busy, Group, Learned, Snapshot, chance
from dialer.domain.stages import Stage
from dialer.domain.transfer_state import ENDS as TRANSFER_ENDS
from dialer.models import Call, Transfer

LIVE_STATES = sorted(state.value for state in LIVE)
#: Calls that never reached the network: they used up nothing.
NEVER_RANG = [CallState.REFUSED.value, CallState.NOT_PLACED.value]
INTERESTED = "INTERESTED"

#: Seconds (simulated) such work lasts, before anything is learned: a talk with its wrap-up, a
#: wrap-up alone, a promise that may become a talk.
_TALK_S = 210.0
_WRAP_UP_S = 45.0
_RESERVED_S = 240.0
#: A mean of talks counts as if this many talks of the length above had been seen before.
_TALKS_IMAGINED = 5
#: What is learned is learned from this long ago on.
_MEMORY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Experience:
    """What a campaign's calls have taught: chances by stage, the length of its talks (seconds)."""

    dialling: float
    talking: float
    talk_s: float


@dataclass(frozen=True, slots=True)
class View:
    """One running campaign and what pacing needs of it."""

    campaign: Campaign
    pacing: Snapshot


@dataclass(slots=True)
class Sight:
    """Everything read once a tick and shared by the campaigns."""

    now: datetime
    real: datetime
    cps: int
    experience: Mapping[int, Experience] = field(default_factory=dict)


def running_campaigns(now: datetime) -> list[Campaign]:
    """Campaigns that may dial at this instant, the heaviest first."""
    return list(
        Campaign.objects.filter(
            state=CampaignState.RUNNING.value, starts_at__lte=now, ends_at__gt=now
        )
        .select_related("team", "product")
        .order_by("-weight", "id")
    )


def take(sight: Sight, campaigns: list[Campaign]) -> list[View]:
    """The views of running campaigns."""
    if not campaigns:
        return []
    stages, lines = _calls_in_flight()
    agents = _agents([campaign.team_id for campaign in campaigns], sight)
    teams = dict(Campaign.objects.filter(pk__in=stages).values_list("pk", "team_id"))
    free = limits.lines() - lines
    usages = usages_of(campaigns, sight.now)
    hand_overs = hand_overs_today([campaign.pk for campaign in campaigns], sight.now)
    rules = packs.in_force(sight.now)
    views = []
    for campaign in campaigns:
        known = sight.experience.get(campaign.pk) or experience_of(campaign.pk, sight.now)
        in_flight = [
            group
            for campaign_id, counts in stages.items()
            if teams.get(campaign_id) == campaign.team_id
            for group in _groups(counts, sight.experience.get(campaign_id) or known)
        ]
        needed = rules.licences_for(campaign.product.family)
        able = [agent for agent in agents[campaign.team_id] if needed <= agent.licences]
        ready, busy = _of_team(able, known, sight.now)
        used = sum(stages[campaign.pk].values()) if campaign.pk in stages else 0
        consented, abandoned = hand_overs.get(campaign.pk, (0, 0))
        views.append(
            View(
                campaign,
                Snapshot(
                    ready=ready,
                    busy=tuple(busy),
                    in_flight=tuple(in_flight),
                    chance=known.dialling,
                    free_lines=max(0, free),
                    campaign_lines=max(0, campaign.max_lines - used),
                    cps=sight.cps,
                    caller_id_room=room(usages[campaign.pk]),
                    due=_due(campaign, sight.now, sight.cps),
                    consented=consented,
                    abandoned=abandoned,
                ),
            )
        )
    return views


def experience_of(campaign_id: int, now: datetime) -> Experience:
    """Learn from a campaign's finished calls of the last day, smoothed by the priors."""
    counts = (
        Call.objects.filter(campaign_id=campaign_id, ended_at__gt=now - _MEMORY, kind="robot")
        .exclude(state__in=NEVER_RANG)
        .aggregate(
            dialled=Count("id"),
            answered=Count("id", filter=Q(answered_at__isnull=False)),
            wanted=Count("id", filter=Q(outcome=INTERESTED)),
        )
    )
    talks = Transfer.objects.filter(
        campaign_id=campaign_id, talk_ended_at__gt=now - _MEMORY, connected_at__isnull=False
    ).aggregate(n=Count("id"), mean=Avg(F("talk_ended_at") - F("connected_at")))
    mean = talks["mean"].total_seconds() + _WRAP_UP_S if talks["mean"] else _TALK_S
    seen = talks["n"]
    return Experience(
        dialling=chance(Stage.DIALLING, Learned(counts["wanted"], counts["dialled"])),
        talking=chance(Stage.TALKING, Learned(counts["wanted"], counts["answered"])),
        talk_s=(_TALK_S * _TALKS_IMAGINED + mean * seen) / (_TALKS_IMAGINED + seen),
    )


def start_of_day(now: datetime) -> datetime:
    """Midnight of the bank's own day (TIME_ZONE)."""
    return localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _calls_in_flight() -> tuple[dict[int, dict[str, int]], int]:
    """Robot calls by campaign and stage, and the number of lines in use by calls of any kind."""
    rows = (
        Call.objects.filter(state__in=LIVE_STATES)
        .values("campaign_id", "kind", "stage")
        .annotate(n=Count("id"))
    )
    stages: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lines = 0
    for row in rows:
        lines += row["n"]
        if row["kind"] == "robot" and row["campaign_id"] is not None:
            stages[row["campaign_id"]][row["stage"] or Stage.DIALLING.value] += row["n"]
    return stages, lines


def _groups(counts: Mapping[str, int], known: Experience) -> list[Group]:
    """Who may still ask for a person. From INTERESTED on a customer was asked, and has an agent
    promised or was told that there is none: no further demand.
    """
    chances = {
        Stage.DIALLING.value: known.dialling,
        Stage.RINGING.value: known.dialling,
        Stage.TALKING.value: known.talking,
    }
    return [Group(count, chances[stage]) for stage, count in counts.items() if stage in chances]


@dataclass(frozen=True, slots=True)
class _Seen:
    state: AgentState
    since: datetime | None
    licences: frozenset[str]


def _agents(team_ids: list[int], sight: Sight) -> dict[int, list[_Seen]]:
    rows = (
        Agent.objects.filter(team_id__in=team_ids)
        .exclude(state__in=[AgentState.OFFLINE.value, AgentState.BREAK.value])
        .values_list("team_id", "state", "state_since", "seen_at", "licences")
    )
    found: dict[int, list[_Seen]] = defaultdict(list)
    for team_id, state, since, seen_at, licences in rows:
        unseen = seen_at is None or seen_at < sight.real - UNSEEN_AFTER
        if state == AgentState.READY.value and unseen:
            continue  # nobody would reserve this agent
        found[team_id].append(_Seen(AgentState(state), since, frozenset(licences)))
    return found


def _of_team(agents: list[_Seen], known: Experience, now: datetime) -> tuple[int, list[Busy]]:
    means = {
        AgentState.TALKING: known.talk_s,
        AgentState.WRAP_UP: _WRAP_UP_S,
        AgentState.RESERVED: _RESERVED_S,
    }
    ready = sum(agent.state is AgentState.READY for agent in agents)
    busy = [
        Busy((now - agent.since).total_seconds() if agent.since else 0.0, means[agent.state])
        for agent in agents
        if agent.state in means
    ]
    return ready, busy


def usages_of(campaigns: list[Campaign], now: datetime) -> dict[int, list[Usage]]:
    """Each campaign's caller IDs with what they were used for. Ring-free calls do not count."""
    links = [
        (campaign_id, pk)
        for campaign_id, pk in Campaign.objects.filter(
            pk__in=[campaign.pk for campaign in campaigns], caller_ids__isnull=False
        ).values_list("pk", "caller_ids")
    ]
    caller_ids = CallerId.objects.filter(active=True).in_bulk([pk for _, pk in links])
    today, last_hour = start_of_day(now), now - timedelta(hours=1)
    counts = {
        row["caller_id"]: (row["hour"], row["day"])
        for row in Call.objects.filter(
            caller_id__in=caller_ids, planned_at__gte=min(today, last_hour), kind__in=TO_CUSTOMER
        )
        .exclude(state__in=NEVER_RANG)
        .values("caller_id")
        .annotate(
            hour=Count("id", filter=Q(planned_at__gt=last_hour)),
            day=Count("id", filter=Q(planned_at__gte=today)),
        )
    }
    found: dict[int, list[Usage]] = defaultdict(list)
    for campaign_id, pk in links:
        if pk in caller_ids:
            hour, day = counts.get(pk, (0, 0))
            caps = caller_ids[pk]
            found[campaign_id].append(Usage(pk, hour, day, caps.hourly_cap, caps.daily_cap))
    return found


def _due(campaign: Campaign, now: datetime, most: int) -> int:
    """How many leads wait, counted no further than a tick can use."""
    leads = Lead.objects.filter(
        campaign=campaign,
        state=LeadState.DUE.value,
        by_hand=False,
        due_at__lte=now,
        target_list__state=ListState.APPROVED.value,
        number__isnull=False,
    )
    return leads[: max(most, 1)].count()


def hand_overs_today(campaign_ids: list[int], now: datetime) -> dict[int, tuple[int, int]]:
    """(consented, abandoned): abandoned = consented, over, and never connected."""
    over = [state.value for state in TRANSFER_ENDS]
    rows = (
        Transfer.objects.filter(campaign_id__in=campaign_ids, consented_at__gte=start_of_day(now))
        .values("campaign_id")
        .annotate(
            consented=Count("id"),
            abandoned=Count("id", filter=Q(state__in=over, connected_at__isnull=True)),
        )
    )
    return {row["campaign_id"]: (row["consented"], row["abandoned"]) for row in rows}
