"""Submitting, signing, returning, taking out; and what voids a signature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from approvals.deciding import ApprovalRefused, Expired
from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval
from audit.models import Entry
from campaigns.approving import approve_list, exclude, include, send_back
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.content import Part
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.errors import (
    ListChanged,
    NotReady,
    NotYourBranch,
    ReasonMissing,
    StepRefused,
    WrongState,
)
from campaigns.models import Campaign, Lead, LeadEvent, TargetList
from campaigns.reading import approval_in_force, dial_permission, subject_of, void_parts
from campaigns.steering import launch, pause, resume, screen_again, start_screening, stop
from campaigns.submitting import submit_all, submit_list
from clock.setting import set_sandbox_clock
from compliance.models import CallerId
from robot.domain.versions import VersionState
from robot.models import ScriptVersion
from tests.campaigns.making import (
    TUESDAY,
    list_of,
    make_campaign,
    make_world,
    screened,
    submitted,
)
from tests.cast import Cast

pytestmark = pytest.mark.django_db

LATER = TUESDAY + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def sign(target_list: TargetList, checker: User) -> int:
    return approve_list(target_list, checker, target_list.content_hash)


def signed(cast: Cast) -> tuple[Campaign, TargetList]:
    """A campaign of which Xihu has signed its list."""
    campaign = submitted(cast)
    target_list = list_of(campaign, "HZ-XH")
    sign(target_list, cast.manager_xihu)
    return campaign, target_list


def fresh(target_list: TargetList) -> TargetList:
    return TargetList.objects.select_related("campaign").get(pk=target_list.pk)


# --- submitting ----------------------------------------------------------------------------------


def test_submitting_freezes_the_hash_and_asks_the_branch(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    asked = Approval.objects.get(subject=subject_of(target_list.pk))
    assert target_list.state == ListState.SUBMITTED
    assert len(target_list.content_hash) == 64
    assert (asked.content_hash, asked.branch, asked.maker) == (
        target_list.content_hash,
        cast.xihu,
        cast.marketer,
    )
    assert asked.expires_at == target_list.campaign.ends_at


def test_all_lists_are_submitted_at_once(cast: Cast) -> None:
    assert submit_all(screened(cast), cast.marketer) == 2


def test_a_list_is_submitted_once(cast: Cast) -> None:
    with pytest.raises(WrongState):
        submit_list(list_of(submitted(cast), "HZ-XH"), cast.marketer)


def test_a_list_that_is_being_screened_cannot_be_submitted(cast: Cast) -> None:
    target_list = list_of(screened(cast), "HZ-XH")
    TargetList.objects.filter(pk=target_list.pk).update(counts={})
    with pytest.raises(WrongState):
        submit_list(target_list, cast.marketer)


def test_a_list_of_nobody_cannot_be_submitted(cast: Cast) -> None:
    target_list = list_of(screened(cast), "HZ-XH")
    TargetList.objects.filter(pk=target_list.pk).update(counts={"listed": 1, "eligible": 0})
    with pytest.raises(StepRefused, match="nobody"):
        submit_list(target_list, cast.marketer)


def test_a_retired_script_cannot_be_submitted(cast: Cast) -> None:
    campaign = screened(cast)
    ScriptVersion.objects.update(state=VersionState.RETIRED.value)
    with pytest.raises(NotReady):
        submit_all(campaign, cast.marketer)


def test_the_same_content_has_the_same_hash_and_other_people_another(cast: Cast) -> None:
    campaign = submitted(cast)
    xihu, binjiang = list_of(campaign, "HZ-XH"), list_of(campaign, "HZ-BJ")
    assert xihu.content_hash != binjiang.content_hash
    assert void_parts(fresh(xihu)) == ()


# --- deciding ------------------------------------------------------------------------------------


def test_approving_makes_the_leads_due_each_at_its_own_time(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    due = {
        lead.customer.bank_id: lead.due_at
        for lead in target_list.leads.filter(state=LeadState.DUE.value)
    }
    assert due == {
        "C0001": campaign.starts_at,
        "C0005": datetime(2026, 3, 10, 8, 0, tzinfo=UTC),  # when its block lifts
    }
    assert target_list.leads.get(customer=cast.li).state == LeadState.BLOCKED


def test_each_change_of_a_lead_has_its_event(cast: Cast) -> None:
    _, target_list = signed(cast)
    events = LeadEvent.objects.filter(lead__target_list=target_list)
    assert [(e.old, e.new, e.cause) for e in events] == [("listed", "due", "approved")] * 2


def test_approving_is_audited(cast: Cast) -> None:
    _, target_list = signed(cast)
    kinds = Entry.objects.filter(subject=subject_of(target_list.pk)).values_list("kind", flat=True)
    assert {"target_list.submitted", "approval.approved", "target_list.approved"} <= set(kinds)


def test_another_branchs_manager_cannot_decide(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    with pytest.raises(NotYourBranch):
        sign(target_list, cast.manager_binjiang)
    with pytest.raises(NotYourBranch):
        send_back(target_list, cast.manager_binjiang, "no")


@pytest.mark.parametrize("who", ["marketer", "supervisor", "officer", "outsider", "agent_lin"])
def test_nobody_but_a_branch_manager_can_decide(cast: Cast, who: str) -> None:
    with pytest.raises(NotYourBranch):
        sign(list_of(submitted(cast), "HZ-XH"), getattr(cast, who))


def test_a_maker_cannot_sign_their_own_list(cast: Cast) -> None:
    campaign = screened(cast)
    submit_all(campaign, cast.manager_xihu)
    with pytest.raises(ApprovalRefused, match="maker_is_checker"):
        sign(list_of(campaign, "HZ-XH"), cast.manager_xihu)


def test_the_database_refuses_a_maker_as_checker_too(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(subject=subject_of(target_list.pk)).update(checker=cast.marketer)


def test_a_hash_that_was_not_shown_is_not_signed(cast: Cast) -> None:
    with pytest.raises(ListChanged):
        approve_list(list_of(submitted(cast), "HZ-XH"), cast.manager_xihu, "0" * 64)


def test_a_list_whose_words_changed_since_is_not_signed(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    Campaign.objects.update(variables={"bank": "another bank"})
    with pytest.raises(ListChanged):
        sign(target_list, cast.manager_xihu)


def test_a_list_is_decided_once(cast: Cast) -> None:
    _, target_list = signed(cast)
    with pytest.raises(WrongState):
        send_back(target_list, cast.manager_xihu, "too late")


def test_nothing_is_decided_after_the_campaigns_end(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    set_sandbox_clock(sim=TUESDAY + timedelta(days=11))
    with pytest.raises(Expired):
        sign(target_list, cast.manager_xihu)
    target_list.refresh_from_db()
    assert target_list.state == ListState.SUBMITTED


def test_returning_needs_a_reason_and_keeps_it(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    with pytest.raises(ReasonMissing):
        send_back(target_list, cast.manager_xihu, "  ")
    send_back(target_list, cast.manager_xihu, "We visit them this week")
    asked = Approval.objects.get(subject=subject_of(target_list.pk))
    assert (target_list.state, asked.state) == (ListState.RETURNED, ApprovalState.RETURNED)
    assert asked.note == "We visit them this week"
    assert not target_list.leads.filter(state=LeadState.DUE.value).exists()


# --- taking out ----------------------------------------------------------------------------------


def test_taking_a_customer_out_changes_the_hash_and_the_counts(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    before = target_list.content_hash
    lead = target_list.leads.get(customer=cast.wang)
    assert exclude(target_list, [lead.pk], cast.manager_xihu, "in talks") == 1
    assert target_list.content_hash != before
    assert (target_list.counts["eligible"], target_list.counts["excluded"]) == (1, 1)
    with pytest.raises(ListChanged):
        approve_list(target_list, cast.manager_xihu, before)
    assert sign(target_list, cast.manager_xihu) == 1
    lead.refresh_from_db()
    assert lead.state == LeadState.EXCLUDED


def test_the_renewed_request_still_has_its_maker(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    lead = target_list.leads.get(customer=cast.wang)
    exclude(target_list, [lead.pk], cast.manager_xihu, "in talks")
    asked = Approval.objects.filter(subject=subject_of(target_list.pk)).order_by("pk")
    assert [one.state for one in asked] == [ApprovalState.WITHDRAWN, ApprovalState.PENDING]
    assert asked[1].maker == cast.marketer


def test_putting_back_restores_the_hash(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    before = target_list.content_hash
    lead = target_list.leads.get(customer=cast.wang)
    exclude(target_list, [lead.pk], cast.manager_xihu, "in talks")
    assert include(target_list, [lead.pk], cast.manager_xihu) == 1
    assert target_list.content_hash == before


def test_taking_out_reaches_no_lead_of_another_list(cast: Cast) -> None:
    campaign = submitted(cast)
    other = list_of(campaign, "HZ-BJ").leads.get(customer=cast.zhao)
    mine = list_of(campaign, "HZ-XH")
    assert exclude(mine, [other.pk], cast.manager_xihu, "x") == 0
    other.refresh_from_db()
    assert other.state == LeadState.LISTED


def test_taking_out_needs_a_reason_and_the_right_branch(cast: Cast) -> None:
    target_list = list_of(submitted(cast), "HZ-XH")
    with pytest.raises(ReasonMissing):
        exclude(target_list, [], cast.manager_xihu, "")
    with pytest.raises(NotYourBranch):
        exclude(target_list, [], cast.manager_binjiang, "x")


# --- what the dialer re-reads --------------------------------------------------------------------


def permission_of(target_list: TargetList, cast: Cast) -> tuple[bool, bool, bool]:
    lead = target_list.leads.get(customer=cast.wang)
    found = dial_permission(lead.pk, LATER)
    assert found is not None
    return found.campaign_running, found.approval_in_force, found.script_approved


def test_a_signed_list_of_a_running_campaign_may_be_dialled(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    assert permission_of(target_list, cast) == (False, True, True)
    launch(campaign, cast.marketer)
    assert permission_of(target_list, cast) == (True, True, True)


def test_an_unsigned_list_of_a_running_campaign_may_not(cast: Cast) -> None:
    campaign, _ = signed(cast)
    launch(campaign, cast.marketer)
    lead = Lead.objects.get(campaign=campaign, customer=cast.zhao)
    found = dial_permission(lead.pk, LATER)
    assert found is not None
    assert not found.approval_in_force


def test_the_permission_takes_two_queries(
    cast: Cast, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    _, target_list = signed(cast)
    lead = target_list.leads.get(customer=cast.wang)
    with django_assert_num_queries(2):  # type: ignore[operator]
        dial_permission(lead.pk, LATER)


def test_there_is_no_permission_for_no_lead(cast: Cast) -> None:
    assert dial_permission(0, LATER) is None


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (Part.WORDS, {"variables": {"bank": "another bank"}}),
        (Part.LIMITS, {"retry_plan": {"BUSY": [1, 1, 1]}}),
        (Part.WINDOW, {"ends_at": TUESDAY + timedelta(days=100)}),
    ],
)
def test_a_change_of_what_was_signed_voids_the_signature(
    cast: Cast, part: Part, change: dict[str, object]
) -> None:
    campaign, target_list = signed(cast)
    Campaign.objects.filter(pk=campaign.pk).update(**change)
    assert not approval_in_force(fresh(target_list), LATER)
    assert void_parts(fresh(target_list)) == (part,)


def test_other_words_of_the_script_void_the_signature(cast: Cast) -> None:
    _, target_list = signed(cast)
    ScriptVersion.objects.update(content_hash="b" * 64)
    assert not approval_in_force(fresh(target_list), LATER)


def test_a_riskier_product_voids_the_signature_and_a_new_name_does_not(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    product = campaign.product
    product.name = "新名字"
    product.save(update_fields=["name"])
    assert approval_in_force(fresh(target_list), LATER)
    product.risk_rated, product.risk_rating = True, 5
    product.save(update_fields=["risk_rated", "risk_rating"])
    assert not approval_in_force(fresh(target_list), LATER)


def test_another_caller_id_voids_the_signature(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    campaign.caller_ids.add(CallerId.objects.create(number="+8657188889999"))
    assert permission_of(target_list, cast)[1] is False


def test_lines_and_weight_void_nothing(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    Campaign.objects.filter(pk=campaign.pk).update(max_lines=5, weight=99)
    assert approval_in_force(fresh(target_list), LATER)


def test_a_signature_ends_with_the_campaign(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    assert approval_in_force(fresh(target_list), campaign.ends_at - timedelta(microseconds=1))
    assert not approval_in_force(fresh(target_list), campaign.ends_at)


def test_screening_again_withdraws_the_signatures(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    start_screening(campaign, cast.marketer)
    assert not approval_in_force(fresh(target_list), LATER)
    assert not Approval.objects.filter(state=ApprovalState.APPROVED.value).exists()


# --- steering ------------------------------------------------------------------------------------


def test_launching_needs_one_signature(cast: Cast) -> None:
    campaign = submitted(cast)
    with pytest.raises(StepRefused, match="no_approval"):
        launch(campaign, cast.marketer)


def test_a_draft_cannot_be_launched_or_resumed(cast: Cast) -> None:
    campaign = make_campaign(cast)
    for step in (launch, resume):
        with pytest.raises(StepRefused):
            step(campaign, cast.marketer)


def test_a_running_campaign_is_paused_resumed_and_ended_with_audit(cast: Cast) -> None:
    campaign, _ = signed(cast)
    launch(campaign, cast.marketer)
    pause(campaign, None, "abandonment")
    assert (campaign.state, campaign.pause_cause) == (CampaignState.PAUSED, "abandonment")
    resume(campaign, cast.supervisor)
    assert (campaign.state, campaign.pause_cause) == (CampaignState.RUNNING, "")
    stop(campaign, cast.marketer)
    assert campaign.state == CampaignState.ENDED
    kinds = Entry.objects.filter(subject=f"campaign:{campaign.pk}").order_by("id")
    assert [entry.kind for entry in kinds][-4:] == [
        "campaign.launched",
        "campaign.paused",
        "campaign.resumed",
        "campaign.stopped",
    ]


def test_a_step_taken_twice_is_refused_the_second_time(cast: Cast) -> None:
    campaign, _ = signed(cast)
    launch(campaign, cast.marketer)
    with pytest.raises(WrongState):
        launch(campaign, cast.marketer)


def test_stopping_withdraws_what_nobody_signed(cast: Cast) -> None:
    campaign, _ = signed(cast)
    stop(campaign, cast.marketer)
    waiting = Approval.objects.get(subject=subject_of(list_of(campaign, "HZ-BJ").pk))
    assert waiting.state == ApprovalState.WITHDRAWN


def test_a_branch_signs_while_the_campaign_runs_and_its_leads_become_due(cast: Cast) -> None:
    campaign, _ = signed(cast)
    launch(campaign, cast.marketer)
    assert sign(list_of(campaign, "HZ-BJ"), cast.manager_binjiang) == 2


def test_a_returned_list_is_screened_again_as_a_new_version(cast: Cast) -> None:
    campaign, _ = signed(cast)
    launch(campaign, cast.marketer)
    returned = list_of(campaign, "HZ-BJ")
    send_back(returned, cast.manager_binjiang, "wrong people")
    again = screen_again(returned, cast.marketer)
    returned.refresh_from_db()
    assert (returned.state, again.version, again.counts) == (ListState.SUPERSEDED, 2, {})


def test_leads_of_a_replaced_list_are_not_dialled_any_more(cast: Cast) -> None:
    campaign, target_list = signed(cast)
    launch(campaign, cast.marketer)
    screen_again(target_list, cast.marketer)
    states = set(target_list.leads.values_list("state", flat=True))
    assert states == {LeadState.EXPIRED, LeadState.BLOCKED}
