"""The results pages."""

from __future__ import annotations

import html

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from accounts.models import User
from campaigns.approving import approve_list
from campaigns.models import Campaign, Lead
from insights.metrics import METRICS
from tests.campaigns.making import list_of, make_campaign, make_world, screened, submitted
from tests.cast import Cast
from tests.insights.making import make_call

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def page(user: User, address: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def run(cast: Cast) -> Campaign:
    """Xihu has signed and one of its customers was reached."""
    campaign = submitted(cast)
    xihu = list_of(campaign, "HZ-XH")
    approve_list(xihu, cast.manager_xihu, xihu.content_hash)
    lead = xihu.leads.get(customer=cast.wang)
    make_call(lead, outcome="REFUSED", spoke=True)
    Lead.objects.filter(pk=lead.pk).update(state="settled", outcome="REFUSED")
    return campaign


def test_without_campaigns_it_says_so(cast: Cast) -> None:
    assert "No results yet" in page(cast.reviewer, "/results/")


def test_the_index_shows_every_campaign_to_head_office(cast: Cast) -> None:
    campaign = run(cast)
    make_campaign(cast, name="Only a draft")
    shown = page(cast.reviewer, "/results/")
    assert f"/results/{campaign.pk}/" in shown
    assert "Only a draft" in shown


def test_every_figure_stands_beside_its_definition(cast: Cast) -> None:
    shown = page(cast.supervisor, f"/results/{run(cast).pk}/")
    with override("en"):
        for metric in METRICS:
            assert str(metric.label) in shown
            assert str(metric.definition) in shown


def test_outcomes_refusals_and_the_chart_are_there(cast: Cast) -> None:
    shown = page(cast.officer, f"/results/{run(cast).pk}/")
    assert "Not interested" in shown
    assert "An elderly customer: only a person may call" in shown
    assert '"values": [5, 4, 2, 1, 1, 1, 0, 0, 0, 0]' in shown
    assert "vendor/echarts/echarts.min" in shown


def test_a_draft_has_nothing_to_count(cast: Cast) -> None:
    campaign = make_campaign(cast)
    assert "Nothing to count yet" in page(cast.marketer, f"/results/{campaign.pk}/")


def test_a_branch_manager_sees_their_branch_only(cast: Cast) -> None:
    campaign = run(cast)
    shown = page(cast.manager_binjiang, f"/results/{campaign.pk}/")
    assert "You see the figures of your own branch" in shown
    assert "Binjiang" in shown
    assert "Xihu" not in shown
    assert '"values": [2, 2, 0, 0, 0, 0, 0, 0, 0, 0]' in shown
    assert "ELDER_ROBOT" not in shown


def test_a_campaign_that_never_asked_the_branch_is_not_found(cast: Cast) -> None:
    campaign = screened(cast)
    client = Client()
    client.force_login(cast.manager_xihu)
    assert client.get(f"/results/{campaign.pk}/").status_code == 404
    assert campaign.name not in client.get("/results/").content.decode()


def test_the_index_asks_no_more_for_more_campaigns(cast: Cast) -> None:
    run(cast)
    client = Client()
    client.force_login(cast.reviewer)
    with CaptureQueriesContext(connection) as captured:
        client.get("/results/")
    for n in range(5):
        make_campaign(cast, name=f"C{n}")
    with CaptureQueriesContext(connection) as again:
        client.get("/results/")
    assert len(again) == len(captured)
