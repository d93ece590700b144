"""Wishes narrower than "never": said to the robot or noted at the desk, and held by the gate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from audit.models import Entry
from campaigns.models import Campaign
from clock.reading import now
from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.models import Preference, Product, Suppression
from compliance.preferring import families_named
from compliance.screening import screen
from dialer import clearing, deskwork
from dialer.wishes import Wish
from tests.cast import Cast
from tests.dialer.line import Line, dial, ready_agent, running_campaign
from tests.dialer.stub_carrier import StubCarrier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign(cast: Cast, settings: Settings) -> Iterator[Campaign]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield running_campaign(cast)
    stub.close()


@pytest.fixture
def wang(campaign: Campaign, cast: Cast) -> Line:
    return dial(campaign, cast.wang)


def codes(line: Line, product: Product, actor: Actor = Actor.HUMAN) -> set[str]:
    """What keeps the customer of the line from being called about this product now."""
    kind = DialKind.AGENT if actor is Actor.HUMAN else DialKind.ROBOT
    customer, number = line.call.customer_id, line.call.number_id
    assert customer is not None and number is not None
    wanted = Intent(
        purpose=Purpose.MARKETING, actor=actor, kind=kind, product_id=product.pk, carrier="sandbox",
        script_approved=True,
    )  # fmt: skip
    return set(screen([(customer, number)], wanted, now())[customer].codes)


def insurance() -> Product:
    return Product.objects.get_or_create(
        code="i", defaults={"name": "年金保险", "family": "annuity", "risk_rated": False}
    )[0]


def test_no_calls_about_insurance_is_kept_with_its_words_and_other_things_are_fine(
    campaign: Campaign, wang: Line
) -> None:
    cover, card = insurance(), campaign.product
    wang.answer()
    said = wang.say("别打保险的")
    assert "已按您说的登记" in said
    kept = Preference.objects.get()
    assert (kept.customer_id, kept.evidence["text"]) == (wang.call.customer_id, "别打保险的")
    # whatever code the bank gives to it: the product bears the word in its name
    assert set(kept.families_refused) == {"insurance", "annuity"}
    assert not Suppression.objects.exists()
    assert "PREFERENCE_FAMILY" in codes(wang, cover)
    assert "PREFERENCE_FAMILY" not in codes(wang, card)
    assert Entry.objects.filter(kind="preference.kept").count() == 1
    wang.status("completed", CallDuration="9")
    # heard a second time it is no missed refusal
    assert clearing.clear(now()) == 0
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("words", ["少打点", "别打了，保险的"])
def test_an_ambiguous_wish_is_held_in_full(campaign: Campaign, wang: Line, words: str) -> None:
    wang.answer()
    wang.say(words)
    assert not Preference.objects.exists()
    assert Suppression.objects.filter(source="opt_out", lifted_at__isnull=True).count() == 2
    assert "OPT_OUT" in codes(wang, insurance())


def test_no_robot_means_a_person_may_call(campaign: Campaign, wang: Line) -> None:
    wang.answer()
    wang.say("别用机器人打给我")
    assert Preference.objects.get().no_robot
    assert "PREFERENCE_ROBOT" in codes(wang, insurance(), Actor.ROBOT)
    assert "PREFERENCE_ROBOT" not in codes(wang, insurance())


def test_once_a_year_counts_the_talks_so_far(campaign: Campaign, wang: Line) -> None:
    wang.answer()
    wang.say("一年一次就行")
    assert Preference.objects.get().conversations_per_year == 1
    assert "PREFERENCE_CAP" in codes(wang, insurance())


def test_call_at_the_weekend_keeps_the_weekdays_free(campaign: Campaign, wang: Line) -> None:
    wang.answer()
    wang.say("周末再打")
    assert Preference.objects.get().weekdays == [5, 6]
    assert "PREFERENCE_HOURS" in codes(wang, insurance())


def test_an_agent_notes_a_wish_at_the_end_of_the_talk(
    campaign: Campaign, cast: Cast, wang: Line
) -> None:
    lin = ready_agent(campaign, cast.agent_lin)
    wang.until_consent_asked()
    wang.say("可以")
    deskwork.accept(wang.transfer.pk, lin)
    wang.joins("customer")
    wang.joins("agent")
    wang.leaves("customer")
    wang.status("completed", CallDuration="120")
    with pytest.raises(ValueError, match="nonsense"):
        deskwork.wrap_up(wang.transfer.pk, lin, disposition="sold", wish="nonsense")
    deskwork.wrap_up(
        wang.transfer.pk, lin, disposition="sold", note="不要再推存款", wish=Wish.NOT_THIS
    )
    kept = Preference.objects.get()
    assert kept.families_refused == [campaign.product.family]
    assert (kept.evidence["via"], kept.evidence["note"]) == ("agent", "不要再推存款")
    assert "PREFERENCE_FAMILY" in codes(wang, campaign.product)


def test_a_refusal_noted_with_a_wish_is_a_refusal(
    campaign: Campaign, cast: Cast, wang: Line
) -> None:
    lin = ready_agent(campaign, cast.agent_lin)
    wang.until_consent_asked()
    wang.say("可以")
    deskwork.accept(wang.transfer.pk, lin)
    wang.joins("customer")
    wang.joins("agent")
    wang.leaves("customer")
    wang.status("completed", CallDuration="120")
    deskwork.wrap_up(wang.transfer.pk, lin, disposition="opt_out", wish=Wish.YEARLY)
    assert not Preference.objects.exists()
    assert Suppression.objects.exists()


@pytest.mark.django_db
def test_a_word_for_a_kind_of_product_means_every_family_that_bears_it() -> None:
    Product.objects.create(code="x", name="分红型保险", family="life", risk_rated=False)
    assert families_named("保险") == ("insurance", "life")
    assert families_named("信用卡分期") == (
        "card",
        "cards",
        "credit_card",
        "instalment",
        "instalments",
    )
    assert families_named("火箭") == ()
