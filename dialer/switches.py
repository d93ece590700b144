"""What a kill switch stops here, beside the gate, which refuses every new call from its commit on.

    planning     nobody's lead is claimed any more; it stays due
    planned      its job asks the gate, is refused, and the lead is due again
    queued,      with the carrier, not answered: ended (`cancelling.py`). Nobody has been spoken to,
    ringing      and a switch is thrown so that nobody else is
    answered     goes on: nobody in a conversation is cut off

Read from its rows at every tick, without a cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from compliance import switching
from dialer.domain.call_kind import CallKind
from dialer.domain.call_state import LIVE, CallState
from dialer.models import Call

#: Our own people's telephones, and customers who rang us.
_NOT_OURS_TO_STOP = [CallKind.AGENT_LEG.value, CallKind.INBOUND.value]


_LIVE = sorted(state.value for state in LIVE)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a switch of some scope would meet if it were thrown now.

    `talking` go on to their end; `ringing` (or with the carrier) are ended; `planned` are refused;
    `due` customers of running campaigns wait until it is released.
    """

    talking: int
    ringing: int
    planned: int
    due: int


def reach(scope: str) -> Reach:
    """The calls and customers that a switch (all, robot, campaign:<id>) speaks about."""
    counts: dict[str, int] = Call.objects.filter(_calls_of(scope), state__in=_LIVE).aggregate(
        talking=Count("id", filter=Q(state=CallState.ANSWERED.value)),
        planned=Count("id", filter=Q(state=CallState.PLANNED.value)),
        live=Count("id"),
    )
    due = Lead.objects.filter(
        state=LeadState.DUE.value, campaign__state=CampaignState.RUNNING.value
    )
    if scope == "robot":
        due = due.filter(by_hand=False)
    elif scope != "all":
        due = due.filter(campaign_id=int(scope.partition(":")[2]))
    return Reach(
        talking=counts["talking"],
        ringing=counts["live"] - counts["talking"] - counts["planned"],
        planned=counts["planned"],
        due=due.count(),
    )


def stopped_calls() -> Q | None:
    """The calls, of whatever state, that a thrown switch speaks about; None when none is thrown."""
    found: Q | None = None
    for scope in _scopes():
        part = _calls_of(scope)
        found = part if found is None else found | part
    return found


def still_dialling(campaigns: Iterable[Campaign]) -> list[Campaign]:
    """Those whose robot may still call."""
    scopes = _scopes()
    if scopes & {"all", "robot"}:
        return []
    return [campaign for campaign in campaigns if f"campaign:{campaign.pk}" not in scopes]


def open_to_people(campaigns: Iterable[Campaign]) -> list[Campaign]:
    """Those in which an agent may still call."""
    scopes = _scopes()
    if "all" in scopes:
        return []
    return [campaign for campaign in campaigns if f"campaign:{campaign.pk}" not in scopes]


def everything_stopped() -> bool:
    """Whether no call at all would be let through."""
    return "all" in _scopes()


def _scopes() -> set[str]:
    return {switch.scope for switch in switching.thrown()}


def _calls_of(scope: str) -> Q:
    name, _, campaign_id = scope.partition(":")
    if name == "robot":
        return Q(kind=CallKind.ROBOT.value)
    if name == "campaign" and campaign_id.isdigit():
        return Q(campaign_id=int(campaign_id)) & ~Q(kind__in=_NOT_OURS_TO_STOP)
    # all, and whatever nobody here can read
    return ~Q(kind__in=_NOT_OURS_TO_STOP)
