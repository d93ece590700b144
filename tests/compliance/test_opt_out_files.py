"""Refusals in a file: in force row by row, once, and none dropped silently."""

from __future__ import annotations

import html
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from accounts.domain.roles import Role
from accounts.models import User
from audiences.models import Customer, CustomerNumber, Number
from audit.models import Entry
from clock.reading import now
from compliance import locking, opt_out_files, opt_out_previewing
from compliance.domain.opt_out_file_state import OFFERED_FOR
from compliance.gate import reserve
from compliance.models import Attempt, OptOutFile, Suppression
from compliance.screening import screen
from tests.cast import person
from tests.compliance.conftest import Bank, make_customer
from tests.compliance.test_registers import intent
from tests.compliance.world import beijing

NOW = beijing("2026-11-24 10:00")


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


@pytest.fixture
def maker(bank: Bank) -> User:
    return person("maker", Role.COMPLIANCE)


def receive(content: str, maker: User) -> OptOutFile:
    return opt_out_files.receive(
        io.BytesIO(content.encode()), file_name="sms.csv", via="sms", maker=maker
    )


def codes(bank: Bank, customer: Customer, number: Number) -> list[str]:
    return screen([(customer.pk, number.pk)], intent(bank), now())[customer.pk].codes


def test_numbers_and_ids_are_refused_with_the_file_and_row_as_evidence(
    bank: Bank, maker: User
) -> None:
    content = "手机号,客户号\n138 0000 0001,\n,X\n1.38E+10,\n,NOBODY\n"
    done = opt_out_files.run(receive(content, maker).pk)
    assert (done.state, done.rows_read, done.rows_rejected) == ("done", 4, 2)
    assert list(done.rejected.values_list("row", "reason")) == [
        (4, "lost_digits"),
        (5, "unknown_customer"),
    ]
    # by the number: the number, and Y who is called on it
    by_number = Suppression.objects.filter(evidence__row=2)
    assert {(one.customer_id, one.number_id) for one in by_number} == {
        (bank.y.pk, None),
        (None, bank.mobile.pk),
    }
    by_id = Suppression.objects.get(evidence__row=3)
    assert (by_id.customer_id, by_id.via) == (bank.x.pk, "sms")
    assert by_id.evidence["sha256"] == done.sha256
    assert codes(bank, bank.x, bank.home) == ["OPT_OUT"]


def test_the_same_file_again_is_carried_out_once(bank: Bank, maker: User) -> None:
    first = opt_out_files.run(receive("13800000001\n", maker).pk)
    again = receive("13800000001\n", maker)
    assert again.pk == first.pk
    assert opt_out_files.run(again.pk).entries == Suppression.objects.count() == 2
    assert len(list(Path(first.path).parent.iterdir())) == 1


def test_a_run_that_died_goes_on_where_it_stopped(
    bank: Bank, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_files, "LOCKS", 2)
    file = receive("\n".join(f"1390000000{n}" for n in range(6)), maker)
    carry_out, calls = opt_out_files._carry_out, []

    def dies_in_the_second(*given: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        carry_out(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(opt_out_files, "_carry_out", dies_in_the_second)
    with pytest.raises(MemoryError):
        opt_out_files.run(file.pk)
    file.refresh_from_db()
    # what was carried out holds
    assert (file.state, file.last_row, Suppression.objects.count()) == ("failed", 2, 2)
    done = opt_out_files.run(file.pk)
    assert (done.state, done.rows_read, Suppression.objects.count()) == ("done", 6, 6)


def test_no_transaction_takes_more_than_its_locks(
    bank: Bank, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_files, "LOCKS", 5)
    for index in range(8):
        customer = make_customer(bank.branch, f"P{index}", NOW)
        number = Number.objects.create(e164=f"+86139000000{index:02d}", kind="mobile")
        CustomerNumber.objects.create(customer=customer, number=number)
    file = receive("\n".join(f"139000000{index:02d}" for index in range(8)), maker)
    taken: list[int] = []

    def counted(keys: list[int]) -> None:
        taken.append(len(keys))
        locking.take(keys)

    monkeypatch.setattr(opt_out_files, "take", counted)
    opt_out_files.run(file.pk)
    assert taken == [4, 4, 4, 4]


def test_refusals_cost_a_bounded_number_of_statements_each(bank: Bank, maker: User) -> None:
    few = receive("\n".join(f"1390000000{n}" for n in range(2)), maker)
    many = receive("\n".join(f"1380000001{n}" for n in range(8)), maker)
    counts = []
    for file in (few, many):
        with CaptureQueriesContext(connection) as queries:
            opt_out_files.run(file.pk)
        counts.append(len(queries))
    assert (counts[1] - counts[0]) / 6 < 16


@pytest.mark.django_db(transaction=True)
def test_a_call_that_rings_is_asked_to_end(committed_bank: Bank) -> None:
    bank = committed_bank
    ringing = reserve(lambda: intent(bank))
    assert ringing.attempt_id is not None
    opt_out_files.run(receive("客户号\nX\n", person("maker", Role.COMPLIANCE)).pk)
    assert Attempt.objects.get().cancel_wanted_at is not None


def test_a_file_that_is_none_fails_and_says_why(bank: Bank, maker: User) -> None:
    done = opt_out_files.run(receive("name,town\na,b\n", maker).pk)
    assert (done.state, "missing_columns" in done.error) == ("failed", True)


def test_whoever_is_named_again_counts_once_and_the_row_as_repeated(
    bank: Bank, maker: User
) -> None:
    # Y is called on the first number; the last row names Y alone
    content = "手机号,客户号\n13800000001,\n138-0000-0001,\n,Y\n13900000009,\n+8613900000009,\n"
    done = opt_out_files.run(receive(content, maker).pk)
    assert (done.rows_read, done.rows_repeated) == (5, 3)
    assert (done.people, done.numbers, done.entries) == (1, 2, 3)
    assert Suppression.objects.count() == 3
    assert sorted(Suppression.objects.values_list("evidence__row", flat=True)) == [2, 2, 5]


def test_nobody_is_written_twice_when_a_run_goes_on(
    bank: Bank, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_files, "LOCKS", 2)
    done = opt_out_files.run(receive("13800000001\n13900000009\n13800000001\n", maker).pk)
    assert (done.people, done.numbers, done.rows_repeated) == (1, 2, 1)


def offered(content: str, maker: User) -> OptOutFile:
    return opt_out_files.receive(
        io.BytesIO(content.encode()), file_name="sms.csv", via="sms", maker=maker, offered=True
    )


FILES = [
    "手机号,客户号\n13800000001,\n138-0000-0001,\n,Y\n13900000009,\n1.38E+10,\n,NOBODY\n",
    "13800000001\n",
    "客户号\nX\nX\nY\n",
]


@pytest.mark.parametrize("content", FILES)
def test_a_preview_says_what_the_run_then_does_and_writes_nothing(
    bank: Bank, maker: User, content: str
) -> None:
    file = offered(content, maker)
    numbers = Number.objects.count()
    said = opt_out_previewing.look(file)
    assert Number.objects.count() == numbers
    assert not Suppression.objects.exists()
    assert opt_out_files.confirm(file, actor=maker)
    done = opt_out_files.run(file.pk)
    assert (said.rows, said.rows_rejected, said.repeated, said.people, said.numbers) == (
        done.rows_read,
        done.rows_rejected,
        done.rows_repeated,
        done.people,
        done.numbers,
    )
    assert list(said.rejected) == list(done.rejected.values_list("row", "reason"))


def test_a_preview_tells_our_numbers_from_strangers_and_who_said_no_before(
    bank: Bank, maker: User
) -> None:
    opt_out_files.run(receive("客户号\nX\n", maker).pk)
    said = opt_out_previewing.look(
        offered("客户号,手机号\nX,\n,13800000001\n,13900000009\n", maker)
    )
    assert (said.people, said.known, said.strangers, said.refused_before) == (2, 1, 1, 1)


def test_a_longer_file_is_looked_at_in_part(
    bank: Bank, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_previewing, "PREVIEWED", 3)
    content = "\n".join(f"1390000000{n}" for n in range(5))
    said = opt_out_previewing.look(offered(content, maker))
    assert (said.rows, said.strangers, said.whole) == (3, 3, False)


def test_nothing_of_a_file_holds_before_it_is_confirmed(bank: Bank, maker: User) -> None:
    file = offered("客户号\nX\n", maker)
    assert opt_out_files.run(file.pk).state == "offered"
    assert not Suppression.objects.exists()
    assert opt_out_files.confirm(file, actor=maker)
    assert not opt_out_files.confirm(file, actor=maker)
    assert not opt_out_files.drop(file, actor=maker)
    kinds = Entry.objects.filter(subject=f"opt_out_file:{file.pk}").order_by("id")
    assert [entry.kind for entry in kinds] == ["opt_out_file.offered", "opt_out_file.uploaded"]


def test_a_file_that_nobody_confirms_is_dropped_and_may_come_again(bank: Bank, maker: User) -> None:
    file = offered("客户号\nX\n", maker)
    assert list(opt_out_files.waiting()) == [file]
    OptOutFile.objects.update(created_at=now() - OFFERED_FOR)
    assert not opt_out_files.confirm(file, actor=maker)
    assert not opt_out_files.waiting().exists()
    file.refresh_from_db()
    assert file.state == "dropped"
    again = offered("客户号\nX\n", maker)
    assert (again.pk, again.state) == (file.pk, "offered")
    # and a command carries it out at once
    assert opt_out_files.run(receive("客户号\nX\n", maker).pk).people == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_dropped_file_held_is_deleted(committed_bank: Bank) -> None:
    maker = person("maker", Role.COMPLIANCE)
    file = offered("客户号\nX\n", maker)
    assert Path(file.path).is_file()
    assert opt_out_files.drop(file, actor=maker)
    assert not Path(file.path).exists()


# --- the pages -----------------------------------------------------------------------------------

PAGE = "/compliance/opt-outs/"


@pytest.fixture
def officer(maker: User, client: Client) -> Client:
    maker.language = "en"
    maker.save(update_fields=["language"])
    client.force_login(maker)
    return client


def sent(client: Client, content: bytes, name: str = "sms.csv", via: str = "sms") -> str:
    file = SimpleUploadedFile(name, content)
    answer = client.post(PAGE, {"via": via, "file": file}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_file_is_looked_at_confirmed_and_carried_out(bank: Bank, officer: Client) -> None:
    assert "No file yet" in officer.get(PAGE).content.decode()
    looked = sent(officer, "客户号,手机号\nX,\n,13800000001\nNOBODY,\n".encode())
    assert "Carry out: 2 people and 1 numbers are not called any more" in looked
    assert "No customer has this id." in looked
    assert "13800000001" not in looked and "****0001" in looked
    assert not Suppression.objects.exists()
    kept = OptOutFile.objects.get()
    # left alone, it is found again: on the starting page and on its own
    assert "1 pressing" in officer.get("/compliance/").content.decode()
    assert "waits to be confirmed" in officer.get(PAGE).content.decode()
    done = officer.post(f"{PAGE}{kept.pk}/carry-out/", follow=True).content.decode()
    assert "each row holds from now on" in done
    opt_out_files.run(kept.pk)
    shown = officer.get(f"{PAGE}{kept.pk}/").content.decode()
    assert "Carried out" in shown and "No customer has this id." in shown
    rows = officer.get(f"{PAGE}{kept.pk}/rejected.csv").content.decode()
    assert rows.splitlines()[1].startswith("4,")
    assert "brought in before" in sent(
        officer, "客户号,手机号\nX,\n,13800000001\nNOBODY,\n".encode()
    )
    late = officer.post(f"{PAGE}{kept.pk}/drop/", follow=True).content.decode()
    assert "decided this already" in late


def test_a_file_is_thrown_away(bank: Bank, officer: Client) -> None:
    sent(officer, "客户号\nX\n".encode())
    kept = OptOutFile.objects.get()
    said = officer.post(f"{PAGE}{kept.pk}/drop/", follow=True).content.decode()
    assert "Nothing of it was carried out." in said
    assert (
        "Nothing of this file was carried out" in officer.get(f"{PAGE}{kept.pk}/").content.decode()
    )
    assert officer.post(f"{PAGE}{kept.pk}/nonsense/").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"x", "neither a CSV nor an XLSX file"),
        ("a.csv", b"%PDF-1.7 x", "neither a CSV nor an XLSX file"),
        ("a.csv", b"", "The submitted file is empty."),
        ("a.csv", "客户号\n".encode(), "The file has a header and no rows."),
        ("a.csv", b"name,town\na,b\n", "lacks these columns"),
        ("a.csv", b"13800000001\n\x00\n", "NUL byte"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "The XLSX file is damaged"),
    ],
)
def test_what_is_no_table_is_refused_at_the_field_and_not_kept(
    bank: Bank, officer: Client, name: str, content: bytes, said: str
) -> None:
    shown = sent(officer, content, name)
    assert said in shown.split('id="id_file"')[1].split("</div>")[0]
    assert '<option value="sms" selected>' in shown
    assert not OptOutFile.objects.exclude(state="dropped").exists()


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
def test_the_encodings_of_spreadsheets_are_read(bank: Bank, officer: Client, encoding: str) -> None:
    assert "Carry out: 1 people" in sent(officer, "客户号,备注\nX,不要再打\n".encode(encoding))


def test_a_formula_is_a_rejected_row(bank: Bank, officer: Client, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["客户号"], ["X"], ['=HYPERLINK("http://x","X")']):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    shown = sent(officer, (tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    assert "Carry out: 1 people" in shown
    assert "What could not be carried out" in shown


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
def test_only_compliance_looks_at_files_and_confirms_them(
    bank: Bank, maker: User, client: Client, role: Role
) -> None:
    file = offered("客户号\nX\n", maker)
    client.force_login(person("another", role))
    assert client.get(f"{PAGE}{file.pk}/").status_code == 403
    for step in ("carry-out", "drop"):
        assert client.post(f"{PAGE}{file.pk}/{step}/").status_code == 403
    file.refresh_from_db()
    assert file.state == "offered"


def test_the_command_carries_a_file_out(
    bank: Bank, maker: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "refusals.txt"
    file.write_text("13800000001\n")
    call_command("importoptouts", str(file), "--maker=maker", "--via=letter")
    assert "1 rows: 1 people, 1 numbers, 0 repeated, 0 rejected" in capsys.readouterr().out
