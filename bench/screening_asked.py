"""Asking for a screening as a person does, and what came of it. Needs Django set up."""

from __future__ import annotations

import time

import django_rq
import psutil
from django.db import connection
from rq import Worker

from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign
from campaigns.steering import start_screening

LOOK_S = 0.05
PATIENCE_S = 3_600


def screen(campaign_id: int) -> float:
    """Seconds from the click until the campaign is screened. Raises RuntimeError: it never is."""
    campaign = Campaign.objects.select_related("maker").get(pk=campaign_id)
    began = time.perf_counter()
    start_screening(campaign, campaign.maker)
    while time.perf_counter() - began < PATIENCE_S:
        campaign.refresh_from_db(fields=["state"])
        if campaign.state == CampaignState.SCREENED:
            return time.perf_counter() - began
        time.sleep(LOOK_S)
    raise RuntimeError("the screening does not end")


def workers_ready() -> int:
    """How many workers listen to the queue of batch work."""
    queue = django_rq.get_queue("batch")
    return Worker.count(queue=queue)


def server_process() -> psutil.Process:
    """PostgreSQL's first process, which has started all others. It must be on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    parent = psutil.Process(pid).parent()
    if parent is None:
        raise RuntimeError("PostgreSQL runs elsewhere")
    return parent


def stored(campaign_id: int) -> tuple[int, int, int]:
    """Leads stored, those that may be called (now or later), and the ledger's lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE state = 'listed'),
                   (SELECT count(*) FROM compliance_contact)
               FROM campaigns_lead WHERE campaign_id = %s""",
            [campaign_id],
        )
        leads, eligible, contacts = cursor.fetchone()
    return leads, eligible, contacts
