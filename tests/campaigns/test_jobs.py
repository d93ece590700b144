"""Screening by workers: on a real queue, and two at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import django_rq
import pytest
from django.db import connection
from rq import SimpleWorker

from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Lead
from campaigns.screening import fill_list, plan_lists
from campaigns.steering import screen_again, start_screening
from campaigns.submitting import submit_all
from tests.campaigns.making import list_of, make_campaign, make_world
from tests.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


def work() -> None:
    """Run what waits in the queue, in this process."""
    queue = django_rq.get_queue("batch")
    SimpleWorker([queue], connection=queue.connection).work(burst=True)


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]


def test_workers_screen_a_campaign_and_close_it() -> None:
    make_world()
    cast = make_cast()
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


def test_two_workers_on_one_list_fill_it_once() -> None:
    make_world()
    cast = make_cast()
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    list_id = plan_lists(campaign.pk)[0]

    def fill(_: int) -> bool:
        try:
            return fill_list(list_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(fill, range(4))) == [False, False, False, True]
    people = Lead.objects.filter(target_list_id=list_id)
    assert people.count() == people.values("customer").distinct().count() > 0
