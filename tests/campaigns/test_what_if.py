"""What-ifs on a real list: counts, differences, the curve, sampling, failures, and the page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.domain.roles import Role
from accounts.models import User
from audit.models import Entry
from campaigns import what_if
from campaigns.models import Campaign, Lead, WhatIf
from clock.reading import now
from compliance import drafting
from compliance.domain.intent import Actor
from compliance.models import Contact, Decision, PackVersion
from tests.campaigns.making import TUESDAY, make_campaign, make_world, screened
from tests.cast import Cast, customer, number, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    make_world()
    return make_campaign(cast)


def draft(cast: Cast, rule_id: str, **changes: object) -> PackVersion:
    made = drafting.draft_from(PackVersion.objects.get(version="1.0"), cast.officer)
    rules = [
        {**rule, **changes} if rule["id"] == rule_id else rule for rule in made.document["rules"]
    ]
    return drafting.save(
        made, {**made.document, "rules": rules}, actor=cast.officer, seen=made.sha256
    )


def answered(cast: Cast, version: PackVersion, **asked: object) -> WhatIf:
    values = {"at": TUESDAY, "actor": Actor.HUMAN, **asked}
    made = what_if.ask(version, maker_id=cast.officer.pk, **values)  # type: ignore[arg-type]
    assert what_if.answer(made.pk)
    made.refresh_from_db()
    return made


def test_the_version_in_force_changes_nothing(cast: Cast, campaign: Campaign) -> None:
    found = answered(cast, PackVersion.objects.get(), campaign=campaign)
    assert (found.state, found.problem) == ("done", "")
    assert found.result["listed"] == found.result["judged"] == 5
    assert found.result["before"] == found.result["after"]
    assert found.result["gained"] == found.result["lost"] == {}
    assert found.result["packs"]["before"] == found.result["packs"]["after"]
    assert Entry.objects.filter(kind="what_if.asked").count() == 1


def test_the_counts_are_those_of_screening(cast: Cast) -> None:
    make_world()
    campaign = screened(cast)
    at = max(now(), campaign.starts_at)
    found = answered(cast, PackVersion.objects.get(), campaign=campaign, actor=Actor.ROBOT, at=at)
    listed = Lead.objects.filter(campaign=campaign, state="listed", clears_at__isnull=True)
    assert found.result["before"]["allowed"] == listed.count() > 0


def test_a_draft_that_forbids_says_whom_and_why(cast: Cast, campaign: Campaign) -> None:
    found = answered(cast, draft(cast, "C1", limit=0), campaign=campaign).result
    assert found["after"]["allowed"] == 0
    assert found["lost"] == {"CAP_C1": found["before"]["allowed"]}
    assert found["before"]["allowed"] > 0
    assert sum(found["curve"]["after"]["days"]) == 0
    assert sum(found["curve"]["before"]["days"]) > 0


def test_a_draft_that_loosens_says_who_becomes_callable(cast: Cast, campaign: Campaign) -> None:
    evening = TUESDAY.replace(hour=13)  # 21:00 in Beijing
    loose = draft(cast, "W1", windows={"workday": [["09:00", "22:00"]]}, regions={})
    found = answered(cast, loose, campaign=campaign, at=evening).result
    assert found["before"]["allowed"] == 0
    assert found["gained"] == {"WINDOW": found["after"]["allowed"]}
    assert found["after"]["allowed"] > 0
    # 21:00 is in the first hour of the curve
    assert found["curve"]["after"]["hours"][0] == found["after"]["allowed"]
    assert found["curve"]["before"]["hours"][0] == 0


def test_nothing_is_written_but_the_answer(cast: Cast, campaign: Campaign) -> None:
    answered(cast, draft(cast, "C1", limit=0), campaign=campaign)
    assert not Lead.objects.exists()
    assert not Decision.objects.exists()
    assert not Contact.objects.exists()


def test_a_long_list_is_sampled_and_says_so(
    cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "SAMPLE", 8)
    monkeypatch.setattr(what_if, "CURVE_SAMPLE", 4)
    monkeypatch.setattr(what_if, "STEP", 3)
    for n in range(20):
        customer(f"D{n}", "某某", cast.xihu, [number(f"+86139057100{n:02}")], born=1990, risk=3)
    found = answered(cast, PackVersion.objects.get(), campaign=campaign)
    assert (found.result["listed"], found.result["judged"]) == (25, 8)
    assert (found.done, found.wanted) == (8, 8)
    assert found.result["curve"]["asked"] == 4
    again = answered(cast, PackVersion.objects.get(), campaign=campaign)
    assert again.result["judged"] == 8


def test_a_draft_changed_since_is_not_answered_for(cast: Cast, campaign: Campaign) -> None:
    version = draft(cast, "C1", limit=0)
    made = what_if.ask(
        version, maker_id=cast.officer.pk, at=now(), actor=Actor.HUMAN, campaign=campaign
    )
    drafting.save(
        version,
        {**version.document, "notes": "other"},
        actor=cast.officer,
        seen=version.sha256,
    )
    assert what_if.answer(made.pk)
    made.refresh_from_db()
    assert made.state == "failed"
    assert "changed" in made.problem
    assert not what_if.answer(made.pk)


# --- the page ------------------------------------------------------------------------------------


def browser(user: User) -> Client:
    user.language = "en"
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


def fields(campaign: Campaign, **changes: str) -> dict[str, str]:
    return {
        "version": str(PackVersion.objects.get(version="1.0").pk),
        "list": f"campaign:{campaign.pk}",
        "at": "2026-03-10T14:00",
        "actor": "human",
        **changes,
    }


def test_a_question_is_asked_and_its_answer_shown(cast: Cast, campaign: Campaign) -> None:
    client = browser(cast.officer)
    version = draft(cast, "C1", limit=0)
    shown = client.post(
        reverse("what-ifs"), fields(campaign, version=str(version.pk)), follow=True
    ).content.decode()
    made = WhatIf.objects.get()
    assert made.at == TUESDAY
    assert "The list is being judged" in shown
    state = client.get(reverse("what-if-state", args=[made.pk])).json()
    assert state == {"state": "queued", "done": 0, "wanted": 0}
    what_if.answer(made.pk)
    shown = client.get(reverse("what-if", args=[made.pk])).content.decode()
    assert "Would be blocked" in shown
    assert "CAP_C1" in shown
    assert "what-if-data" in shown
    assert str(made) in client.get(reverse("what-ifs")).content.decode()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"list": ""}, "Choose a list."),
        ({"list": "campaign:999"}, "Choose a list."),
        ({"list": "campaign:abc"}, "Choose a list."),
        ({"at": "noon"}, "This is no time."),
        ({"version": "999"}, "Choose a version."),
    ],
)
def test_a_question_that_is_not_whole_is_told_why(
    cast: Cast, campaign: Campaign, changes: dict[str, str], complaint: str
) -> None:
    shown = browser(cast.officer).post(reverse("what-ifs"), fields(campaign, **changes))
    assert complaint in shown.content.decode()
    assert not WhatIf.objects.exists()


def test_only_compliance_and_the_reviewer_ask(cast: Cast, campaign: Campaign) -> None:
    assert browser(cast.reviewer).get(reverse("what-ifs")).status_code == 200
    for role in set(Role) - {Role.COMPLIANCE, Role.REVIEWER}:
        client = browser(person(f"x-{role.value}", role, cast.xihu))
        assert client.post(reverse("what-ifs"), fields(campaign)).status_code == 403
