"""What leads refer to exists, although no foreign key looks at each of them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from audiences.models import Customer, Number
from campaigns.models import Campaign, Lead, TargetList
from clock.reading import now
from tests.campaigns.making import list_of, make_world, submitted
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    make_world()
    return submitted(cast)


def other(lead: Lead, **changes: int | None) -> Lead:
    lead.pk = None
    for name, value in changes.items():
        setattr(lead, name, value)
    return lead


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_id": 10**9},
        {"number_id": 10**9},
        {"target_list_id": 10**9},
        {"campaign_id": 10**9},
    ],
)
def test_a_lead_of_nobody_cannot_be_stored_or_made(
    campaign: Campaign, changes: dict[str, int]
) -> None:
    lead = Lead.objects.filter(campaign=campaign, number__isnull=False)[0]
    with pytest.raises(IntegrityError, match="does not exist"):
        Lead.objects.filter(pk=lead.pk).update(**changes)
    Lead.objects.filter(pk=lead.pk).delete()
    with pytest.raises(IntegrityError, match="which does not exist"):
        Lead.objects.bulk_create([other(lead, **changes)])


def test_a_lead_without_a_number_can(campaign: Campaign) -> None:
    lead = Lead.objects.filter(campaign=campaign)[0]
    Lead.objects.filter(pk=lead.pk).delete()
    other(lead, number_id=None).save(force_insert=True)


def test_a_lead_of_another_campaigns_list_cannot_be_stored(campaign: Campaign) -> None:
    lead = Lead.objects.filter(campaign=campaign)[0]
    campaign.pk = None
    campaign.save(force_insert=True)
    with pytest.raises(IntegrityError):
        Lead.objects.filter(pk=lead.pk).update(campaign_id=campaign.pk)


def test_what_a_lead_refers_to_cannot_be_deleted_before_it(campaign: Campaign, cast: Cast) -> None:
    lead = Lead.objects.filter(campaign=campaign, number__isnull=False)[0]
    # a customer and a number to whom nothing else refers
    branch, at = cast.wang.branch_id, now()
    customer = Customer.objects.create(
        bank_id="X1", branch_id=branch, name="甲", created_at=at, updated_at=at
    )
    number = Number.objects.create(e164="+8613700000000", kind="mobile", valid=True)
    Lead.objects.filter(pk=lead.pk).update(customer=customer, number=number)
    for referred in (customer, number, lead.target_list):
        everything = type(referred)._default_manager.filter(pk=referred.pk)
        with pytest.raises(IntegrityError, match="a lead still refers to"):
            everything._raw_delete("default")
    Lead.objects.filter(pk=lead.pk).delete()
    number.delete()
    customer.delete()


def test_a_list_and_its_leads_go_together(campaign: Campaign) -> None:
    xihu = list_of(campaign, "HZ-XH")
    leads = Lead.objects.filter(target_list=xihu).count()
    assert leads
    with transaction.atomic():
        TargetList.objects.filter(pk=xihu.pk).delete()
    assert not Lead.objects.filter(target_list=xihu).exists()
