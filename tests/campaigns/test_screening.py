"""Screening: who goes into a list, who does not, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audiences.models import Segment
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.errors import NotReady, WrongState
from campaigns.models import Audience, Campaign, Lead, Portion
from campaigns.portions import progress, wanted
from campaigns.screening import (
    close,
    plan,
    screen_campaign,
    screen_next,
    screening_intent,
)
from campaigns.steering import cancel_screening, screen_again, start_screening
from campaigns.submitting import submit_all
from clock.setting import set_sandbox_clock
from compliance.screening import screen
from tests.campaigns.making import TUESDAY, list_of, make_campaign, make_world, screened
from tests.cast import Cast, customer, number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def leads(campaign: Campaign) -> dict[str, Lead]:
    return {lead.customer.bank_id: lead for lead in Lead.objects.filter(campaign=campaign)}


def test_each_branch_gets_its_own_list(cast: Cast) -> None:
    campaign = screened(cast)
    assert campaign.state == CampaignState.SCREENED
    assert list_of(campaign, "HZ-XH").counts["listed"] == 3
    assert list_of(campaign, "HZ-BJ").counts["listed"] == 2


def test_a_callable_customer_is_listed_without_reasons(cast: Cast) -> None:
    lead = leads(screened(cast))["C0001"]
    assert (lead.state, lead.codes, lead.clears_at) == (LeadState.LISTED, [], None)
    assert str(lead.number) == "+86139****0001"


def test_a_customer_blocked_by_the_hour_alone_is_listed_and_waits(cast: Cast) -> None:
    lead = leads(screened(cast))["C0005"]
    assert lead.state == LeadState.LISTED
    assert lead.codes == ["WINDOW"]
    # residents of Xinjiang: from 16:00 Beijing time
    assert lead.clears_at == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def test_a_customer_whom_only_a_person_may_call_is_blocked_with_the_code(cast: Cast) -> None:
    lead = leads(screened(cast))["C0002"]
    assert lead.state == LeadState.BLOCKED
    assert lead.codes[0] == "ELDER_ROBOT"


def test_a_block_that_lifts_after_the_end_blocks(cast: Cast) -> None:
    campaign = make_campaign(cast)
    Campaign.objects.filter(pk=campaign.pk).update(ends_at=TUESDAY + timedelta(hours=1))
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    lead = leads(campaign)["C0005"]
    assert lead.state == LeadState.BLOCKED
    assert lead.clears_at == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def test_a_customer_without_a_usable_number_is_blocked(cast: Cast) -> None:
    bad = number("+8613905719999")
    bad.valid = False
    bad.save(update_fields=["valid"])
    customer("C0009", "周杰", cast.xihu, [bad], born=1990, risk=3)
    lead = leads(screened(cast))["C0009"]
    assert (lead.state, lead.codes, lead.number_id) == (LeadState.BLOCKED, ["NUMBER_NONE"], None)


def test_the_first_valid_number_is_chosen(cast: Cast) -> None:
    bad = number("+8613905719998")
    bad.valid = False
    bad.save(update_fields=["valid"])
    good = number("+8613905719997")
    customer("C0009", "周杰", cast.xihu, [bad, good, number("+8613905719996")], born=1990, risk=3)
    assert leads(screened(cast))["C0009"].number == good


def test_it_stores_what_decide_says_for_everyone(cast: Cast) -> None:
    campaign = screened(cast)
    stored = Lead.objects.filter(campaign=campaign, number__isnull=False)
    pairs = [(lead.customer_id, lead.number_id) for lead in stored if lead.number_id]
    decisions = screen(pairs, screening_intent(campaign), TUESDAY)
    for lead in stored:
        assert lead.codes == decisions[lead.customer_id].codes


def test_counts_tell_primary_reasons_and_their_legal_basis(cast: Cast) -> None:
    counts = list_of(screened(cast), "HZ-XH").counts
    assert counts["eligible"] == 2
    assert counts["waiting"] == 1
    assert counts["blocked"] == {"ELDER_ROBOT": 1}
    assert counts["basis"]["ELDER_ROBOT"]["rule"]
    assert counts["basis"]["ELDER_ROBOT"]["legal_ref"]


def test_screening_again_makes_new_versions_and_supersedes_the_old(cast: Cast) -> None:
    campaign = screened(cast)
    old = list_of(campaign, "HZ-XH")
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    old.refresh_from_db()
    assert old.state == ListState.SUPERSEDED
    assert list_of(campaign, "HZ-XH").version == 2


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two customers each, so that five make three portions."""
    monkeypatch.setattr("campaigns.portions.SIZE", 2)


def test_the_last_portions_are_small_so_that_no_worker_waits_long(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.portions.SIZE", 2)
    monkeypatch.setattr("campaigns.portions.LAST_SIZE", 1)
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    plan(campaign.pk)
    portions = list(campaign.portions.order_by("first_id"))
    assert [portion.customers for portion in portions] == [2, 1, 1, 1]
    ends = [portion.until_id for portion in portions]
    assert all(end <= each.first_id for end, each in zip(ends, portions[1:], strict=False))
    screen_campaign(campaign.pk)
    assert Lead.objects.filter(campaign=campaign).count() == 5


@pytest.mark.usefixtures("small_portions")
def test_work_that_died_goes_on_with_the_portions_that_are_not_done(cast: Cast) -> None:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    assert plan(campaign.pk) == 3
    assert screen_next(campaign.pk)
    assert (progress(campaign).done, progress(campaign).planned) == (2, 5)
    assert progress(campaign).percent == 40
    close(campaign.pk)  # too early: nothing happens
    assert plan(campaign.pk) == 2
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENING
    assert {each.counts == {} for each in campaign.lists.all()} == {True}
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENED
    assert Lead.objects.filter(campaign=campaign).count() == 5
    assert list_of(campaign, "HZ-XH").counts["listed"] == 3
    assert list_of(campaign, "HZ-BJ").counts["listed"] == 2
    assert not Portion.objects.exists()


@pytest.mark.usefixtures("small_portions")
def test_a_branch_with_everybody_is_cut_into_portions_as_well(cast: Cast) -> None:
    for n in range(7):
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
    campaign = make_campaign(cast)
    xihu = Segment.objects.create(name="xihu", filter={"branches": ["HZ-XH"]}, created_at=TUESDAY)
    Audience.objects.filter(campaign=campaign).update(segment=xihu)
    start_screening(campaign, cast.marketer)
    assert plan(campaign.pk) == 5
    assert sum(portion.customers for portion in campaign.portions.all()) == 10
    screen_campaign(campaign.pk)
    counts = list_of(campaign, "HZ-XH").counts
    assert counts["listed"] == Lead.objects.filter(campaign=campaign).count() == 10
    assert counts["blocked"] == {"ELDER_ROBOT": 1}


@pytest.mark.usefixtures("small_portions")
def test_the_screening_of_one_list_does_not_touch_the_others(cast: Cast) -> None:
    campaign = screened(cast)
    submit_all(campaign, cast.marketer)
    fresh = screen_again(list_of(campaign, "HZ-XH"), cast.marketer)
    assert [portion.target_list_id for portion in wanted(campaign.pk)] == [fresh.pk] * 2
    assert progress(campaign).planned == 0  # of the campaign as a whole
    screen_campaign(campaign.pk)
    fresh.refresh_from_db()
    assert fresh.counts["listed"] == fresh.leads.count() == 3
    assert list_of(campaign, "HZ-BJ").version == 1


@pytest.mark.usefixtures("small_portions")
def test_a_screening_that_is_broken_off_begins_anew(cast: Cast) -> None:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    plan(campaign.pk)
    screen_next(campaign.pk)
    cancel_screening(campaign, cast.marketer)
    assert (campaign.state, campaign.pause_cause) == (CampaignState.DRAFT, "screening_cancelled")
    assert not screen_next(campaign.pk)  # no worker takes another
    close(campaign.pk)
    assert {each.state for each in campaign.lists.all()} == {ListState.SUPERSEDED}
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENED
    newest = list_of(campaign, "HZ-XH")
    assert (newest.version, newest.counts["listed"]) == (2, 3)


def test_a_campaign_that_is_not_being_screened_cannot_be_broken_off(cast: Cast) -> None:
    with pytest.raises(WrongState):
        cancel_screening(make_campaign(cast), cast.marketer)


def test_an_audience_of_nobody_goes_back_to_draft(cast: Cast) -> None:
    campaign = make_campaign(cast)
    nobody = Segment.objects.create(
        name="nobody", filter={"branches": ["none"]}, created_at=TUESDAY
    )
    Audience.objects.filter(campaign=campaign).update(segment=nobody)
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_cause) == (CampaignState.DRAFT, "audience_empty")


def test_a_segment_bounds_the_audience(cast: Cast) -> None:
    campaign = make_campaign(cast)
    xihu = Segment.objects.create(name="xihu", filter={"branches": ["HZ-XH"]}, created_at=TUESDAY)
    Audience.objects.filter(campaign=campaign).update(segment=xihu)
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    assert set(leads(campaign)) == {"C0001", "C0002", "C0005"}


def test_an_ended_campaign_cannot_be_screened(cast: Cast) -> None:
    campaign = make_campaign(cast)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.ENDED.value)
    with pytest.raises(WrongState):
        start_screening(campaign, cast.marketer)


def test_a_campaign_without_a_caller_id_cannot_be_screened(cast: Cast) -> None:
    campaign = make_campaign(cast)
    campaign.caller_ids.clear()
    with pytest.raises(NotReady) as refused:
        start_screening(campaign, cast.marketer)
    assert [problem.code for problem in refused.value.problems] == ["caller_ids"]


def test_a_campaign_is_judged_from_its_start_when_that_lies_ahead(cast: Cast) -> None:
    campaign = make_campaign(cast)
    # two o'clock at night now; the campaign starts on the next working afternoon
    set_sandbox_clock(sim=TUESDAY - timedelta(hours=12), speed=0.000001)
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=TUESDAY)
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    assert leads(campaign)["C0001"].codes == []


def test_the_number_of_queries_does_not_grow_with_the_people(cast: Cast) -> None:
    def queries(name: str) -> int:
        campaign = make_campaign(cast, name=name)
        start_screening(campaign, cast.marketer)
        plan(campaign.pk)
        with CaptureQueriesContext(connection) as captured:
            screen_next(campaign.pk)
        return len(captured)

    few = queries("few")
    for n in range(40):
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
    assert queries("many") <= few  # the first also loads the rules and the calendar
