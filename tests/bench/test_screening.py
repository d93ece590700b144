"""The screening bench: its bank has every kind of reason, and its two ways to judge agree."""

from __future__ import annotations

import pytest
from django.db.models import F, Func

from bench.screening import CUSTOMERS, TARGET_S, WORKERS
from bench.screening_asked import stored
from bench.screening_by_hand import different, screen_by_hand
from bench.screening_rows import TUESDAY, make_bank
from campaigns.domain.campaign_state import CampaignState
from campaigns.models import Campaign, Lead
from campaigns.screening import screen_campaign
from campaigns.steering import start_screening
from compliance.models import Contact


@pytest.mark.django_db(transaction=True)
def test_the_packs_rules_and_the_statement_by_hand_agree_about_everybody() -> None:
    campaign = Campaign.objects.select_related("maker").get(pk=make_bank(3_000))
    start_screening(campaign, campaign.maker)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCREENED
    leads, eligible, contacts = stored(campaign.pk)
    assert leads == 3_000 and 500 < eligible < 2_000 and 13_000 < contacts < 17_000
    twin = screen_by_hand(campaign.pk, WORKERS)
    assert different(campaign.pk, twin) == 0
    # and would say so if they did not
    Lead.objects.filter(pk=Lead.objects.filter(campaign_id=twin).earliest("pk").pk).update(
        codes=["NONSENSE"]
    )
    assert different(campaign.pk, twin) == 1
    reasons = Lead.objects.filter(campaign=campaign).annotate(
        code=Func(F("codes"), function="unnest")
    )
    found = set(reasons.values_list("code", flat=True).distinct())
    assert found >= {
        "ABANDON_72H", "CAP_C3", "CAP_C7", "CONSENT_EXPIRED", "CONSENT_NONE", "CONSENT_WITHDRAWN",
        "COOLOFF_NOT_NOW", "COOLOFF_REFUSED", "DECEASED", "DNC_INDUSTRY", "ELDER_ROBOT",
        "NUMBER_NONE", "OPT_OUT", "PREFERENCE_ROBOT", "SUIT_EXPIRED", "SUIT_R_GT_C", "UNDERAGE",
        "VULNERABLE", "WINDOW",
    }  # fmt: skip
    assert not Contact.objects.filter(at__gt=TUESDAY).exists()


def test_the_sizes_are_those_of_the_design() -> None:
    assert CUSTOMERS == {"small": 100_000, "full": 1_000_000}
    assert TARGET_S == {"small": 3.0, "full": 30.0}
