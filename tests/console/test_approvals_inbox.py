"""Head office's common inbox: what waits for whom, and where it is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import SIGNERS
from approvals import deciding
from approvals.models import Approval
from clock.reading import now
from console.approval_kinds import KINDS, address_of, label_of
from tests.cast import Cast, person

pytestmark = pytest.mark.django_db


def page(user: User) -> str:
    user.language = "en"
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("approvals-inbox"))
    assert answer.status_code == 200
    return answer.content.decode()


def ask(maker: User, title: str, *, subject: str = "unsuppression:7", hours: int = 24) -> Approval:
    return deciding.submit(
        subject=subject,
        content_hash="a" * 64,
        maker=maker,
        branch=None,
        title=title,
        expires_at=now() + timedelta(hours=hours),
    )


def test_a_request_waits_for_others_of_the_role_and_is_shown_to_its_maker(cast: Cast) -> None:
    ask(cast.officer, "Lift the entry of C0001")
    second = person("second_officer", Role.COMPLIANCE)
    waiting, asked = page(second), page(cast.officer)
    assert "End of a refusal #7" in waiting
    assert "Asked for by you" not in waiting
    assert "Asked for by you" in asked
    assert "Nothing waits for you" in asked
    assert "End of a refusal" not in page(cast.reviewer)


def test_the_end_of_a_refusal_is_named_in_the_readers_language(cast: Cast) -> None:
    ask(cast.officer, "禁呼记录 12")
    second = person("second_officer", Role.COMPLIANCE)
    assert "禁呼" not in page(second)
    client = Client()
    second.language = "zh-hans"
    second.save(update_fields=["language"])
    client.force_login(second)
    shown = client.get(reverse("approvals-inbox")).content.decode()
    assert "解除禁呼 #7" in shown and "禁呼记录 12" not in shown
    cast.reviewer.language = "zh-hans"
    cast.reviewer.save(update_fields=["language"])
    client.force_login(cast.reviewer)
    empty = client.get(reverse("approvals-inbox")).content.decode()
    assert "没有待您签批的事项" in empty and "待审批的名单" not in empty


def test_what_was_decided_shows_its_reason(cast: Cast) -> None:
    approval = ask(cast.officer, "Lift the entry of C0001")
    second = person("second_officer", Role.COMPLIANCE)
    deciding.send_back(approval=approval, checker=second, reason="The letter is missing")
    for user in (cast.officer, second):
        shown = page(user)
        assert "The letter is missing" in shown
        assert "Returned" in shown


def test_what_ran_out_says_so_before_the_sweeper_has_been(cast: Cast) -> None:
    approval = ask(cast.officer, "Lift the entry of C0001")
    Approval.objects.filter(pk=approval.pk).update(expires_at=now() - timedelta(seconds=1))
    shown = page(person("second_officer", Role.COMPLIANCE))
    assert "Nothing waits for you" in shown
    assert "Ran out" in shown


def test_many_requests_ask_the_database_no_more(cast: Cast) -> None:
    second = person("second_officer", Role.COMPLIANCE)
    ask(cast.officer, "one")
    page(second)
    with CaptureQueriesContext(connection) as few:
        page(second)
    for n in range(20):
        ask(cast.officer, f"request {n}", subject=f"unsuppression:{100 + n}")
    with CaptureQueriesContext(connection) as many:
        page(second)
    assert len(many) <= len(few)


def test_every_kind_with_a_page_has_somebody_who_signs_it() -> None:
    assert set(KINDS) <= set(SIGNERS)
    for kind in KINDS:
        assert address_of(f"{kind}:1").startswith("/")
        assert label_of(f"{kind}:1") != kind
    assert address_of("surprise:1") == ""
    assert label_of("surprise:1") == "surprise"
