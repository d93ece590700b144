"""The API: who may ask what, once however often, and what holds from the answer on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from api.clients import MOST_BYTES, Scope, end, make
from api.models import ApiClient, ApiRequest
from audiences.models import CustomerNumber, Number
from clock.reading import now
from compliance.facts import load
from compliance.models import Consent, Contact, Suppression
from compliance.screening import screen
from tests.compliance.conftest import Bank, make_customer
from tests.compliance.conftest import bank as bank  # the bank in the database
from tests.compliance.test_registers import intent
from tests.compliance.world import beijing

NOW = beijing("2026-11-24 10:00")


@pytest.fixture
def token(bank: Bank) -> str:
    return make("app", list(Scope))[1]


def post(
    path: str, body: Any, token: str = "", key: str = "request-1", client: Client | None = None
) -> Any:
    headers = {"Idempotency-Key": key}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return (client or Client()).post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def refusal(**changes: Any) -> dict[str, Any]:
    return {"customer_id": "X", "channel": "app", "reference": "app/2026/17", **changes}


def codes(bank: Bank, customer: str = "x", number: str = "home") -> list[str]:
    who, on = getattr(bank, customer), getattr(bank, number)
    return screen([(who.pk, on.pk)], intent(bank), now())[who.pk].codes


def test_a_refusal_in_the_app_holds_for_the_person_from_the_answer_on(
    bank: Bank, token: str
) -> None:
    answer = post("opt-outs", refusal(words="不要再打了"), token)
    assert answer.status_code == 201, answer.content
    assert len(answer.json()["entries"]) == 1
    entry = Suppression.objects.get()
    assert (entry.customer_id, entry.via, entry.evidence["text"]) == (
        bank.x.pk,
        "app",
        "不要再打了",
    )
    assert (entry.evidence["system"], entry.evidence["reference"]) == ("app", "app/2026/17")
    assert (codes(bank), codes(bank, "y")) == (["OPT_OUT"], [])


def test_a_refusal_by_number_holds_for_the_number_and_for_all_who_are_called_on_it(
    bank: Bank, token: str
) -> None:
    answer = post("opt-outs", {**refusal(), "customer_id": None, "number": "0571-12345678"}, token)
    assert answer.status_code == 201
    assert (codes(bank), codes(bank, "y"), codes(bank, "y", "mobile")) == (
        ["OPT_OUT"],
        ["OPT_OUT"],
        ["OPT_OUT"],
    )


def test_a_strangers_refusal_holds_when_the_number_comes_to_us(bank: Bank, token: str) -> None:
    body = {**refusal(), "customer_id": None, "number": "+86 139 1234 5678"}
    assert post("opt-outs", body, token).status_code == 201
    newcomer = make_customer(bank.branch, "NEW", NOW)
    number = Number.objects.get(e164="+8613912345678")
    CustomerNumber.objects.create(customer=newcomer, number=number)
    found = screen([(newcomer.pk, number.pk)], intent(bank), now())
    assert found[newcomer.pk].codes == ["OPT_OUT"]


def test_the_same_request_sent_again_does_nothing_and_gets_the_same_answer(
    bank: Bank, token: str
) -> None:
    first, again = (post("opt-outs", refusal(), token) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert Suppression.objects.count() == ApiRequest.objects.count() == 1
    other = post("opt-outs", refusal(reference="else"), token)
    assert (other.status_code, other.json()) == (422, {"detail": "key_reused"})
    assert post("opt-outs", refusal(reference="else"), token, key="request-2").status_code == 201
    assert Suppression.objects.count() == 2


def test_a_request_that_fails_uses_up_no_key(bank: Bank, token: str) -> None:
    answer = post("opt-outs", refusal(customer_id="NOBODY"), token)
    assert (answer.status_code, answer.json()) == (404, {"detail": "unknown_customer"})
    assert post("opt-outs", refusal(), token).status_code == 201


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (refusal(customer_id=None, number="1.38E+10"), "number_lost_digits"),
        (refusal(customer_id=None, number="95588"), "number_not_callable"),
        (refusal(customer_id=None), None),
        (refusal(surprise=1), None),
        (refusal(channel="pigeon"), None),
        (refusal(words="x" * 501), None),
        (refusal(said_at="2026-11-24T10:00:00"), None),
        ([], None),
    ],
)
def test_what_cannot_be_understood_is_refused_and_nothing_is_kept(
    bank: Bank, token: str, body: Any, detail: str | None
) -> None:
    answer = post("opt-outs", body, token)
    assert answer.status_code == 422
    if detail is not None:
        assert answer.json() == {"detail": detail}
    assert not Suppression.objects.exists()


def test_only_a_token_in_use_with_the_scope_gets_in(bank: Bank, token: str) -> None:
    assert post("opt-outs", refusal()).status_code == 401
    assert post("opt-outs", refusal(), "sanshi_wrong").status_code == 401
    narrow = make("crm", [Scope.CONTACTS])[1]
    assert post("opt-outs", refusal(), narrow).status_code == 403
    end(ApiClient.objects.get(name="app"), actor_id=None)
    assert post("opt-outs", refusal(), token).status_code == 401
    assert not Suppression.objects.exists()


def test_a_token_is_kept_as_a_hash_alone(bank: Bank, token: str) -> None:
    kept = ApiClient.objects.get(name="app")
    assert token not in str(vars(kept))


def test_too_large_and_too_often_are_refused(bank: Bank, token: str) -> None:
    large = refusal(words="x" * MOST_BYTES)
    assert post("opt-outs", large, token).status_code == 413
    ApiClient.objects.update(per_minute=0)
    assert post("opt-outs", refusal(), token).status_code == 429
    assert not Suppression.objects.exists()


def test_a_refusal_gets_through_when_nobody_can_count(
    bank: Bank, token: str, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert post("opt-outs", refusal(), token).status_code == 201


def test_a_request_without_a_key_is_refused(bank: Bank, token: str) -> None:
    answer = Client().post(
        "/api/v1/opt-outs",
        json.dumps(refusal()),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 422


def test_consent_is_given_and_taken_back_but_lifts_no_refusal(bank: Bank, token: str) -> None:
    Consent.objects.all().delete()
    given = {
        "customer_id": "X",
        "basis": "app",
        "reference": "c/1",
        "granted_at": (NOW - timedelta(days=1)).isoformat(),
        "number": "057112345678",
    }
    assert post("consents", given, token).status_code == 201
    kept = Consent.objects.get()
    assert (kept.number_id, kept.basis) == (bank.home.pk, "app")
    assert codes(bank) == []
    taken = {"customer_id": "X", "reference": "c/2"}
    answer = post("consents/withdrawals", taken, token, key="request-2")
    assert answer.json() == {"consents": 1}
    assert codes(bank) == ["CONSENT_WITHDRAWN"]
    post("opt-outs", refusal(), token, key="request-3")
    again = {**given, "granted_at": now().isoformat()}
    assert post("consents", again, token, key="request-4").status_code == 201
    assert codes(bank) == ["OPT_OUT"]


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"granted_at": "2099-01-01T00:00:00Z"}, "in_the_future"),
        ({"number": "13800000001"}, "not_their_number"),
    ],
)
def test_a_consent_that_cannot_be_is_refused(
    bank: Bank, token: str, changes: dict[str, str], detail: str
) -> None:
    given = {
        "customer_id": "X",
        "basis": "app",
        "reference": "c/1",
        "granted_at": "2026-11-01T00:00:00Z",
    }
    answer = post("consents", {**given, **changes}, token)
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


def test_a_talk_in_the_branch_counts_for_the_caps(bank: Bank, token: str) -> None:
    spoken = {
        "customer_id": "X",
        "channel": "branch",
        "at": (NOW - timedelta(days=1)).isoformat(),
        "product_family": "deposit",
    }
    assert post("contacts", spoken, token).status_code == 201
    assert "CAP_C3" in codes(bank)
    (line,) = Contact.objects.all()
    assert (line.kind, line.channel, line.branch_id) == ("conversation", "branch", bank.branch.pk)
    facts = load([(bank.x.pk, bank.home.pk)], intent(bank), since=NOW).facts[0]
    assert facts.contacts[0].channel == "branch"


def test_what_it_can_do_is_described_without_a_token(bank: Bank) -> None:
    document = Client().get("/api/v1/openapi.json").json()
    assert set(document["paths"]) == {
        "/api/v1/opt-outs",
        "/api/v1/consents",
        "/api/v1/consents/withdrawals",
        "/api/v1/contacts",
    }
    assert Client().get("/api/v1/docs").status_code == 404


@pytest.mark.django_db
def test_the_command_shows_a_token_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issuetoken", "crm", "opt_outs", "contacts")
    assert capsys.readouterr().out.startswith("sanshi_")
    assert ApiClient.objects.get().scopes == ["opt_outs", "contacts"]
    with pytest.raises(CommandError, match="end it first"):
        call_command("issuetoken", "crm", "opt_outs")
