"""The life of a campaign: one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class CampaignState(StrEnum):
    """Draft → screening → review by the branches → running; each branch starts when it signed."""

    DRAFT = "draft"
    SCREENING = "screening"
    SCREENED = "screened"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


TRANSITIONS: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCREENING, CampaignState.ENDED}),
    CampaignState.SCREENING: frozenset({CampaignState.SCREENED, CampaignState.DRAFT}),
    CampaignState.SCREENED: frozenset(
        {CampaignState.SCREENING, CampaignState.RUNNING, CampaignState.ENDED}
    ),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.ENDED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING, CampaignState.ENDED}),
    CampaignState.ENDED: frozenset(),
}
