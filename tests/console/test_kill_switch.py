"""The kill switch's page: who may throw and release it, and that it holds from the commit on."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from compliance import switching
from compliance.domain.decide import decide
from compliance.facts import load
from compliance.models import KillSwitch
from dialer.wall import wall_snapshot
from tests.campaigns.making import make_campaign, make_world
from tests.cast import Cast
from tests.compliance.conftest import Bank, make_bank
from tests.compliance.world import beijing, human

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    user.language = "en"
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


def throw(client: Client, scope: str, reason: str = "drill", **more: object) -> str:
    fields = {"scope": scope, "reason": reason, **more}
    answer = client.post("/compliance/switch/throw/", fields, follow=True)
    return answer.content.decode()


@pytest.mark.parametrize("who", ["officer", "supervisor", "operator"])
def test_three_roles_throw_it_and_compliance_releases(cast: Cast, who: str) -> None:
    client, officer = browser(getattr(cast, who)), browser(cast.officer)
    assert "Calls are let through" in client.get("/compliance/switch/").content.decode()
    shown = throw(client, "all", "a wrong list")
    assert "No call is placed" in shown
    assert "a wrong list" in shown
    switch = KillSwitch.objects.get()
    assert switch.thrown_by == getattr(cast, who)
    address = f"/compliance/switch/{switch.pk}/release/"
    if who != "officer":
        assert client.post(address).status_code == 403
        assert "Compliance releases it." in shown
    assert "Calls are let through" in officer.post(address, follow=True).content.decode()
    assert "released it already" in officer.post(address, follow=True).content.decode()
    switch.refresh_from_db()
    assert switch.released_by == cast.officer
    kinds = Entry.objects.order_by("id").values_list("kind", "actor_id")
    assert list(kinds) == [
        ("kill_switch.thrown", switch.thrown_by_id),
        ("kill_switch.released", cast.officer.pk),
    ]


@pytest.mark.parametrize("who", ["marketer", "reviewer", "manager_xihu", "outsider"])
def test_others_do_not(cast: Cast, who: str) -> None:
    client = browser(getattr(cast, who))
    assert client.get("/compliance/switch/").status_code == 403
    assert client.post("/compliance/switch/throw/", {"scope": "all"}).status_code == 403
    assert not KillSwitch.objects.exists()


def test_a_reason_and_a_scope_are_needed_and_nothing_is_thrown_twice(cast: Cast) -> None:
    client = browser(cast.officer)
    assert "Give a reason." in throw(client, "all", " ")
    for scope, more in (("", {}), ("everything", {}), ("campaign", {"campaign": "999"})):
        assert "Choose what is to be stopped." in throw(client, scope, **more)
    assert not KillSwitch.objects.exists()
    throw(client, "robot")
    assert "switched off already" in throw(client, "robot")
    assert KillSwitch.objects.count() == 1


def test_one_campaign_is_stopped_by_name_and_the_wall_says_so(cast: Cast) -> None:
    make_world()
    campaign = make_campaign(cast, name="Cards in spring")
    shown = throw(browser(cast.supervisor), "campaign", campaign=campaign.pk)
    assert "Partly switched off" in shown
    assert "Cards in spring" in shown
    snapshot = wall_snapshot(beijing("2026-03-10 14:00"))
    assert snapshot["switches"] == [f"campaign:{campaign.pk}"]


def test_a_thrown_switch_holds_for_the_very_next_question(db: None) -> None:
    bank: Bank = make_bank()
    now = beijing("2026-11-24 10:00")

    def codes() -> list[str]:
        intent = human(
            customer_id=bank.x.pk,
            number_id=bank.home.pk,
            product_id=bank.product.pk,
            caller_id_id=bank.caller_id.pk,
        )
        loaded = load([(bank.x.pk, bank.home.pk)], intent, since=now, at=now)
        return decide(loaded.facts[0], intent, loaded.stack, loaded.now).codes

    assert codes() == []
    switch = switching.throw(scope="all", reason="drill", actor_id=None)
    assert codes() == ["KILL_SWITCH"]
    switching.release(switch, actor_id=None)
    assert codes() == []
