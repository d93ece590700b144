"""The wall's page and its buttons."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Entry
from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign
from tests.cast import Cast
from tests.console.handing_over import campaign, carrier  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_supervisor_pauses_resumes_and_stops(
    campaign: Campaign,  # noqa: F811
    cast: Cast,
    client: Client,
) -> None:
    client.force_login(cast.supervisor)
    address = f"/wall/campaigns/{campaign.pk}"
    assert client.post(f"{address}/pause/").json()["state"] == "paused"
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_cause) == ("paused", "by_hand")
    assert client.post(f"{address}/resume/").json()["state"] == "running"
    assert client.post(f"{address}/stop/").json()["state"] == "ended"
    refused = client.post(f"{address}/resume/")
    assert (refused.status_code, bool(refused.json()["error"])) == (409, True)
    kinds = Entry.objects.filter(subject=f"campaign:{campaign.pk}").values_list("kind", flat=True)
    assert {"campaign.paused", "campaign.resumed", "campaign.stopped"} <= set(kinds)


def test_there_is_no_fourth_button(
    campaign: Campaign,  # noqa: F811
    cast: Cast,
    client: Client,
) -> None:
    client.force_login(cast.supervisor)
    assert client.post(f"/wall/campaigns/{campaign.pk}/launch/").status_code == 404
    assert client.post("/wall/campaigns/999999/pause/").status_code == 404
    assert client.get(f"/wall/campaigns/{campaign.pk}/pause/").status_code == 405
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING.value


def test_the_state_names_the_campaign(
    campaign: Campaign,  # noqa: F811
    cast: Cast,
    client: Client,
) -> None:
    client.force_login(cast.supervisor)
    shown = client.get("/wall/state/").json()
    assert [each["name"] for each in shown["campaigns"]] == [campaign.name]
    assert shown["leader"]["ok"] is False  # nobody dials in this test


def test_who_only_watches_gets_no_buttons(cast: Cast, client: Client) -> None:
    client.force_login(cast.operator)
    page = client.get("/wall/").content.decode()
    assert '<script id="may-steer" type="application/json">false</script>' in page
