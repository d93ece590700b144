"""The admin pages of compliance open, say their rules in both languages, and change little."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from compliance.models import Decision, KillSwitch, PackVersion
from tests.compliance.conftest import Bank
from tests.compliance.world import beijing

_INSIDE = {
    "CalendarDay",
    "CampaignHour",
    "CaseNotice",
    "ComplaintEvent",
    "RegisterEntry",
    "RegisterRejection",
    "OptOutRejection",
}


@pytest.fixture
def office(client: Client, bank: Bank) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_every_list_opens(office: Client) -> None:
    for model in apps.get_app_config("compliance").get_models():
        # shown with the year or the case; strangers' numbers and bad rows are shown nowhere
        if model.__name__ in _INSIDE:
            continue
        name = f"admin:compliance_{model._meta.model_name}_changelist"
        assert office.get(reverse(name)).status_code == 200, name


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh-hans", "每位客户每个自然日最多拨打2次"), ("en", "At most 2 attempts per customer")],
)
def test_a_pack_reads_as_sentences_with_their_basis(
    office: Client, language: str, sentence: str
) -> None:
    version = PackVersion.objects.get()
    office.cookies["django_language"] = language
    page = office.get(reverse("admin:compliance_packversion_change", args=[version.pk]))
    text = page.content.decode()
    assert sentence in text
    assert "消费者权益保护法实施条例第24条" in text


def test_a_decision_shows_its_reasons(office: Client) -> None:
    reason = {
        "code": "OPT_OUT",
        "zh": "客户已拒绝营销来电",
        "en": "asked not to be called",
        "pack": "cn-bank@1.0",
        "legal_ref": "第24条",
    }
    decision = Decision.objects.create(
        at=beijing("2026-11-24 10:00"),
        verdict="block_terminal",
        codes=["OPT_OUT"],
        purpose="marketing",
        actor="robot",
        packs=[],
        intent={},
        facts={},
        decision={"reasons": [reason]},
        inputs_hash="",
    )
    page = office.get(reverse("admin:compliance_decision_change", args=[decision.pk]))
    assert "客户已拒绝营销来电" in page.content.decode()


def test_the_switch_is_thrown_and_released_with_an_entry_each(office: Client) -> None:
    url = reverse("admin:compliance_killswitch_changelist")
    office.post(reverse("admin:compliance_killswitch_add"), {"scope": "all", "reason": "drill"})
    switch = KillSwitch.objects.get()
    assert switch.released_at is None and switch.thrown_by is not None
    office.post(url, {"action": "release", "_selected_action": [switch.pk]})
    switch.refresh_from_db()
    assert switch.released_at is not None
    kinds = Entry.objects.filter(kind__startswith="kill_switch.").values_list("kind", flat=True)
    assert sorted(kinds) == ["kill_switch.released", "kill_switch.thrown"]


def test_nothing_here_deletes_a_refusal(office: Client) -> None:
    page = office.get(reverse("admin:compliance_suppression_add"))
    assert page.status_code == 403
