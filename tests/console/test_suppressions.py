"""The pages of refusals: found by a whole number, shown masked, ended by two people."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.timezone import localtime

from accounts.domain.roles import Role
from approvals.models import Approval
from audit.models import Entry
from clock.reading import now
from compliance import lifting, suppressing
from compliance.models import LiftRequest, Suppression
from tests.cast import Cast, person


@pytest.fixture
def refusal(cast: Cast) -> Suppression:
    number = cast.wang.numbers.get()
    written = suppressing.opt_out(
        customer_id=cast.wang.pk,
        number_id=number.pk,
        source="robot",
        evidence={"call": "c", "text": "别再打了"},
        at=now(),
    )
    return Suppression.objects.get(pk=written[0])


def search(client: Client, query: str, why: str = "customer_asks") -> str:
    return client.post("/compliance/suppressions/", {"q": query, "why": why}).content.decode()


@pytest.mark.parametrize("query", ["139 0571 0001", "+8613905710001", "C0001"])
def test_a_refusal_is_found_by_the_whole_number_or_id_and_shown_masked(
    cast: Cast, refusal: Suppression, client: Client, query: str
) -> None:
    client.force_login(cast.officer)
    shown = search(client, query)
    assert f"/compliance/suppressions/{refusal.pk}/" in shown
    assert "C0001" in shown and "****0001" in shown
    assert "王芳" not in shown
    if query != "+8613905710001":
        assert "+8613905710001" not in shown
    note = Entry.objects.filter(kind="customer.searched").latest("pk")
    assert "0001" not in str(note.payload)


def test_parts_of_a_number_find_nobody_and_nobody_is_shown_without_a_reason(
    cast: Cast, refusal: Suppression, client: Client
) -> None:
    client.force_login(cast.officer)
    assert "neither a whole telephone number" in search(client, "0001")
    assert "Choose why you look" in search(client, "C0001", why="")
    assert "****" not in search(client, "C0001", why="")
    assert "****" not in search(client, "C0001", why="curiosity")
    for absurd in ("x" * 61, "a\x00b", ""):
        shown = search(client, absurd)
        assert "errorlist" in shown.split('name="q"')[1].split("</div>")[0]


@pytest.mark.parametrize("query", ["1390571000", "C0001X", "nobody", "139****0001", "10086"])
def test_what_is_no_whole_number_and_no_known_id_is_never_said_to_have_no_refusal(
    cast: Cast, refusal: Suppression, client: Client, query: str
) -> None:
    client.force_login(cast.officer)
    shown = search(client, query)
    assert (
        "neither a whole telephone number nor the id of a customer"
        in (shown.split('name="q"')[1].split("</div>")[0])
    )
    assert "No refusal on record" not in shown and "✓" not in shown
    note = Entry.objects.filter(kind="customer.searched").latest("pk")
    assert note.payload == {"by": "", "found": 0, "why": "customer_asks"}


@pytest.mark.parametrize("query", ["C0002", "c0002", "139 0000 0001"])
def test_a_known_customer_or_whole_number_without_a_refusal_has_none_on_record(
    cast: Cast, refusal: Suppression, client: Client, query: str
) -> None:
    client.force_login(cast.officer)
    assert "No refusal on record" in search(client, query)


def test_one_asks_and_another_signs(cast: Cast, refusal: Suppression, client: Client) -> None:
    client.force_login(cast.officer)
    page = f"/compliance/suppressions/{refusal.pk}/"
    assert client.post(page, {"why": "customer_asks"}).status_code == 302
    assert "别再打了" in client.get(page).content.decode()
    shown = client.post(page, {"reason": "asked", "evidence": ""}).content.decode()
    assert "Say where its evidence is kept." in shown.split('name="evidence"')[1].split("</div>")[0]
    assert 'value="asked"' in shown
    client.post(page, {"reason": "asked in the branch", "evidence": "form 7"})
    asked = LiftRequest.objects.get()
    below = f"/compliance/suppressions/requests/{asked.pk}/"
    seen = lifting.content_of(asked)
    assert "Somebody else must sign this." in client.get(below).content.decode()
    answer = client.post(f"{below}sign/", {"content_hash": seen}, follow=True).content.decode()
    assert "Whoever submitted this cannot decide it." in answer
    assert Suppression.objects.filter(lifted_at__isnull=True).count() == 2
    assert cast.officer.get_full_name() in client.get(below).content.decode()
    client.force_login(person("officer_two", Role.COMPLIANCE))
    assert below in client.get("/compliance/inbox/").content.decode()
    assert seen in client.get(below).content.decode()
    answer = client.post(f"{below}sign/", {"content_hash": seen}, follow=True).content.decode()
    assert "2 entries have ended." in answer
    assert not Suppression.objects.filter(lifted_at__isnull=True).exists()
    signed = Approval.objects.get(subject=f"unsuppression:{asked.pk}")
    assert signed.checker is not None and signed.decided_at is not None
    on_record = f"{localtime(signed.decided_at):%Y-%m-%d %H:%M} · {signed.checker.get_full_name()}"
    assert f"<dt>Approved</dt><dd>{on_record}</dd>" in client.get(below).content.decode()


def test_a_refusal_opens_only_with_a_reason_which_the_search_is_too(
    cast: Cast, refusal: Suppression, client: Client
) -> None:
    client.force_login(cast.officer)
    page = f"/compliance/suppressions/{refusal.pk}/"
    shown = client.get(page).content.decode()
    assert "say why you look" in shown and "别再打了" not in shown and "0001" not in shown
    refused = client.post(page, {"why": "curiosity"}).content.decode()
    assert "Choose why you look" in refused and "别再打了" not in refused
    assert client.post(page, {"reason": "asked in person", "evidence": "e"}).status_code == 200
    assert not LiftRequest.objects.exists()
    client.post(page, {"why": "complaint", "reference": "12378-7 王芳"})
    assert "别再打了" in client.get(page).content.decode()
    notes = Entry.objects.filter(kind="record.opened", subject=f"suppression:{refusal.pk}")
    assert [note.payload for note in notes.order_by("pk")] == [
        {"why": "complaint", "reference": "12378-7"},
        {},
    ]
    other = Client()
    other.force_login(cast.officer)
    search(other, "C0001")
    assert "别再打了" in other.get(page).content.decode()


@pytest.mark.parametrize("reason", ["-1", "。。。。", "12345", "a b c"])
def test_a_reason_that_says_nothing_is_refused_at_its_field(
    cast: Cast, refusal: Suppression, client: Client, reason: str
) -> None:
    client.force_login(cast.officer)
    page = f"/compliance/suppressions/{refusal.pk}/"
    client.post(page, {"why": "customer_asks"})
    shown = client.post(page, {"reason": reason, "evidence": "form 7"}).content.decode()
    assert "at least 4 letters" in shown.split('name="reason"')[1].split("</div>")[0]
    assert not LiftRequest.objects.exists()
    client.post(page, {"reason": "本人要求", "evidence": "form 7"})
    assert LiftRequest.objects.get().reason == "本人要求"


@pytest.mark.parametrize("who", ["marketer", "manager_xihu", "agent_lin", "reviewer", "outsider"])
def test_others_may_neither_look_nor_ask(
    cast: Cast, refusal: Suppression, client: Client, who: str
) -> None:
    client.force_login(getattr(cast, who))
    page = f"/compliance/suppressions/{refusal.pk}/"
    assert client.get(page).status_code == 403
    assert client.post(page, {"reason": "r", "evidence": "e"}).status_code == 403
    assert client.post("/compliance/suppressions/requests/1/sign/").status_code == 403
    assert not LiftRequest.objects.exists()
