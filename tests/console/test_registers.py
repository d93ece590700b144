"""The pages of registers: define, upload, look, submit, sign; who may not; what is said."""

from __future__ import annotations

import html
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from accounts.domain.roles import Role
from accounts.models import User
from audiences.models import Number
from clock.reading import now
from compliance import register_reading, register_settling, registers
from compliance.domain.registers import ImportMode, RegisterKind, RegisterTerms
from compliance.models import Register, RegisterImport
from tests.cast import Cast, person

DRAWN = "2026-01-05T09:00"


@pytest.fixture
def second(cast: Cast) -> User:
    return person("officer_two", Role.COMPLIANCE)


@pytest.fixture
def register(cast: Cast, settings: pytest.FixtureRequest, tmp_path: Path) -> Register:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return registers.define(
        name="industry", title="行业禁呼名单", kind=RegisterKind.NO_CALL, terms=RegisterTerms()
    )


def upload(client: Client, register: Register, content: str, **fields: str) -> RegisterImport:
    given = {"mode": "replace", "drawn_at": DRAWN, "max_age_days": "31", **fields}
    file = SimpleUploadedFile("list.csv", content.encode())
    client.post(f"/compliance/registers/{register.pk}/files/", {**given, "file": file})
    return RegisterImport.objects.latest("pk")


def act(client: Client, batch: RegisterImport, step: str, **fields: str) -> str:
    address = f"/compliance/registers/files/{batch.pk}/{step}/"
    return client.post(address, fields, follow=True).content.decode()


def page(client: Client, batch: RegisterImport) -> str:
    return client.get(f"/compliance/registers/files/{batch.pk}/").content.decode()


def test_a_list_is_read_looked_at_submitted_and_signed_by_somebody_else(
    cast: Cast, second: User, register: Register, client: Client
) -> None:
    client.force_login(cast.officer)
    batch = upload(client, register, "number\n13905710001\n1.39E+10\n", entries_last_days="90")
    assert 'http-equiv="refresh"' in page(client, batch)
    register_reading.read(batch.pk)
    shown = page(client, batch)
    assert "The spreadsheet has lost digits" in shown
    assert "13905710001" not in shown
    assert "Ask for the second signature" in shown
    assert "waits for a second signature" in act(client, batch, "submit")
    assert "Somebody else must sign this." in page(client, batch)
    batch.refresh_from_db()
    seen = registers.content_of(batch)
    assert "Whoever submitted this cannot decide it." in act(
        client, batch, "sign", content_hash=seen
    )
    client.force_login(second)
    assert (
        f"/compliance/registers/files/{batch.pk}/"
        in client.get("/compliance/inbox/").content.decode()
    )
    assert seen in page(client, batch)
    assert "The list is in force." in act(client, batch, "sign", content_hash=seen)
    register.refresh_from_db()
    assert (register.active, register.rows, register.entries_last_days) == (True, 1, 90)
    register_settling.settle(batch.pk)
    rows = client.get(f"/compliance/registers/files/{batch.pk}/rejected.csv").content.decode()
    assert rows.splitlines()[1].startswith("3,")
    whole = client.get("/compliance/registers/").content.decode()
    assert "Too old: all calls stop" in whole


def beside(shown: str, field: str) -> str:
    """What stands at a field of a form."""
    return html.unescape(shown.split(f'name="{field}"')[-1].split("</div>")[0])


ABSURD = ["9" * 5000, "-1", "1e400", "a\x00b", "x" * 70_000]


def test_what_is_wrong_with_an_upload_is_said_at_its_field_and_the_rest_stays(
    cast: Cast, register: Register, client: Client
) -> None:
    client.force_login(cast.officer)
    address = f"/compliance/registers/{register.pk}/files/"

    def said(field: str, name: str = "list.csv", **fields: object) -> str:
        file = SimpleUploadedFile(name, b"13905710001")
        given = {"mode": "replace", "drawn_at": DRAWN, "max_age_days": "77", "file": file}
        answer = client.post(address, {**given, **fields}, follow=True)
        assert answer.status_code == 200
        shown = answer.content.decode()
        if "max_age_days" not in fields:
            assert 'name="max_age_days" value="77"' in shown
        return beside(shown, field)

    assert "Please choose what the file is." in html.unescape(client.post(address).content.decode())
    assert "Please choose a file." in said("file", file="")
    assert "neither a CSV nor an XLSX" in said("file", name="list.pdf")
    assert "The submitted file is empty." in said("file", file=SimpleUploadedFile("a.csv", b""))
    assert "when the list was drawn" in said("drawn_at", drawn_at="?")
    assert "in the future" in said("drawn_at", drawn_at="2099-01-01T00:00")
    assert "less than or equal to 366" in said("max_age_days", max_age_days="367")
    for text in ABSURD:
        assert "errorlist" in said("max_age_days", max_age_days=text)
        assert "errorlist" in said("drawn_at", drawn_at=text)
        assert "errorlist" in said("product_family", product_family=text)
    assert not RegisterImport.objects.exists()


def test_a_list_older_than_the_one_in_force_is_refused_at_its_date(
    cast: Cast, register: Register, client: Client
) -> None:
    register.imported_at, register.active = now(), True
    register.save()
    client.force_login(cast.officer)
    file = SimpleUploadedFile("list.csv", b"13905710001")
    answer = client.post(
        f"/compliance/registers/{register.pk}/files/",
        {"mode": "replace", "drawn_at": DRAWN, "max_age_days": "31", "file": file},
    )
    assert "older than the one in force" in beside(answer.content.decode(), "drawn_at")


def test_a_register_is_defined_with_a_name_that_packs_can_use(
    cast: Cast, register: Register, client: Client
) -> None:
    client.force_login(cast.officer)

    def define(**fields: str) -> str:
        given = {"title": "A title", "kind": "no_call", "max_age_days": "28", **fields}
        answer = client.post("/compliance/registers/new/", given, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    wrong = define(name="TPS!")
    assert "Begin with a small letter" in beside(wrong, "name")
    assert 'value="A title"' in wrong and 'value="TPS!"' in wrong
    assert "of this name already" in beside(define(name="industry"), "name")
    assert "kind of register" in beside(define(name="tps", kind=""), "kind")
    for text in ABSURD:
        assert "errorlist" in beside(
            define(name="tps", entries_last_days=text), "entries_last_days"
        )
        assert "errorlist" in beside(define(name=text), "name")
    assert "errorlist" in beside(define(name="tps", title="x" * 101), "title")
    assert "its first whole list" in define(name="tps")
    assert Register.objects.get(name="tps").max_age_days == 28


def test_a_reason_that_cannot_be_stored_breaks_nothing(
    cast: Cast, second: User, register: Register, client: Client
) -> None:
    client.force_login(cast.officer)
    batch = upload(client, register, "number\n13905710001\n")
    register_reading.read(batch.pk)
    act(client, batch, "submit")
    client.force_login(second)
    assert "Returned." in act(client, batch, "return", reason="wrong\x00 list" + "x" * 1000)


def test_entries_that_match_nobody_are_named_with_why(
    cast: Cast, register: Register, client: Client
) -> None:
    client.force_login(cast.officer)
    Number.objects.create(e164="+8613900000002", kind="mobile")
    content = "手机号,客户号\n13905710001,\n13900000001,\n13900000002,\n,C0001\n,NOBODY\n"
    batch = upload(client, register, content)
    register_reading.read(batch.pk)
    address = f"/compliance/registers/files/{batch.pk}/not-ours.csv"
    assert address in page(client, batch)
    rows = client.get(address).content.decode().splitlines()[1:]
    assert sorted(rows) == [
        "'+86139****0001,No customer of ours has this number.,unknown_number",
        '\'+86139****0002,"We know this number, but no customer is called on it.",unused_number',
        "'NOBODY,No customer has this id.,unknown_customer",
    ]
    client.force_login(cast.reviewer)
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("who", ["marketer", "manager_xihu", "agent_lin", "reviewer", "outsider"])
def test_others_neither_see_nor_touch_a_file(
    cast: Cast, register: Register, client: Client, who: str
) -> None:
    batch = registers.receive(
        io.BytesIO(b"13905710001"),
        file_name="x.csv",
        register=register,
        mode=ImportMode.REPLACE,
        drawn_at=now(),
        terms=RegisterTerms(),
        maker=cast.officer,
    )
    client.force_login(getattr(cast, who))
    below = f"/compliance/registers/files/{batch.pk}/"
    assert {client.get(a).status_code for a in (below, f"{below}rejected.csv")} == {403}
    for address in (f"{below}sign/", f"{below}submit/", "/compliance/registers/new/"):
        assert client.post(address).status_code == 403


def test_the_command_brings_a_file_in_and_leaves_the_signature_to_somebody_else(
    cast: Cast, register: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.txt"
    file.write_text("13905710001\n95588\n")
    call_command("importregister", "industry", str(file), "--maker=officer", "--drawn=2026-01-05")
    assert "2 rows: 1 entries, 1 new" in capsys.readouterr().out
    assert RegisterImport.objects.get().state == "submitted"
    with pytest.raises(CommandError, match=r"Withdraw it first|先撤回"):
        call_command(
            "importregister", "industry", str(file), "--maker=officer", "--drawn=2026-01-05"
        )
    with pytest.raises(CommandError, match="may not"):
        call_command(
            "importregister", "industry", str(file), "--maker=marketer", "--drawn=2026-01-05"
        )
