"""The kill switch's page: who may throw and release it, and that it holds from the commit on."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from compliance import switching
from compliance.domain.decide import decide
from compliance.facts import load
from compliance.models import KillSwitch
from dialer.models import Call
from dialer.wall import wall_snapshot
from tests.campaigns.making import make_campaign, make_world, submitted
from tests.cast import Cast
from tests.compliance.conftest import Bank, make_bank
from tests.compliance.world import beijing, human
from tests.insights.making import make_call

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    user.language = "en"
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


def ask(client: Client, scope: str, reason: str = "drill", **more: object) -> str:
    """The first click: what the page then asks, or says is missing."""
    fields = {"scope": scope, "reason": reason, **more}
    answer = client.post("/compliance/switch/throw/", fields, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def throw(client: Client, scope: str, reason: str = "drill", **more: object) -> str:
    """Both clicks."""
    asked = ask(client, scope, reason, **more)
    if 'name="confirmed"' not in asked:
        return asked
    key = asked.split('name="confirmed" value="')[1].split('"')[0]
    return ask(client, scope, reason, confirmed=key, **more)


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
    assert "Give a reason." in ask(client, "all", " ")
    for scope in ("", "everything", "campaign:1"):
        said = ask(client, scope, "a drill, as typed")
        assert "Choose what is to be stopped." in said
        assert 'value="a drill, as typed"' in said
    assert not KillSwitch.objects.exists()
    throw(client, "robot")
    assert "switched off already" in throw(client, "robot")
    assert KillSwitch.objects.count() == 1


@pytest.mark.parametrize("absurd", ["", "999", "²", "9" * 5000, "-1", "x"])
def test_one_campaign_is_one_that_there_is(cast: Cast, absurd: str) -> None:
    make_world()
    make_campaign(cast)
    assert "Choose which campaign." in ask(browser(cast.officer), "campaign", campaign=absurd)
    assert not KillSwitch.objects.exists()


@pytest.mark.parametrize("absurd", ["x" * 201, "a\x00b"])
def test_a_reason_that_cannot_be_kept_is_refused_at_its_field(cast: Cast, absurd: str) -> None:
    said = ask(browser(cast.officer), "all", absurd)
    assert 'aria-invalid="true"' in said.split('name="reason"')[1].split(">")[0]
    assert not KillSwitch.objects.exists()


def test_the_second_click_is_on_a_page_that_names_what_is_stopped_and_what_it_meets(
    cast: Cast,
) -> None:
    make_world()
    campaign = submitted(cast)
    other = make_campaign(cast, name="Deposits in spring")
    for owner, state in ((cast.wang, "answered"), (cast.li, "ringing")):
        call = make_call(campaign.leads.get(customer=owner))
        Call.objects.filter(pk=call.pk).update(state=state)
    client = browser(cast.supervisor)
    asked = ask(client, "campaign", "a wrong list", campaign=campaign.pk)
    assert f"Stop the campaign “{campaign.name}”?" in asked and "a wrong list" in asked
    assert figures(asked)[:2] == [1, 1]
    assert figures(ask(client, "all"))[:2] == [1, 1]
    assert "Stop every call of the robot?" in ask(client, "robot")
    # confirmed for another scope is not confirmed
    elsewhere = ask(client, "campaign", campaign=other.pk, confirmed=f"campaign:{campaign.pk}")
    assert f"Stop the campaign “{other.name}”?" in elsewhere
    assert figures(elsewhere) == [0, 0, 0, 0]
    assert not KillSwitch.objects.exists()


def figures(shown: str) -> list[int]:
    """Talking, ringing, planned, due."""
    return [int(n) for n in re.findall(r'class="value">(\d+)<', shown)]


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


@pytest.mark.parametrize(
    ("who", "first_page", "in_menu"),
    [
        ("supervisor", "/wall/", True),
        ("officer", "/compliance/", False),  # the hub leads there
        ("operator", "/compliance/", False),
        ("marketer", "/campaigns/", False),
    ],
)
def test_a_menu_leads_there_for_whoever_may_throw_it_and_has_no_hub(
    cast: Cast, who: str, first_page: str, in_menu: bool
) -> None:
    shown = browser(getattr(cast, who)).get(first_page).content.decode()
    menu = shown.split("<nav")[1].split("</nav>")[0]
    assert ('href="/compliance/switch/"' in menu) is in_menu
