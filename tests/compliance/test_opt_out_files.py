"""Refusals in a file: in force row by row, once, and none dropped silently."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.domain.roles import Role
from accounts.models import User
from audiences.models import Customer, CustomerNumber, Number
from clock.reading import now
from compliance import locking, opt_out_files
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


def test_the_page_takes_a_file_and_shows_what_came_of_it(
    bank: Bank, maker: User, client: Client
) -> None:
    maker.language = "en"
    maker.save(update_fields=["language"])
    client.force_login(maker)
    page = "/compliance/opt-outs/"
    assert "No file yet" in client.get(page).content.decode()
    answer = client.post(page, {"via": "sms"}, follow=True)
    assert "Please choose a file" in answer.content.decode()
    wrong = SimpleUploadedFile("a.pdf", b"x")
    answer = client.post(page, {"via": "sms", "file": wrong}, follow=True)
    assert "neither a CSV" in answer.content.decode()
    file = SimpleUploadedFile("sms.csv", "客户号\nX\nNOBODY\n".encode())
    answer = client.post(page, {"via": "sms", "file": file}, follow=True)
    assert "is being carried out" in answer.content.decode()
    kept = OptOutFile.objects.get()
    opt_out_files.run(kept.pk)
    shown = client.get(page).content.decode()
    assert "Carried out" in shown and "No customer has this id." in shown
    rows = client.get(f"{page}{kept.pk}/rejected.csv").content.decode()
    assert rows.splitlines()[1].startswith("3,")


def test_the_command_carries_a_file_out(
    bank: Bank, maker: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "refusals.txt"
    file.write_text("13800000001\n")
    call_command("importoptouts", str(file), "--maker=maker", "--via=letter")
    assert "1 rows: 2 entries, 0 rejected" in capsys.readouterr().out
