from __future__ import annotations

import csv
import io
import random
import threading
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.translation import override
from openpyxl import Workbook

from audiences.domain.faults import FileFault, FileFaultCode
from audiences.importing import import_file, run
from audiences.models import Customer, CustomerNumber, ImportBatch, Number, RejectedRow
from audiences.receiving import register
from audiences.rejections import harmless, write_rejections
from audiences.segmenting import customers_of_import
from audiences.wording import error_sentence, kept_fault
from audit.models import Entry
from tests.cast import Cast, make_cast

HEADER = "客户号,姓名,性别,出生日期,手机号,网点,客群,风险等级,评估日期,家庭,地区,特殊人群,理财余额"
ROWS = [
    "K1,陈静,女,1988-03-04,138 0571 0001,HZ-XH,个人,C3,2026-01-05,,浙江省,,12.5",
    "K2,刘洋,男,1990/7/8,+86-138-0571-0002,HZ-BJ,retail,C4,2026-02-01,H9,330106,残疾人,",
    "K3,周明,M,19550601,8613805710003,西湖支行,县域,3,2026年1月5日,H9,Xinjiang,否,-3.50",
]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def do(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / "customers.csv"
        path.write_bytes("\r\n".join((header, *lines)).encode(encoding))
        return path

    return do


def imported(path: Path) -> ImportBatch:
    return import_file(path, sandbox=True)


def reasons(batch: ImportBatch) -> list[tuple[int, str, str]]:
    return list(batch.rejected.order_by("row").values_list("row", "column", "reason"))


def counts(batch: ImportBatch) -> tuple[int, int, int, int, int]:
    return (
        batch.rows_read, batch.rows_created, batch.rows_updated, batch.rows_unchanged,
        batch.rows_rejected,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_in_any_usual_encoding_is_imported(cast: Cast, write: Write, encoding: str) -> None:
    batch = imported(write(*ROWS, encoding=encoding))
    assert (batch.state, batch.error, counts(batch)) == ("done", "", (3, 3, 0, 0, 0))
    first = Customer.objects.get(bank_id="K1")
    assert (first.name, first.gender, first.birth_date) == ("陈静", "F", date(1988, 3, 4))
    assert (first.branch, first.segment, first.region) == (cast.xihu, "retail", "CN-33")
    assert (first.risk_tolerance, first.risk_assessed_on) == (3, date(2026, 1, 5))
    assert (first.sandbox, first.vulnerable, first.attributes) == (
        True,
        False,
        {"理财余额": "12.5"},
    )
    number = first.numbers.get()
    assert (number.e164, number.kind, number.region) == ("+8613805710001", "mobile", "CN-33")
    second = Customer.objects.get(bank_id="K2")
    assert (second.vulnerable, second.household, second.branch) == (True, "H9", cast.binjiang)
    third = Customer.objects.get(bank_id="K3")
    assert (third.segment, third.region, third.birth_date) == ("county", "CN-65", date(1955, 6, 1))
    assert third.attributes == {"理财余额": "-3.50"}
    assert customers_of_import(batch.pk).count() == 3
    assert Entry.objects.filter(kind="import.done", subject=f"import:{batch.pk}").count() == 1


def test_a_clock_is_written_where_it_is_certain(cast: Cast, write: Write) -> None:
    at_home = ROWS[0].replace("浙江省", "")
    abroad = ROWS[1].replace("+86-138-0571-0002", "+1 305 555 0100").replace("330106", "")
    moved = ROWS[2].replace("8613805710003", "+1 305 555 0101").replace("Xinjiang", "Florida")
    imported(write(at_home, abroad, moved))
    clocks = {
        c.bank_id: (c.region, c.time_zone) for c in Customer.objects.filter(bank_id__startswith="K")
    }
    assert clocks == {"K1": ("", "Asia/Shanghai"), "K2": ("", ""), "K3": ("US-FL", "")}
    imported(write(at_home, abroad, ROWS[2]))
    assert Customer.objects.get(bank_id="K3").time_zone == "Asia/Shanghai"


def test_a_number_known_by_its_country_gets_its_state(cast: Cast, write: Write) -> None:
    abroad = ROWS[1].replace("+86-138-0571-0002", "+1 208 555 0100")
    imported(write(abroad))
    known = Number.objects.filter(e164="+12085550100")
    assert known.values_list("region", "time_zone").get() == ("US-ID", "")
    known.update(region="US", time_zone="America/Boise", valid=False)
    imported(write(abroad))
    assert known.values_list("region", "time_zone", "valid").get() == ("US-ID", "", False)


def test_the_same_file_again_changes_nothing(cast: Cast, write: Write) -> None:
    imported(write(*ROWS))
    before = list(Customer.objects.order_by("id").values())
    links = list(CustomerNumber.objects.order_by("id").values())
    again = imported(write(*ROWS))
    assert counts(again) == (3, 0, 0, 3, 0)
    assert list(Customer.objects.order_by("id").values()) == before
    assert list(CustomerNumber.objects.order_by("id").values()) == links
    assert customers_of_import(again.pk).count() == 3
    assert run(again.pk).rows_unchanged == 3  # a batch that is done is not run again


def test_a_changed_row_changes_its_customer_only(cast: Cast, write: Write) -> None:
    imported(write(*ROWS))
    moved = ROWS[0].replace("HZ-XH", "HZ-BJ")
    new_number = ROWS[1].replace("0002", "0022")
    batch = imported(write(moved, new_number, ROWS[2]))
    assert counts(batch) == (3, 0, 2, 1, 0)
    assert Customer.objects.get(bank_id="K1").branch == cast.binjiang
    # the old number may be somebody else's by now
    assert [n.e164 for n in Customer.objects.get(bank_id="K2").numbers.all()] == ["+8613805710022"]
    assert Number.objects.filter(e164="+8613805710002").exists()


def test_a_file_without_a_column_leaves_what_is_known(cast: Cast, write: Write) -> None:
    imported(write(*ROWS))
    Customer.objects.filter(bank_id="K1").update(vulnerable=True)
    batch = imported(write("K1,陈静,HZ-XH,13805710001,金卡", header="客户号,姓名,网点,手机号,卡种"))
    assert counts(batch) == (1, 0, 1, 0, 0)
    kept = Customer.objects.get(bank_id="K1")
    assert (kept.risk_tolerance, kept.gender, kept.vulnerable) == (3, "F", True)
    assert kept.attributes == {"理财余额": "12.5", "卡种": "金卡"}


def test_a_blank_does_not_lift_protection(cast: Cast, write: Write) -> None:
    header = "customer_id,name,branch,phone,deceased,vulnerable"
    imported(write("K1,Chen,HZ-XH,13805710001,yes,elderly", header=header))
    imported(write("K1,Chen,HZ-XH,13805710001,,", header=header))
    kept = Customer.objects.get(bank_id="K1")
    assert (kept.deceased, kept.vulnerable) == (True, True)


def test_several_numbers_have_an_order(cast: Cast, write: Write) -> None:
    batch = imported(
        write(
            "K1,陈静,HZ-XH,13805710001,0571-88888888",
            "K2,刘洋,HZ-XH,1.38E+10,13805710001",
            header="客户号,姓名,网点,手机号,固定电话",
        )
    )
    assert counts(batch) == (2, 2, 0, 0, 0)
    links = CustomerNumber.objects.filter(customer__bank_id="K1").order_by("priority")
    assert [link.number.e164 for link in links] == ["+8613805710001", "+8657188888888"]
    # a bad number beside a good one is left out, and said
    left_out = batch.rejected.get()
    assert (left_out.row, left_out.column, left_out.reason) == (3, "手机号", "lost_digits")
    assert left_out.imported


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"出生日期": "1990-02-30"}, "出生日期", "impossible_date"),
        ({"出生日期": "2099-01-01"}, "出生日期", "impossible_date"),
        ({"出生日期": "1890-01-01"}, "出生日期", "impossible_date"),
        ({"评估日期": "13/13/2026"}, "评估日期", "impossible_date"),
        ({"姓名": "=cmd|' /C calc'!A0"}, "姓名", "formula"),
        ({"姓名": "@SUM(A1)"}, "姓名", "formula"),
        ({"理财余额": "+A1+A2"}, "理财余额", "formula"),
        ({"理财余额": "-2+3+cmd"}, "理财余额", "formula"),
        ({"手机号": "=1+1"}, "手机号", "formula"),
        ({"手机号": ""}, "手机号", "missing_value"),
        ({"手机号": "95588"}, "手机号", "not_callable"),
        ({"手机号": "1.38E+10"}, "手机号", "lost_digits"),
        ({"手机号": "13805710001/13805710002"}, "手机号", "several_numbers"),
        ({"客户号": ""}, "客户号", "missing_value"),
        ({"客户号": "6.21E+17"}, "客户号", "lost_digits"),
        ({"姓名": ""}, "姓名", "missing_value"),
        ({"姓名": "长" * 81}, "姓名", "text_too_long"),
        ({"姓名": "a\x07b"}, "姓名", "bad_character"),
        ({"网点": "HZ-??"}, "网点", "unknown_branch"),
        ({"地区": "Atlantis"}, "地区", "unknown_region"),
        ({"风险等级": "C6"}, "风险等级", "unknown_value"),
        ({"性别": "x"}, "性别", "unknown_value"),
        ({"理财余额": "1,2,3"}, "", "too_many_cells"),
    ],
)  # fmt: skip
def test_a_bad_row_is_rejected_with_its_reason(
    cast: Cast, write: Write, cells: dict[str, str], column: str, reason: str
) -> None:
    names = HEADER.split(",")
    row = ROWS[0].split(",")
    for name, value in cells.items():
        row[names.index(name)] = value
    batch = imported(write(ROWS[1], ",".join(row)))
    assert batch.state == "done"
    assert reasons(batch) == [(3, column, reason)]
    assert counts(batch) == (2, 1, 0, 0, 1)


def test_of_a_duplicate_customer_the_first_row_counts(cast: Cast, write: Write) -> None:
    batch = imported(write(ROWS[0], ROWS[1], ROWS[0].replace("陈静", "陈晶"), "", ROWS[2]))
    assert reasons(batch) == [(4, "客户号", "duplicate_customer")]
    assert counts(batch) == (4, 3, 0, 0, 1)
    assert Customer.objects.get(bank_id="K1").name == "陈静"


def test_sample_and_real_customers_do_not_mix(cast: Cast, write: Write) -> None:
    batch = import_file(write(ROWS[0].replace("K1", "C0001"), ROWS[1]), sandbox=False)
    assert reasons(batch) == [(2, "客户号", "sample_mix")]
    assert not Customer.objects.get(bank_id="K2").sandbox
    assert Customer.objects.get(bank_id="C0001").name == "王芳"


def failed(path: Path) -> str:
    """The sentence of a file that must fail, having imported nothing."""
    customers, numbers = Customer.objects.count(), Number.objects.count()
    batch = imported(path)
    assert batch.state == "failed"
    assert (Customer.objects.count(), Number.objects.count()) == (customers, numbers)
    assert not RejectedRow.objects.exists()
    return error_sentence(batch.error)


@pytest.fixture(autouse=True)
def _in_english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def test_a_broken_byte_names_its_row(cast: Cast, write: Write) -> None:
    path = write(*ROWS)
    path.write_bytes(path.read_bytes().replace("周".encode(), b"\xd6\xdc"))
    assert "Row 4 " in failed(path)


def test_a_broken_byte_in_gb18030_names_its_row(cast: Cast, write: Write) -> None:
    path = write(*ROWS, encoding="gb18030")
    path.write_bytes(path.read_bytes().replace("刘洋".encode("gb18030"), b"\xff\xff\xff"))
    assert "Row 3 " in failed(path)


def test_a_broken_byte_far_into_the_file_names_its_row(cast: Cast, write: Write) -> None:
    many = [ROWS[0].replace("K1", f"K{n}") for n in range(30_000)]
    path = write(*many[:20_000], many[20_000].replace("陈", "\ue000"), *many[20_001:])
    path.write_bytes(path.read_bytes().replace("\ue000".encode(), b"\xff"))
    assert "Row 20002 " in failed(path)


def test_a_broken_byte_is_said_in_the_readers_language() -> None:
    kept = kept_fault(FileFault(FileFaultCode.WRONG_ENCODING, row=1, detail="byte 0xFF at 1"))
    with override("zh-hans"):
        assert "byte" not in error_sentence(kept) and "0xFF" in error_sentence(kept)
    with override("en"):
        assert "byte 0xFF at position 1" in error_sentence(kept)


def test_a_nul_byte_names_its_row(cast: Cast, write: Write) -> None:
    assert "Row 3 holds a NUL" in failed(write(ROWS[0], ROWS[1].replace("刘", "\x00")))


def test_missing_columns_are_named(cast: Cast, write: Write) -> None:
    sentence = failed(write("K1,陈静", header="客户号,姓名"))
    assert "phone" in sentence
    assert "branch" in sentence


def test_a_column_twice_is_named(cast: Cast, write: Write) -> None:
    assert "CIF" in failed(write(header="客户号,姓名,网点,手机号,CIF"))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (HEADER.encode(), "no rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "neither"),
        (b"%PDF-1.7 ...", "neither"),
        (b"PK\x03\x04 not really a zip", "damaged"),
        (HEADER.encode() + b'\n"' + b"x" * 30_000, "cannot be read from row 2"),
    ],
)
def test_what_is_no_customer_file_is_refused(
    cast: Cast, tmp_path: Path, content: bytes, part: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    assert part in failed(path)


@pytest.mark.parametrize("kind", ["bytes", "letters", "one line", "rows"])
def test_much_rubbish_is_refused_quickly(cast: Cast, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "rubbish.csv"
    if kind == "bytes":
        content = random.Random(1).randbytes(50 << 20)
    elif kind == "letters":
        content = b"lorem ipsum, dolor\n" * ((50 << 20) // 19)
    elif kind == "one line":
        content = b"x" * (50 << 20)
    else:
        content = HEADER.encode() + b"\n" + b"a,b,c,d\n" * ((50 << 20) // 8)
    path.write_bytes(content)
    assert "ow " in failed(path)


def test_a_file_beyond_the_bound_is_refused(cast: Cast, write: Write, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    assert "too large" in failed(write(*ROWS))


def sheet(path: Path, rows: list[list[Any]]) -> Path:
    book = Workbook(write_only=True)
    page = book.create_sheet()
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def test_a_spreadsheet_is_imported(cast: Cast, tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "customers.xlsx",
        [
            ["Customer ID", "Name", "Date of birth", "Phone", "Branch code", "Risk level"],
            [1001, "Chen Jing", date(1988, 3, 4), 13805710001, "HZ-XH", "C3"],
            ["1002", "Liu Yang", "1990-07-08", "138 0571 0002", "HZ-BJ", 4],
            [1003, "=1+1", None, 13805710003, "HZ-XH", None],
            [1004, "Zhou", None, 1.38e15, "HZ-XH", None],
            [6217000012345678901, "Wu", None, 13805710005, "HZ-XH", None],
            [None, None, None, None, None, None],
            [1006, "Zheng", None, "'13805710006", "HZ-XH", ""],
        ],
    )
    batch = imported(path)
    assert batch.error == ""
    assert reasons(batch) == [
        (4, "Name", "formula"),
        (5, "Phone", "lost_digits"),
        (6, "Customer ID", "lost_digits"),
    ]
    assert counts(batch) == (6, 3, 0, 0, 3)
    first = Customer.objects.get(bank_id="1001")
    assert (first.birth_date, first.risk_tolerance) == (date(1988, 3, 4), 3)
    assert first.numbers.get().e164 == "+8613805710001"


def test_a_spreadsheet_that_lies_about_its_size_is_bounded(cast: Cast, tmp_path: Path) -> None:
    path = sheet(tmp_path / "customers.xlsx", [["客户号", "姓名", "手机号", "网点"]])
    crowded = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(crowded, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            target.writestr(part, source.read(part))
        target.writestr("xl/media/image1.png", b"\x00" * (60 << 20))
    assert "unpacks" in failed(crowded)


def test_a_spreadsheet_with_entities_is_refused(cast: Cast, tmp_path: Path) -> None:
    path = sheet(tmp_path / "customers.xlsx", [["客户号"]])
    evil = tmp_path / "evil.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        for part in source.infolist():
            body = source.read(part)
            if part.filename.endswith("sheet1.xml"):
                body = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + body
            target.writestr(part, body)
    assert "damaged" in failed(evil)


def test_a_saved_mapping_reads_any_header(cast: Cast, write: Write) -> None:
    path = write("K1,陈静,13805710001,HZ-XH,x", header="A,B,C,D,E")
    mapping = {"A": "bank_id", "B": "name", "C": "phone", "D": "branch", "E": ""}
    batch = register(path, file_name="x", maker=cast.marketer, sandbox=True, mapping=mapping)
    run(batch.pk)
    assert Customer.objects.get(bank_id="K1").attributes == {}


def test_consent_columns_are_kept_for_those_who_grant(cast: Cast, write: Write) -> None:
    imported(
        write(
            "K1,陈静,13805710001,HZ-XH,2026-01-02,card、deposit",
            header="客户号,姓名,手机号,网点,同意日期,同意产品",
        )
    )
    consent = Customer.objects.get(bank_id="K1").attributes["consent"]
    assert consent == {"granted_on": "2026-01-02", "families": ["card", "deposit"]}


def test_rejected_rows_make_a_file_that_runs_nothing(cast: Cast, write: Write) -> None:
    batch = imported(write(ROWS[0].replace("陈静", "=cmd|'/C calc'!A0"), ROWS[1]))
    target = io.StringIO()
    assert write_rejections(batch, target) == 1
    header, row = csv.reader(io.StringIO(target.getvalue()))
    assert len(header) == len(row)
    assert row[:3] == ["2", "姓名", "'=cmd|'/C calc'!A0"]
    assert "formula" in row[3].lower()
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert harmless("\t=1") == "'\t=1"


def test_the_command_imports_and_says_what_is_wrong(
    cast: Cast, write: Write, tmp_path: Path
) -> None:
    out = io.StringIO()
    bad = tmp_path / "bad.csv"
    path = write(ROWS[0], ROWS[1].replace("1990/7/8", "1990/7/88"))
    call_command("importcustomers", str(path), "--rejected", str(bad), stdout=out)
    assert out.getvalue().startswith("2 rows: 1 new")
    assert "impossible_date" in bad.read_text(encoding="utf-8-sig")
    with pytest.raises(CommandError, match="lacks these columns"):
        call_command("importcustomers", str(write(header="a,b")))


@pytest.mark.django_db(transaction=True)
def test_two_files_with_the_same_customers_at_once(write: Write, tmp_path: Path) -> None:
    make_cast()
    lines = [ROWS[0].replace("K1", f"K{n}").replace("0001", f"{n:04d}") for n in range(3000)]
    first = write(*lines)
    second = tmp_path / "second.csv"
    second.write_text("\n".join((HEADER, *reversed(lines))), encoding="utf-8")
    batches: list[ImportBatch] = []

    def work(path: Path) -> None:
        try:
            batches.append(imported(path))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(path,)) for path in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [batch.state for batch in batches] == ["done", "done"]
    assert sum(batch.rows_created for batch in batches) == 3000
    assert Customer.objects.filter(bank_id__startswith="K").count() == 3000
