"""The what-if page: what an answer was worked out from, and when it is out of date."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import what_if
from campaigns.models import Campaign, WhatIf
from campaigns.what_if_basis import Changed
from compliance import drafting
from compliance.domain.intent import Actor
from compliance.models import PackVersion
from tests.campaigns.making import TUESDAY, make_campaign, make_world
from tests.cast import Cast, customer, number

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    make_world()
    return make_campaign(cast)


@pytest.fixture
def draft(cast: Cast, campaign: Campaign) -> PackVersion:
    return drafting.draft_from(PackVersion.objects.get(version="1.0"), cast.officer)


def answered(cast: Cast, version: PackVersion, campaign: Campaign) -> WhatIf:
    made = what_if.ask(
        version, maker_id=cast.officer.pk, at=TUESDAY, actor=Actor.HUMAN, campaign=campaign
    )
    assert what_if.answer(made.pk)
    return WhatIf.objects.get(pk=made.pk)


def shown(cast: Cast, client: Client, asked: WhatIf, language: str = "en") -> str:
    cast.officer.language = language
    cast.officer.save(update_fields=["language"])
    client.force_login(cast.officer)
    return client.get(reverse("what-if", args=[asked.pk])).content.decode()


def changed(cast: Cast, draft: PackVersion, rule_id: str, **values: object) -> PackVersion:
    rules = [
        {**rule, **values} if rule["id"] == rule_id else rule for rule in draft.document["rules"]
    ]
    document = {**draft.document, "rules": rules}
    return drafting.save(draft, document, actor=cast.officer, seen=draft.sha256)


def test_a_version_stands_there_as_on_the_packs_page(
    cast: Cast, client: Client, draft: PackVersion
) -> None:
    cast.officer.language = "en"
    cast.officer.save(update_fields=["language"])
    client.force_login(cast.officer)
    page = client.get(reverse("what-ifs")).content.decode()
    choices = page.split('name="version"')[1].split("</select>")[0]
    assert "· In force</option>" in choices and "· Draft</option>" in choices
    assert "Approved" not in choices


def test_an_answer_says_what_it_was_worked_out_from(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion
) -> None:
    asked = answered(cast, draft, campaign)
    page = shown(cast, client, asked)
    assert draft.sha256[:12] in page
    assert PackVersion.objects.get(version="1.0").sha256[:12] in page
    assert "5 customers with a number" in page
    assert "out of date" not in page
    assert what_if.changed(asked) == ()


def test_a_changed_draft_makes_its_answer_old_and_it_is_asked_again(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion
) -> None:
    asked = answered(cast, draft, campaign)
    changed(cast, draft, "C1", limit=1)
    page = shown(cast, client, asked)
    assert "This answer is out of date" in page and "the draft." in page
    assert "此结果已过时" in shown(cast, client, asked, "zh-hans")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    answer = client.post(reverse("what-ifs"), fields)
    again = WhatIf.objects.latest("pk")
    assert answer.headers["Location"] == reverse("what-if", args=[again.pk])
    assert (again.version_id, again.campaign_id, again.at, again.actor) == (
        asked.version_id,
        asked.campaign_id,
        asked.at,
        asked.actor,
    )
    draft.refresh_from_db()
    assert again.sha256 == draft.sha256 != asked.sha256


def test_another_customer_on_the_list_makes_it_old(
    cast: Cast, campaign: Campaign, draft: PackVersion
) -> None:
    asked = answered(cast, draft, campaign)
    customer("NEW", "某某", cast.xihu, [number("+8613905710099")], born=1990, risk=3)
    assert what_if.changed(asked) == (Changed.LIST,)


def test_another_choice_of_the_list_makes_it_old(
    cast: Cast, campaign: Campaign, draft: PackVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answered(cast, draft, campaign)
    # a long list is compared by how it is chosen, not by its people
    asked.result["listed"], asked.result["basis"]["people"] = 10**6, ""
    customer("NEW", "某某", cast.xihu, [number("+8613905710099")], born=1990, risk=3)
    assert what_if.changed(asked) == ()
    asked.campaign = Campaign.objects.get(pk=campaign.pk)
    asked.campaign.limits = {"rules": [{"id": "L1"}]}
    assert what_if.changed(asked) == (Changed.LIST,)


def test_other_rules_in_force_make_it_old(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion
) -> None:
    asked = answered(cast, draft, campaign)
    PackVersion.objects.filter(version="1.0").update(effective_to=TUESDAY)
    assert what_if.changed(asked) == (Changed.RULES_IN_FORCE,)
    assert "the rules in force at that time." in shown(cast, client, asked)


def test_a_question_overtaken_by_its_draft_says_so(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion
) -> None:
    made = what_if.ask(
        draft, maker_id=cast.officer.pk, at=TUESDAY, actor=Actor.HUMAN, campaign=campaign
    )
    changed(cast, draft, "C1", limit=1)
    assert what_if.answer(made.pk)
    page = shown(cast, client, made, "zh-hans")
    assert "提问之后草案又有修改。" in page and "重新测算" in page


def test_two_rules_of_one_reason_are_told_apart(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion
) -> None:
    asked = answered(cast, draft, campaign)
    for side in ("before", "after"):
        asked.result[side]["primary"] = {"CAP_C1": 2, "CAP_C3": 1, "COOLOFF_BOUGHT": 1}
    asked.save(update_fields=["result"])
    client.force_login(cast.officer)
    labels = client.get(reverse("what-if", args=[asked.pk])).context["chart"]["reasons"]
    assert len(set(labels)) == 3
    assert any(label.startswith("C1 ") for label in labels)


@pytest.mark.parametrize(
    "junk",
    [
        {"at": "0001-01-01T00:00"},
        {"at": "9999-12-31T23:59"},
        {"at": "soon"},
        {"version": "²"},
        {"version": "9" * 30},
        {"list": "campaign:²"},
        {"list": "campaign:" + "9" * 30},
        {"actor": "\0"},
    ],
)
def test_a_question_that_is_none_is_not_asked(
    cast: Cast, client: Client, campaign: Campaign, draft: PackVersion, junk: dict[str, str]
) -> None:
    client.force_login(cast.officer)
    asked = {
        "version": str(draft.pk),
        "list": f"campaign:{campaign.pk}",
        "at": "2026-11-24T10:00",
        "actor": "robot",
    }
    answer = client.post(reverse("what-ifs"), {**asked, **junk})
    assert answer.status_code == 200 and b'class="note error"' in answer.content
    assert not WhatIf.objects.exists()
