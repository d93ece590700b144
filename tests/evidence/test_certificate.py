"""A campaign's certificate: what is in it, that the numbers meet, and that anybody can check it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import Branch
from audit import verify_export
from audit.models import Entry
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, TargetList
from clock.reading import now
from compliance.complaints import open_case
from evidence.campaign_ledger import permissions_of
from evidence.certificate import certificate, with_proof
from evidence.certificate_pdf import certificate_pdf, statement
from evidence.dossier_pdf import dossier_json
from evidence.fingerprint import fingerprint
from tests.audit.test_books import seal_all
from tests.audit.test_record import tamper
from tests.dialer.line import dial
from tests.evidence.conftest import Evening

pytestmark = pytest.mark.django_db(transaction=True)


def made(evening: Evening) -> dict[str, Any]:
    return certificate(Campaign.objects.get(pk=evening.campaign.pk))


def test_it_holds_what_was_signed_and_by_whom(evening: Evening) -> None:
    found = made(evening)
    assert found["product"]["code"] == evening.campaign.product.code
    assert found["script"]["content_hash"] == evening.campaign.script_version.content_hash
    assert [each["number"] for each in found["caller_ids"]] == list(
        evening.campaign.caller_ids.values_list("number", flat=True)
    )
    (xihu,) = [each for each in found["lists"] if each["branch"] == "HZ-XH"]
    signature = xihu["signature"]
    assert (signature["maker"], signature["checker"]) == ("marketer", "manager_xihu")
    assert signature["content_hash"] == xihu["content_hash"]
    assert [(each["pack"], each["decisions"]) for each in found["packs"]] == [("cn-bank", 1)]


def test_screening_adds_up_by_code_and_by_verdict(evening: Evening) -> None:
    screening = made(evening)["screening"]
    assert screening["listed"] == sum(each.counts["listed"] for each in TargetList.objects.all())
    skipped = screening["listed"] - screening["eligible"] - screening["taken_out"]
    assert screening["skipped"] == skipped > 0
    assert sum(screening["by_area"].values()) == skipped
    assert sum(each["primary"] for each in screening["by_code"]) == skipped
    codes = {each["code"]: each["area"] for each in screening["by_code"]}
    assert codes["ELDER_ROBOT"] == "channel"  # Li is seventy


def test_a_refusal_at_the_gate_is_counted_by_every_reason(evening: Evening) -> None:
    with pytest.raises(AssertionError, match="OPT_OUT"):  # who has said no a moment ago
        dial(evening.campaign, evening.cast.wang)
    decisions = made(evening)["decisions"]
    assert (decisions["total"], decisions["allowed"], decisions["refused"]) == (2, 1, 1)
    by_code = {each["code"]: each for each in decisions["by_code"]}
    assert by_code["OPT_OUT"]["primary"] == 1
    assert sum(each["primary"] for each in decisions["by_code"]) == 1
    assert (decisions["by_area"]["customer"], decisions["with_area"]["customer"]) == (1, 1)


def test_each_call_has_one_decision_and_one_line(evening: Evening) -> None:
    assert made(evening)["calls"] == {
        "allowed_decisions": 1, "ledger_attempts": 1, "taken_back": 0, "not_established": 0,
        "placed": 1, "faults": dict.fromkeys(permissions_of(0).faults, 0), "sound": True,
    }  # fmt: skip


def test_an_agents_own_leg_is_no_call_to_a_customer(evening: Evening) -> None:
    tamper(
        "INSERT INTO compliance_decision (at, verdict, codes, campaign_id, attempt_id, purpose,"
        " actor, packs, intent, facts, decision, inputs_hash) SELECT at, 'allow', '{}',"
        " campaign_id, gen_random_uuid(), 'agent_leg', 'human', '{}', '{}', '{}', '{}', ''"
        " FROM compliance_decision"
    )
    found = made(evening)
    assert found["calls"]["sound"]
    assert found["decisions"]["total"] == 1


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        ("DELETE FROM compliance_decision", "placed_undecided"),
        ("DELETE FROM compliance_contact", "placed_unwritten"),
        (
            "INSERT INTO compliance_contact (at, kind, campaign_id, attempt_id, actor, purpose)"
            " SELECT at, 'release', campaign_id, attempt_id, actor, purpose"
            " FROM compliance_contact WHERE kind = 'attempt'",
            "placed_after_release",
        ),
        (
            "INSERT INTO compliance_contact (at, kind, campaign_id, attempt_id, actor, purpose)"
            " SELECT at, kind, campaign_id, gen_random_uuid(), actor, purpose"
            " FROM compliance_contact WHERE kind = 'attempt'",
            "written_undecided",
        ),
    ],
)
def test_a_call_without_its_permission_is_said(evening: Evening, attack: str, fault: str) -> None:
    tamper(attack)
    found = made(evening)
    assert found["calls"]["faults"][fault] == 1
    assert not found["calls"]["sound"]
    with translation.override("en"):
        assert "do not agree" in statement(found)


def test_opt_outs_and_complaints_of_its_people(evening: Evening) -> None:
    open_case(
        customer_id=evening.cast.wang.pk,
        number_id=None,
        source="12378",
        evidence={},
        at=now(),
        campaign_id=evening.campaign.pk,
    )
    found = made(evening)
    assert [(each["channel"], each["opt_outs"]) for each in found["opt_outs"]] == [
        ("robot", 1),
        ("all", 1),
    ]
    assert found["complaints"] == {
        "total": 1, "open": 1, "justified": 0, "by_channel": {"12378": 1},
    }  # fmt: skip


def test_nobody_is_named_in_it(evening: Evening) -> None:
    text = dossier_json(with_proof(made(evening), evening.campaign)).decode()
    number = evening.cast.wang.numbers.get().e164
    assert "王芳" not in text and number not in text and "C0001" not in text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_same_data_give_the_same_bytes(evening: Evening, language: str) -> None:
    with translation.override(language):
        first, again = certificate_pdf(made(evening)), certificate_pdf(made(evening))
        assert first == again
        assert first.startswith(b"%PDF-")
    assert dossier_json(made(evening)) == dossier_json(made(evening))
    seal_all()
    documents = [with_proof(made(evening), evening.campaign) for _time in range(2)]
    assert dossier_json(documents[0]) == dossier_json(documents[1])


def check(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "certificate.json"
    file.write_bytes(dossier_json(document))
    command = [sys.executable, "-I", "-S", verify_export.__file__, str(file)]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


def test_its_proof_is_checked_offline(evening: Evening, tmp_path: Path) -> None:
    seal_all()
    document = with_proof(made(evening), evening.campaign)
    kinds = {entry["kind"] for entry in document["proof"]["entries"]}
    assert kinds >= {"target_list.submitted", "target_list.approved", "pack.installed"}
    done = check(document, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    # the readable part stands under its fingerprint; what was signed, in the entries
    document["calls"]["placed"] = 0
    assert "shown_changed" in check(document, tmp_path).stderr
    document = with_proof(made(evening), evening.campaign)
    document["proof"]["entries"][0]["actor"] = 4711
    assert "entry_changed" in check(document, tmp_path).stderr


def test_more_branches_cost_no_more_statements(evening: Evening) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            with_proof(made(evening), evening.campaign)
        return len(found)

    seal_all()
    before = statements()
    for number in range(20):
        TargetList.objects.create(
            campaign=evening.campaign,
            branch=Branch.objects.create(code=f"B{number}", name="支行"),
            state=ListState.SCREENED.value,
            counts={"listed": 3, "eligible": 1, "blocked": {"OPT_OUT": 2}},
            screened_at=now(),
        )
    assert statements() == before


def test_it_is_handed_out_and_that_is_noted(evening: Evening, client: Client) -> None:
    client.force_login(evening.cast.officer)
    address = f"/compliance/evidence/campaigns/{evening.campaign.pk}/"
    assert evening.campaign.name in client.get("/compliance/evidence/campaigns/").content.decode()
    page = client.get(address)
    assert page.status_code == 200
    assert fingerprint(made(evening)) in page.content.decode()
    assert not Entry.objects.filter(kind="evidence.certificate").exists()
    for kind, content_type in (("pdf", "application/pdf"), ("json", "application/json")):
        answer = client.get(address, {"format": kind})
        assert answer.headers["Content-Type"] == content_type
    entries = Entry.objects.filter(kind="evidence.certificate").order_by("id")
    assert [each.payload["format"] for each in entries] == ["pdf", "json"]
    assert {each.payload["sha256"] for each in entries} == {fingerprint(made(evening))}
    assert client.get(address, {"format": "doc"}).status_code == 404
    assert client.get("/compliance/evidence/campaigns/999999/").status_code == 404
    assert client.get(f"/compliance/evidence/campaigns/{10**30}/").status_code == 404
    for asked in ({"q": "nothing"}, {"q": "\x00"}, {"q": "%_'"}, {"page": "x"}, {"page": "-1"}):
        assert client.get("/compliance/evidence/campaigns/", asked).status_code == 200


@pytest.mark.parametrize(
    ("person", "status"),
    [("officer", 200), ("reviewer", 200), ("manager_xihu", 403), ("marketer", 403),
     ("supervisor", 403), ("agent_lin", 403), ("outsider", 403)],
)  # fmt: skip
def test_it_is_head_offices(evening: Evening, client: Client, person: str, status: int) -> None:
    client.force_login(getattr(evening.cast, person))
    address = f"/compliance/evidence/campaigns/{evening.campaign.pk}/"
    assert client.get(address).status_code == status
    assert client.get(address, {"format": "pdf"}).status_code == status


def test_the_command_writes_both(evening: Evening, tmp_path: Path) -> None:
    for name in ("c.json", "c.pdf"):
        call_command("evidence", "certificate", str(evening.campaign.pk), str(tmp_path / name))
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF-")
    document = json.loads((tmp_path / "c.json").read_bytes())
    assert document["sha256"] == fingerprint(document)
