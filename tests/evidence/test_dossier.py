"""One call's dossier: complete, masked, provable by a program that knows nothing of us."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from audit import verify_export
from audit.models import Entry
from campaigns.reasons import sentence
from clock.reading import now
from compliance import complaints
from compliance.models import Complaint
from dialer import call_wording
from dialer.domain.call_kind import CallKind
from dialer.domain.call_state import CallState
from dialer.domain.recording_state import RecordingState
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Recording
from evidence import call_words, pdf
from evidence.dossier import dossier, find_call
from evidence.dossier_pdf import dossier_json, dossier_pdf
from evidence.history import WHAT
from evidence.words import VIAS
from robot.domain.intents.catalogue import Intent
from robot.wording import INTENTS
from tests.audit.test_books import seal_all
from tests.evidence.conftest import WORDS, Evening

pytestmark = pytest.mark.django_db(transaction=True)


def made(evening: Evening, **options: Any) -> dict[str, Any]:
    call = find_call(str(evening.line.call.public_id))
    assert call is not None
    return dossier(call, reader=evening.cast.officer, at=now(), **{"revealed": False, **options})


def check(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "dossier.json"
    file.write_bytes(dossier_json(document))
    command = [sys.executable, "-I", "-S", verify_export.__file__, str(file)]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


def test_it_holds_everything_about_the_call(evening: Evening) -> None:
    found = made(evening)
    call = evening.line.call
    assert found["call"]["sid"] == call.sid
    (decision,) = found["decisions"]
    assert decision["verdict"] == "allow"
    assert decision["facts"]["customer"]["id"] == evening.cast.wang.pk
    assert {pack["pack"] for pack in found["packs"]} == {"cn-bank"}
    assert [each["subject"].partition(":")[0] for each in found["approvals"]] == ["target_list"]
    assert found["script"]["content_hash"] == evening.campaign.script_version.content_hash
    assert [turn["heard"] for turn in found["turns"]] == ["", WORDS]
    assert {each["kind"] for each in found["contacts"]} >= {"attempt", "connect", "conversation"}
    assert {each["of"] for each in found["opt_outs"]} == {"customer", "number"}
    assert found["opt_outs"][0]["evidence"]["text"] == WORDS
    assert [
        each["params"]["CallStatus"] for each in found["webhooks"] if "CallStatus" in each["params"]
    ]
    kinds = {entry["kind"] for entry in found["proof"]["entries"]}
    assert kinds >= {"gate.allowed", "suppression.opt_out", "target_list.approved"}


def test_names_and_numbers_are_masked_unless_asked_for(evening: Evening) -> None:
    number = evening.cast.wang.numbers.get().e164
    masked = dossier_json(made(evening)).decode()
    assert number not in masked
    assert found_name(made(evening)) == "王*"
    assert found_name(made(evening, revealed=True)) == "王芳"
    assert number in dossier_json(made(evening, revealed=True)).decode()
    notes = Entry.objects.filter(kind="evidence.dossier").order_by("id")
    assert [note.payload["revealed"] for note in notes] == [False, False, True, True]
    assert {note.actor_id for note in notes} == {evening.cast.officer.pk}


def found_name(document: dict[str, Any]) -> str:
    name: str = document["customer"]["name"]
    return name


def test_its_proof_is_checked_offline(evening: Evening, tmp_path: Path) -> None:
    seal_all()
    document = made(evening)
    rows = document["proof"]["rows"]
    assert {row["table"] for row in rows} == {
        "compliance_contact", "compliance_decision", "dialer_callevent", "robot_turn",
    }  # fmt: skip
    done = check(document, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert ", 0 not sealed yet" in done.stdout


@pytest.mark.parametrize("what", ["entry", "row", "words", "batch", "seal"])
def test_a_dossier_that_was_changed_is_found_out(
    evening: Evening, tmp_path: Path, what: str
) -> None:
    seal_all()
    document = made(evening)
    proof = document["proof"]
    turn = next(row for row in proof["rows"] if WORDS in str(row["openings"]))
    match what:
        case "entry":
            proof["entries"][0]["actor"] = 4711
        case "row":
            turn["text"] = turn["text"].replace("opt_out", "affirm")
        case "words":
            opening = turn["openings"]["text"]
            opening["text"] = json.dumps("好的，谢谢", ensure_ascii=False)
        case "batch":
            proof["row_batches"][str(turn["entry"])].pop()
        case _:
            proof["seals"][0]["root"] = "0" * 64
    assert check(document, tmp_path).returncode == 1


@pytest.mark.parametrize("part", ["decisions", "contacts", "events", "turns"])
@pytest.mark.parametrize("what", ["last", "all", "part", "field", "added"])
def test_nothing_can_be_left_out_of_what_it_shows(
    evening: Evening, tmp_path: Path, part: str, what: str
) -> None:
    seal_all()
    document = made(evening)
    match what:
        case "last":
            document[part].pop()
        case "all":
            document[part] = []
        case "part":
            del document[part]
        case "field":
            del document[part][-1][list(document[part][-1])[-1]]
        case _:
            document[part][-1]["more"] = ""
    done = check(document, tmp_path)
    assert done.returncode == 1
    assert {line.split(":")[0] for line in done.stderr.splitlines()} == {"shown_changed"}
    assert f"({part} " in done.stderr


def test_its_fingerprint_is_the_same_until_something_changes(evening: Evening) -> None:
    first, again = made(evening), made(evening)
    assert again["sha256"] == first["sha256"]
    entries = Entry.objects.filter(kind="evidence.dossier")
    assert {each.payload["sha256"] for each in entries} == {first["sha256"]}
    seal_all()
    assert made(evening)["sha256"] == first["sha256"]
    Call.objects.filter(pk=evening.line.call.pk).update(duration_s=4711)
    assert made(evening)["sha256"] != first["sha256"]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells of the PDF that is made, in order."""
    found: list[str] = []
    facts, table = pdf.facts, pdf.table

    def keeping_facts(pairs: Sequence[tuple[str, str]]) -> Any:
        found.extend(cell for pair in pairs for cell in pair)
        return facts(pairs)

    def keeping_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
        found.extend(cell for row in (headings, *rows) for cell in row)
        return table(headings, rows)

    monkeypatch.setattr(pdf, "facts", keeping_facts)
    monkeypatch.setattr(pdf, "table", keeping_table)
    return found


def test_paper_and_file_can_be_compared(
    evening: Evening, client: Client, printed: list[str]
) -> None:
    client.force_login(evening.cast.officer)
    form = {"call": evening.line.call.sid, "why": "regulator"}
    client.post("/compliance/evidence/dossier/", {**form, "format": "pdf"})
    answer = client.post("/compliance/evidence/dossier/", {**form, "format": "json"})
    assert json.loads(answer.content)["sha256"] in printed


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("en", ["Xihu", "No more calls (by the safety words)", "List", "Rows of a ledger sealed",
                "The carrier says: Ended", "In our keeping", "Born on: 1990-06-01",
                "Ledger of dialogues", "The call's state", "Ringing"]),
        ("zh-hans", ["西湖支行", "要求不再来电 (安全词)", "名单", "账本行已封印",
                     "运营商报告：已结束", "已由我方保存", "出生日期: 1990-06-01",
                     "对话账本", "通话状态", "振铃中"]),
    ],
)  # fmt: skip
def test_the_pdf_says_it_in_words(
    evening: Evening, printed: list[str], language: str, wanted: list[str]
) -> None:
    at = now()
    Recording.objects.create(
        sid="RE1", call=evening.line.call, state="kept", sha256="a" * 64, seconds=5, channels=2,
        announced_at=at, tried_at=at, size=1, kept_at=at,
    )  # fmt: skip
    seal_all()
    with translation.override(language):
        dossier_pdf(made(evening))
    text = "\n".join(printed)
    assert [words for words in wanted if words not in text] == []
    # codes stand in brackets behind their words at most
    alone = set(printed)
    assert not alone & {"ledger.sealed", "gate.allowed", "kept", "status", "in-progress", "open"}
    assert "opt_out safety" not in text
    assert "target_list:" not in text
    assert '{"' not in text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pdf_leaves_nothing_of_the_call_out(
    evening: Evening, printed: list[str], language: str
) -> None:
    call = evening.line.call
    Call.objects.filter(pk=call.pk).update(answered_by="human")
    case = complaints.open_case(
        customer_id=evening.cast.wang.pk, number_id=None, source="12378", evidence={}, at=now()
    )
    Complaint.objects.filter(pk=case.pk).update(call_ref=call.public_id)
    with translation.override(language):
        document = made(evening)
        dossier_pdf(document)
        wanted = [
            str(WHAT[document["contacts"][0]["kind"]]),
            str(call_wording.STATES[document["events"][-1]["new"]]),
            str(call_wording.KINDS[call.kind]),
            str(call_words.ANSWERED_BY["human"]),
            str(VIAS["12378"]),
        ]
    assert document["contacts"] and document["events"] and document["complaints"]
    text = "\n".join(printed)
    assert [words for words in wanted if words not in text] == []


def test_every_state_has_its_words() -> None:
    for words, states in (
        (call_wording.KINDS, CallKind),
        (call_wording.STATES, CallState),
        (call_words.TRANSFERS, TransferState),
        (call_words.RECORDINGS, RecordingState),
    ):
        assert set(words) == {state.value for state in states}
    assert set(INTENTS) >= {intent.value for intent in Intent}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("carrier:no-answer", "The carrier says: No answer"),
        ("gate:OPT_OUT", "Refused by the gate: " + "{OPT_OUT}"),
        ("both_joined", "Both were in the call"),
        ("carrier:number:21211", "carrier:number:21211"),
        ("", ""),
    ],
)
def test_why_a_state_changed_is_said_in_words(code: str, words: str) -> None:
    with translation.override("en"):
        assert call_words.cause(code) == words.replace("{OPT_OUT}", sentence("OPT_OUT"))


@pytest.mark.parametrize("part", ["opt_outs", "webhooks", "recordings", "call", "sha256"])
def test_its_fingerprint_holds_what_no_ledger_does(
    evening: Evening, tmp_path: Path, part: str
) -> None:
    seal_all()
    document = made(evening)
    document[part] = "0" * 64
    done = check(document, tmp_path)
    assert done.returncode == 1
    assert "shown_changed" in done.stderr


def test_before_it_is_sealed_it_says_so(evening: Evening, tmp_path: Path) -> None:
    done = check(made(evening), tmp_path)
    assert done.returncode == 0
    assert ", 0 not sealed yet" not in done.stdout


def test_the_pdf_is_one(evening: Evening) -> None:
    seal_all()
    content = dossier_pdf(made(evening))
    assert content.startswith(b"%PDF-")
    assert b"STSong-Light" in content


@pytest.mark.parametrize("reference", ["sid", "attempt_id", "public_id"])
def test_a_call_is_found_by_each_of_its_ids(evening: Evening, reference: str) -> None:
    call = evening.line.call
    assert find_call(str(getattr(call, reference))) == call
    assert find_call("CA-nobody") is None


def test_the_page_hands_it_out_and_notes_why(evening: Evening, client: Client) -> None:
    client.force_login(evening.cast.officer)
    form = {"call": evening.line.call.sid, "why": "regulator", "format": "json"}
    answer = client.post("/compliance/evidence/dossier/", form)
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.content)["call"]["sid"] == evening.line.call.sid
    subject = f"customer:{evening.cast.wang.pk}"
    looked = Entry.objects.get(kind="customer.looked_at", subject=subject)
    assert looked.payload["why"] == "regulator"
    answer = client.post("/compliance/evidence/dossier/", {**form, "format": "pdf"})
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("change", [{"why": ""}, {"call": "CA0"}])
def test_without_a_reason_or_a_call_there_is_none_and_what_was_typed_stays(
    evening: Evening, client: Client, change: dict[str, str]
) -> None:
    client.force_login(evening.cast.officer)
    form = {"call": str(evening.line.call.sid), "why": "regulator", "format": "json"}
    answer = client.post("/compliance/evidence/dossier/", {**form, **change})
    assert "Content-Disposition" not in answer.headers
    shown = answer.content.decode()
    assert f'name="call" value="{ {**form, **change}["call"] }"' in shown
    chosen = shown.count('<option value="regulator" selected>')
    assert chosen == (0 if "why" in change else 1), "in its own form alone"
    assert not Entry.objects.filter(kind="evidence.dossier").exists()


def test_the_command_writes_both(evening: Evening, tmp_path: Path) -> None:
    for name in ("d.json", "d.pdf"):
        call_command("evidence", "dossier", str(evening.line.call.sid), str(tmp_path / name))
    assert (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((tmp_path / "d.json").read_bytes())["format"] == "sanshi-dossier-1"
