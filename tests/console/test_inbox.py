"""The branch manager's inbox and marketing's campaign page."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from campaigns import steering
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Audience, Campaign, TargetList
from campaigns.screening import plan, screen_campaign, screen_next
from tests.campaigns.making import (
    TUESDAY,
    list_of,
    make_campaign,
    make_world,
    screened,
    submitted,
)
from tests.cast import Cast, customer, number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def as_user(user: User, language: str = "en") -> Client:
    user.language = language
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def xihu_of(campaign: Campaign) -> TargetList:
    return list_of(campaign, "HZ-XH")


# --- who may open what ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "inbox", "campaigns", "results"),
    [
        ("manager_xihu", 200, 403, 200),
        ("marketer", 403, 200, 200),
        ("supervisor", 403, 403, 200),
        ("officer", 403, 403, 200),
        ("reviewer", 403, 403, 200),
        ("operator", 403, 403, 200),
        ("agent_lin", 403, 403, 403),
        ("writer", 403, 403, 403),
        ("outsider", 403, 403, 403),
    ],
)
def test_each_role_opens_its_own_pages(
    cast: Cast, who: str, inbox: int, campaigns: int, results: int
) -> None:
    client = as_user(getattr(cast, who))
    assert client.get("/inbox/").status_code == inbox
    assert client.get("/campaigns/").status_code == campaigns
    assert client.get("/results/").status_code == results


@pytest.mark.parametrize("address", ["/inbox/", "/campaigns/", "/results/", "/inbox/1/"])
def test_a_stranger_signs_in_first(db: None, address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_a_list_of_another_branch_is_not_found(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    other = as_user(cast.manager_binjiang)
    assert other.get(f"/inbox/{target_list.pk}/").status_code == 404
    for step in ("approve", "return", "take-out", "put-back"):
        assert other.post(f"/inbox/{target_list.pk}/{step}/").status_code == 404
    target_list.refresh_from_db()
    assert target_list.state == ListState.SUBMITTED


def test_a_list_that_was_not_submitted_is_not_found(cast: Cast) -> None:
    target_list = xihu_of(screened(cast))
    assert as_user(cast.manager_xihu).get(f"/inbox/{target_list.pk}/").status_code == 404


def test_deciding_takes_a_post(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    assert client.get(f"/inbox/{target_list.pk}/approve/").status_code == 405


# --- the inbox -----------------------------------------------------------------------------------


def test_an_empty_inbox_says_so(cast: Cast) -> None:
    assert "Nothing waits for you" in page(as_user(cast.manager_xihu), "/inbox/")


def test_the_inbox_shows_the_branchs_own_list_with_reasons(cast: Cast) -> None:
    campaign = submitted(cast)
    shown = page(as_user(cast.manager_xihu), "/inbox/")
    assert f"/inbox/{xihu_of(campaign).pk}/" in shown
    assert f"/inbox/{list_of(campaign, 'HZ-BJ').pk}/" not in shown
    assert "An elderly customer: only a person may call" in shown


def test_the_inbox_does_not_ask_more_for_more_lists(cast: Cast) -> None:
    client = as_user(cast.manager_xihu)

    def queries() -> int:
        submitted(cast)
        with CaptureQueriesContext(connection) as captured:
            page(client, "/inbox/")
        return len(captured)

    first = queries()
    assert queries() <= first


# --- one list ------------------------------------------------------------------------------------


def test_a_list_shows_what_is_needed_to_judge_it(cast: Cast) -> None:
    shown = page(as_user(cast.manager_xihu), f"/inbox/{xihu_of(submitted(cast)).pk}/")
    assert "Approve 2 customers" in shown
    assert "ELDER_ROBOT" in shown
    assert "我是杭城银行的智能语音助手" in shown  # the words, with the campaign's values
    assert "一年期定期存款" in shown
    assert "+8657188880001" in shown  # our own number is no secret
    assert "Calls = customers × 1.6" in shown
    assert "free from 03-10 16:00" in shown


def test_names_and_numbers_are_masked(cast: Cast) -> None:
    shown = page(as_user(cast.manager_xihu), f"/inbox/{xihu_of(submitted(cast)).pk}/?q=C0001")
    assert "王*" in shown
    assert "+86139****0001" in shown
    assert "王芳" not in shown
    assert "13905710001" not in shown


def test_the_page_of_many_people_asks_no_more(cast: Cast) -> None:
    client = as_user(cast.manager_xihu)
    few = submitted(cast)
    with CaptureQueriesContext(connection) as captured:
        page(client, f"/inbox/{xihu_of(few).pk}/")
    for n in range(30):
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
    many = submitted(cast)
    with CaptureQueriesContext(connection) as again:
        page(client, f"/inbox/{xihu_of(many).pk}/")
    assert len(again) <= len(captured)


def test_approving_signs_what_was_shown(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    shown = page(client, f"/inbox/{target_list.pk}/")
    found = re.search(r'name="content_hash" value="([0-9a-f]{64})"', shown)
    assert found is not None
    answer = client.post(
        f"/inbox/{target_list.pk}/approve/",
        {"content_hash": found[1], "note": "fine"},
        follow=True,
    )
    assert "Approved: 2 customers may be called." in answer.content.decode()
    assert target_list.leads.filter(state=LeadState.DUE.value).count() == 2


def test_approving_a_list_that_changed_says_so(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    answer = client.post(
        f"/inbox/{target_list.pk}/approve/", {"content_hash": "0" * 64}, follow=True
    )
    assert "The list has changed since you opened it" in answer.content.decode()
    target_list.refresh_from_db()
    assert target_list.state == ListState.SUBMITTED


def test_returning_needs_a_reason(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    client.post(f"/inbox/{target_list.pk}/return/", {"reason": " "})
    target_list.refresh_from_db()
    assert target_list.state == ListState.SUBMITTED
    client.post(f"/inbox/{target_list.pk}/return/", {"reason": "We visit them"})
    target_list.refresh_from_db()
    assert target_list.state == ListState.RETURNED
    assert "We visit them" in page(client, "/inbox/")


def test_a_decided_list_has_no_buttons(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    client.post(f"/inbox/{target_list.pk}/return/", {"reason": "No"})
    shown = page(client, f"/inbox/{target_list.pk}/")
    assert "Approve 2 customers" not in shown
    assert "Returned" in shown


def test_a_customer_is_found_taken_out_and_put_back(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    client = as_user(cast.manager_xihu)
    lead = target_list.leads.get(customer=cast.wang)
    for query in ("C0001", "王芳", "0001"):
        shown = page(client, f"/inbox/{target_list.pk}/?q={query}")
        assert f'value="{lead.pk}"' in shown
    client.post(f"/inbox/{target_list.pk}/take-out/", {"lead": [lead.pk], "reason": "in talks"})
    lead.refresh_from_db()
    assert lead.state == LeadState.EXCLUDED
    assert "Approve 1 customer" in page(client, f"/inbox/{target_list.pk}/")
    client.post(f"/inbox/{target_list.pk}/put-back/", {"lead": [lead.pk]})
    lead.refresh_from_db()
    assert lead.state == LeadState.LISTED


def test_one_letter_finds_nobody(cast: Cast) -> None:
    target_list = xihu_of(submitted(cast))
    shown = page(as_user(cast.manager_xihu), f"/inbox/{target_list.pk}/?q=C")
    assert "Nobody in this list matches" in shown


# --- marketing's page ----------------------------------------------------------------------------


def step(client: Client, campaign: Campaign, name: str) -> str:
    answer = client.post(f"/campaigns/{campaign.pk}/{name}/", follow=True)
    assert answer.status_code == 200
    campaign.refresh_from_db()
    return answer.content.decode()


def test_marketing_takes_a_campaign_from_draft_to_running(cast: Cast) -> None:
    campaign = make_campaign(cast)
    client = as_user(cast.marketer)
    assert "5 customers are in the audience" in page(client, f"/campaigns/{campaign.pk}/")
    assert "The audience is being screened" in step(client, campaign, "screen")
    screen_campaign(campaign.pk)
    assert "Submit for approval" in page(client, f"/campaigns/{campaign.pk}/")
    assert "The lists wait for their branches" in step(client, campaign, "submit")
    assert "No branch has approved its list yet" in step(client, campaign, "launch")
    target_list = xihu_of(campaign)
    as_user(cast.manager_xihu).post(
        f"/inbox/{target_list.pk}/approve/", {"content_hash": target_list.content_hash}
    )
    assert "The campaign is running" in step(client, campaign, "launch")
    assert "The campaign is paused" in step(client, campaign, "pause")
    assert "The campaign goes on" in step(client, campaign, "resume")
    step(client, campaign, "stop")
    assert campaign.state == CampaignState.ENDED


def test_what_is_wrong_with_a_campaign_is_told(cast: Cast) -> None:
    campaign = make_campaign(cast)
    campaign.caller_ids.clear()
    client = as_user(cast.marketer)
    assert "Choose at least one caller ID" in page(client, f"/campaigns/{campaign.pk}/")
    step(client, campaign, "screen")
    assert campaign.state == CampaignState.DRAFT


def test_an_unknown_step_is_not_found(cast: Cast) -> None:
    campaign = make_campaign(cast)
    client = as_user(cast.marketer)
    assert client.post(f"/campaigns/{campaign.pk}/approve/").status_code == 404


def test_a_returned_list_shows_its_reason_and_can_be_screened_again(cast: Cast) -> None:
    campaign = submitted(cast)
    target_list = xihu_of(campaign)
    as_user(cast.manager_xihu).post(f"/inbox/{target_list.pk}/return/", {"reason": "Wrong people"})
    client = as_user(cast.marketer)
    assert "Wrong people" in page(client, f"/campaigns/{campaign.pk}/")
    client.post(f"/campaigns/{campaign.pk}/lists/{target_list.pk}/screen-again/")
    assert xihu_of(campaign).version == 2


def test_a_void_signature_is_shown_with_what_changed(cast: Cast) -> None:
    campaign = submitted(cast)
    Campaign.objects.filter(pk=campaign.pk).update(variables={"bank": "another"})
    assert "words" in page(as_user(cast.marketer), f"/campaigns/{campaign.pk}/")
    shown = page(as_user(cast.manager_xihu), f"/inbox/{xihu_of(campaign).pk}/")
    assert "Changed since it was submitted" in shown


def test_a_campaign_being_screened_shows_its_progress(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.portions.SIZE", 2)
    campaign = make_campaign(cast)
    steering.start_screening(campaign, cast.marketer)
    assert "Cutting the audience" in page(as_user(cast.marketer), f"/campaigns/{campaign.pk}/")
    plan(campaign.pk)
    screen_next(campaign.pk)
    shown = page(as_user(cast.marketer), f"/campaigns/{campaign.pk}/")
    assert "2 of 5 customers" in shown and 'value="40"' in shown


def test_a_screening_can_be_broken_off(cast: Cast) -> None:
    campaign = make_campaign(cast)
    steering.start_screening(campaign, cast.marketer)
    browser = as_user(cast.marketer)
    assert "Break off" in page(browser, f"/campaigns/{campaign.pk}/")
    browser.post(f"/campaigns/{campaign.pk}/cancel-screening/")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert "The screening was broken off." in page(browser, f"/campaigns/{campaign.pk}/")


# --- the admin -----------------------------------------------------------------------------------


@pytest.fixture
def root(cast: Cast) -> Client:
    """A superuser's browser."""
    cast.marketer.is_superuser = True
    cast.marketer.save(update_fields=["is_superuser"])
    return as_user(cast.marketer)


def test_the_admin_form_begins_with_sensible_values(root: Client) -> None:
    shown = page(root, "/admin/campaigns/campaign/add/")
    assert "NO_ANSWER" in shown
    assert "2026-03-24" in shown  # two weeks


def form_of(cast: Cast, **changes: object) -> dict[str, object]:
    existing = make_campaign(cast, name="model")
    return {
        "name": "From the form",
        "product": existing.product_id,
        "script_version": existing.script_version_id,
        "variables": '{"bank": "杭城银行"}',
        "team": existing.team_id,
        "starts_at_0": "2026-03-11",
        "starts_at_1": "09:00",
        "ends_at_0": "2026-03-20",
        "ends_at_1": "20:00",
        "caller_ids": [each.pk for each in existing.caller_ids.all()],
        "max_lines": 30,
        "weight": 50,
        "ring_timeout_s": 30,
        "retry_plan": '{"BUSY": [30]}',
        "limits": "{}",
        "audience-TOTAL_FORMS": 1,
        "audience-INITIAL_FORMS": 0,
        "audience-MIN_NUM_FORMS": 1,
        "audience-MAX_NUM_FORMS": 1,
        "audience-0-batch": "",
        "audience-0-segment": "",
        **changes,
    }


def test_a_campaign_is_made_in_the_admin(root: Client, cast: Cast) -> None:
    answer = root.post("/admin/campaigns/campaign/add/", form_of(cast))
    assert answer.status_code == 302, answer.content.decode()[:5000]
    made = Campaign.objects.get(name="From the form")
    assert (made.maker, made.state) == (cast.marketer, CampaignState.DRAFT)
    assert Audience.objects.filter(campaign=made).exists()


def test_the_admin_refuses_an_end_in_the_past_beside_its_field(root: Client, cast: Cast) -> None:
    form = form_of(cast, starts_at_0="2026-03-01", ends_at_0="2026-03-02")
    answer = root.post("/admin/campaigns/campaign/add/", form)
    assert "The end lies in the past" in answer.content.decode()


def test_the_admin_asks_for_what_the_script_needs(root: Client, cast: Cast) -> None:
    answer = root.post("/admin/campaigns/campaign/add/", form_of(cast, variables="{}"))
    assert "The script needs a value for: bank" in answer.content.decode()


def test_an_admin_action_takes_the_step_or_says_why_not(root: Client, cast: Cast) -> None:
    campaign = make_campaign(cast)
    act = {"action": "launch", "_selected_action": [campaign.pk]}
    answer = root.post("/admin/campaigns/campaign/", act, follow=True)
    assert "No branch has approved its list yet" in answer.content.decode()
    root.post("/admin/campaigns/campaign/", {**act, "action": "screen"})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENING


def test_what_is_signed_cannot_be_edited_while_it_runs(root: Client, cast: Cast) -> None:
    campaign = make_campaign(cast)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RUNNING.value)
    shown = page(root, f"/admin/campaigns/campaign/{campaign.pk}/change/")
    assert 'name="script_version"' not in shown
    assert 'name="max_lines"' in shown


def test_leads_in_the_admin_are_masked_with_sentences(root: Client, cast: Cast) -> None:
    screened(cast)
    shown = page(root, "/admin/campaigns/lead/")
    assert "An elderly customer: only a person may call" in shown
    assert "王芳" not in shown
    assert "13905710001" not in shown


def test_the_admin_lists_of_leads_ask_no_more_for_more_leads(root: Client, cast: Cast) -> None:
    screened(cast)
    page(root, "/admin/campaigns/lead/")
    with CaptureQueriesContext(connection) as captured:
        page(root, "/admin/campaigns/lead/")
    for n in range(30):
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
    screened(cast)
    with CaptureQueriesContext(connection) as again:
        page(root, "/admin/campaigns/lead/")
    assert len(again) <= len(captured)


def test_the_pages_exist_in_chinese(cast: Cast) -> None:
    campaign = submitted(cast)
    for user, address in (
        (cast.manager_xihu, "/inbox/"),
        (cast.manager_xihu, f"/inbox/{xihu_of(campaign).pk}/"),
        (cast.marketer, f"/campaigns/{campaign.pk}/"),
    ):
        assert 'lang="zh-hans"' in page(as_user(user, "zh-hans"), address)


def test_times_are_those_of_the_bank(cast: Cast) -> None:
    assert TUESDAY.hour == 6
    submitted(cast)
    assert "03-10 14:00" in page(as_user(cast.manager_xihu), "/inbox/")
