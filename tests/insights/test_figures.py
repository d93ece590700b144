"""The figures of a campaign, against rows counted by hand."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.approving import approve_list, exclude
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from campaigns.screening import screen_campaign
from campaigns.steering import start_screening
from compliance import suppressing
from dialer.domain.transfer_state import TransferState
from dialer.models import Callback
from insights.figures import figures
from insights.metrics import BRANCH, BY_NAME, FUNNEL, METRICS, NAMES, Source
from tests.campaigns.making import TUESDAY, list_of, make_world, submitted
from tests.cast import Cast
from tests.insights.making import make_call, make_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """Xihu has signed, without Sun whom it took out; Binjiang has not decided."""
    make_world()
    campaign = submitted(cast)
    xihu = list_of(campaign, "HZ-XH")
    exclude(xihu, [xihu.leads.get(customer=cast.sun).pk], cast.manager_xihu, "in talks")
    approve_list(xihu, cast.manager_xihu, xihu.content_hash)
    return campaign


def lead_of(campaign: Campaign, bank_id: str) -> Lead:
    return Lead.objects.get(campaign=campaign, customer__bank_id=bank_id)


def test_screening_and_approval_are_counted_from_the_lists(campaign: Campaign) -> None:
    total = figures(campaign.pk).total
    assert (total["listed"], total["eligible"], total["excluded"]) == (5, 4, 1)
    assert (total["approved"], total["blocked"], total["open"]) == (1, 1, 1)


def test_refusals_are_counted_by_primary_code(campaign: Campaign) -> None:
    assert figures(campaign.pk).blocked == {"ELDER_ROBOT": 1}


def test_a_branch_sees_its_own_figures(campaign: Campaign, cast: Cast) -> None:
    mine = figures(campaign.pk, [cast.binjiang.pk])
    assert (mine.total["listed"], mine.total["approved"]) == (2, 0)
    assert mine.blocked == {}
    assert set(mine.by_branch) == {cast.binjiang.pk}
    both = figures(campaign.pk)
    assert both.by_branch[cast.xihu.pk]["listed"] == 3
    assert both.by_branch[cast.binjiang.pk] == mine.by_branch[cast.binjiang.pk]


def test_calls_are_counted_by_row_and_the_funnel_by_customer(campaign: Campaign) -> None:
    lead = lead_of(campaign, "C0001")
    make_call(lead, answered=False, outcome="NO_ANSWER")
    make_call(lead, outcome="REFUSED", spoke=True)
    total = figures(campaign.pk).total
    assert (total["calls"], total["dialled"], total["answered"]) == (2, 1, 1)
    assert (total["conversations"], total["interested"]) == (1, 0)


def test_a_call_that_was_never_placed_is_no_call(campaign: Campaign) -> None:
    call = make_call(lead_of(campaign, "C0001"), answered=False)
    type(call).objects.filter(pk=call.pk).update(placed_at=None)
    assert figures(campaign.pk).total["calls"] == 0


def test_hand_overs_are_counted_by_what_became_of_them(campaign: Campaign) -> None:
    sold = make_call(lead_of(campaign, "C0001"), outcome="INTERESTED", spoke=True)
    make_transfer(sold, TransferState.DONE, connected=True, disposition="sold")
    left = make_call(lead_of(campaign, "C0003"), outcome="INTERESTED", spoke=True)
    make_transfer(left, TransferState.ABANDONED, connected=False)
    waiting = make_call(lead_of(campaign, "C0004"), outcome="INTERESTED", spoke=True)
    make_transfer(waiting, TransferState.OFFERED, connected=False)
    total = figures(campaign.pk).total
    assert (total["interested"], total["transferred"], total["connected"]) == (3, 3, 1)
    assert (total["sold"], total["abandoned"]) == (1, 1)


def test_an_opt_out_is_counted_whatever_the_call_is_filed_under(campaign: Campaign) -> None:
    lead = lead_of(campaign, "C0001")
    call = make_call(lead, outcome="INTERESTED", spoke=True)
    suppressing.opt_out(
        customer_id=lead.customer_id,
        number_id=lead.number_id,
        source="robot",
        evidence={"call": str(call.public_id)},
        at=TUESDAY,
    )
    assert figures(campaign.pk).total["opt_outs"] == 1


def test_an_opt_out_at_the_desk_is_counted(campaign: Campaign) -> None:
    lead = lead_of(campaign, "C0001")
    call = make_call(lead, outcome="INTERESTED", spoke=True)
    transfer = make_transfer(call, TransferState.DONE, connected=True)
    suppressing.opt_out(
        customer_id=lead.customer_id,
        number_id=None,
        source="agent",
        evidence={"transfer": str(transfer.pk)},
        at=TUESDAY,
    )
    assert figures(campaign.pk).total["opt_outs"] == 1


def test_an_opt_out_elsewhere_and_a_mere_suspicion_are_not(campaign: Campaign) -> None:
    lead = lead_of(campaign, "C0001")
    call = make_call(lead, outcome="SUSPECTED_OPT_OUT", spoke=True)
    said = {"customer_id": lead.customer_id, "number_id": None, "at": TUESDAY}
    suppressing.opt_out(source="app", evidence={}, **said)  # type: ignore[arg-type]
    suppressing.quarantine(
        source="robot",
        evidence={"call": str(call.public_id)},
        **said,  # type: ignore[arg-type]
    )
    assert figures(campaign.pk).total["opt_outs"] == 0


def test_callbacks_that_were_withdrawn_are_not_counted(campaign: Campaign) -> None:
    for bank_id, state in (("C0001", "booked"), ("C0003", "cancelled")):
        lead = lead_of(campaign, bank_id)
        assert lead.number is not None
        Callback.objects.create(
            customer=lead.customer,
            number=lead.number,
            campaign=campaign,
            call=make_call(lead),
            promised_at=TUESDAY,
            due_at=TUESDAY,
            state=state,
            created_at=TUESDAY,
        )
    assert figures(campaign.pk).total["callbacks"] == 1


def test_outcomes_are_counted_by_lead(campaign: Campaign) -> None:
    Lead.objects.filter(pk=lead_of(campaign, "C0001").pk).update(
        state=LeadState.SETTLED.value, outcome="REFUSED"
    )
    found = figures(campaign.pk)
    assert found.outcomes == {"REFUSED": 1}
    assert (found.total["settled"], found.total["open"]) == (1, 0)


def test_a_replaced_list_counts_no_more(campaign: Campaign, cast: Cast) -> None:
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    total = figures(campaign.pk).total
    assert (total["listed"], total["approved"], total["excluded"]) == (5, 0, 0)
    assert figures(campaign.pk).blocked == {"ELDER_ROBOT": 1}


def test_the_json_holds_every_metric_and_both_breakdowns(campaign: Campaign) -> None:
    document = json.loads(json.dumps(figures(campaign.pk).as_json()))
    assert set(document) == set(NAMES) | {"outcomes"}
    assert document["blocked"] == {"ELDER_ROBOT": 1}


def test_the_number_of_queries_depends_on_nothing(campaign: Campaign) -> None:
    with CaptureQueriesContext(connection) as captured:
        figures(campaign.pk)
    before = len(captured)
    for bank_id in ("C0001", "C0003", "C0004"):
        make_call(lead_of(campaign, bank_id), outcome="INTERESTED", spoke=True)
    with CaptureQueriesContext(connection) as captured:
        figures(campaign.pk)
    assert len(captured) == before <= 9


def test_a_campaign_without_lists_has_zeros(cast: Cast, campaign: Campaign) -> None:
    campaign.lists.all().delete()
    assert set(figures(campaign.pk).total.values()) == {0}


def test_every_metric_has_a_definition_and_a_known_whole() -> None:
    assert len(set(NAMES)) == len(METRICS)
    for metric in METRICS:
        assert str(metric.definition).endswith((".", "。"))
        assert metric.of == "" or metric.of in BY_NAME
        assert (metric.count is None) == (metric.source is Source.LISTS)
        assert metric.source is Source.LISTS or metric.source in BRANCH
    assert [metric.name for metric in FUNNEL][:3] == ["listed", "eligible", "approved"]
