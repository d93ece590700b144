"""A campaign for everybody, planned and not yet screened."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from accounts.models import User
from agents.models import Team
from bench.bank_rows import TUESDAY, ends, make_bank
from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Audience, Campaign
from campaigns.screening import plan_lists
from robot.domain.versions import VersionState
from robot.models import Script, ScriptVersion


def make_screening(customers: int) -> tuple[int, list[int]]:
    """The campaign's id and its empty lists'."""
    product, line = make_bank(customers)
    script = Script.objects.create(code="deposit", title="存款")
    version = ScriptVersion.objects.create(
        script=script,
        number=1,
        document={},
        content_hash="a" * 64,
        state=VersionState.PUBLISHED.value,
        created_at=TUESDAY,
        published_at=TUESDAY,
    )
    campaign = Campaign.objects.create(
        name="bench",
        product=product,
        script_version=version,
        team=Team.objects.create(name="一队", name_en="Team 1"),
        starts_at=TUESDAY - timedelta(hours=1),
        ends_at=ends(),
        variables={},
        retry_plan={},
        maker=User.objects.create(username="bench"),
        created_at=TUESDAY - timedelta(days=1),
        state=CampaignState.SCREENING.value,
    )
    campaign.caller_ids.set([line])
    Audience.objects.create(campaign=campaign)
    return campaign.pk, plan_lists(campaign.pk)


def stored(campaign_id: int) -> tuple[int, int, int]:
    """Leads stored, those that may be called, and how many different sets of reasons there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE state = 'listed'), count(DISTINCT codes)
               FROM campaigns_lead WHERE campaign_id = %s""",
            [campaign_id],
        )
        leads, eligible, codes = cursor.fetchone()
    return leads, eligible, codes
