"""Screening by workers: on a real queue, several at once, and killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import django_rq
import psycopg2
import pytest
from django.db import connection
from rq import SimpleWorker

from campaigns.domain.campaign_state import CampaignState
from campaigns.jobs import resume_stalled
from campaigns.models import Campaign, Lead, Portion
from campaigns.portions import STALLED, stalled
from campaigns.screening import plan, screen_next
from campaigns.screening import work as work_on
from campaigns.steering import screen_again, start_screening
from campaigns.submitting import submit_all
from clock.reading import real
from tests.campaigns.making import list_of, make_campaign, make_world
from tests.cast import Cast, customer, make_cast, number
from tests.processes import manage

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timedelta(seconds=1)
_WORKER = ("rqworker", "--burst", "--worker-class", "rq.SimpleWorker", "batch")


def work() -> None:
    """Run what waits in the queue, in this process."""
    queue = django_rq.get_queue("batch")
    SimpleWorker([queue], connection=queue.connection).work(burst=True)


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]


@pytest.fixture
def cast() -> Cast:
    make_world()
    return make_cast()


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.portions.SIZE", 2)


def test_workers_screen_a_campaign_and_close_it(cast: Cast) -> None:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    assert campaign.state == CampaignState.SCREENING
    work()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENED
    assert Lead.objects.filter(campaign=campaign).count() == 5
    # one branch again, while the others stay as they are
    submit_all(campaign, cast.marketer)
    screen_again(list_of(campaign, "HZ-XH"), cast.marketer)
    work()
    assert list_of(campaign, "HZ-XH").counts["listed"] == 3
    assert list_of(campaign, "HZ-BJ").version == 1


def test_several_workers_share_the_portions_and_store_everybody_once(cast: Cast) -> None:
    campaign = make_campaign(cast)
    people = [
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
        for n in range(20)
    ]
    start_screening(campaign, cast.marketer)
    assert plan(campaign.pk) == 13

    def help_out(_: int) -> None:
        try:
            work_on(campaign.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(help_out, range(4)))
    assert complete(campaign) == 5 + len(people)


def complete(campaign: Campaign) -> int:
    """How many leads a screened campaign has; everybody once, and the lists count them."""
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENED
    assert not Portion.objects.exists()
    leads = Lead.objects.filter(campaign=campaign)
    assert leads.count() == leads.values("customer").distinct().count()
    assert sum(each.counts["listed"] for each in campaign.lists.all()) == leads.count()
    return leads.count()


# --- a worker is killed --------------------------------------------------------------------------


def until_somebody_waits_for_leads(expected: bool) -> None:
    """Wait until a session waits for the table of leads, or none does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM pg_locks
                   WHERE relation = 'campaigns_lead'::regclass AND NOT granted"""
            )
            row = cursor.fetchone()
        if row is not None and (row[0] > 0) is expected:
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody waits, or always: {expected}")


def test_a_worker_killed_amid_a_portion_has_written_nothing_of_it_and_another_goes_on(
    cast: Cast,
) -> None:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    plan(campaign.pk)
    screen_next(campaign.pk)
    stored = Lead.objects.filter(campaign=campaign).count()
    # it cannot store while we hold the table: so it is killed in the middle of its portion
    holder = psycopg2.connect(**connection.get_connection_params())
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE campaigns_lead IN SHARE MODE")
        with manage(*_WORKER) as worker:
            until_somebody_waits_for_leads(True)
            worker.kill()
            worker.wait(10)
    finally:
        holder.close()
    until_somebody_waits_for_leads(False)
    assert Lead.objects.filter(campaign=campaign).count() == stored == 2
    assert Portion.objects.filter(done_at=None).count() == 2
    # after a while somebody notices, and asks once
    assert resume_stalled(real()) == 0
    later = real() + STALLED + LATER
    assert (resume_stalled(later), resume_stalled(later)) == (1, 0)
    with manage(*_WORKER) as second:
        assert second.wait(60) == 0
    assert complete(campaign) == 5


def test_a_screening_whose_last_worker_died_before_it_closed_is_closed(cast: Cast) -> None:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]
    assert stalled(real()) == [campaign.pk]  # its job is lost, before it was planned
    plan(campaign.pk)
    while screen_next(campaign.pk):
        pass
    soon: datetime = real()
    assert stalled(soon) == []
    assert resume_stalled(soon + STALLED + LATER) == 1
    work()
    assert complete(campaign) == 5
    assert stalled(soon + STALLED + LATER) == []
