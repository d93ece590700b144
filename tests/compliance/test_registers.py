"""Registers: strangers too, whole lists and additions, two signatures, age, calls under way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event

import openpyxl
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.roles import Role
from accounts.models import User
from approvals.deciding import ContentChanged, MakerIsChecker
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.domain.ownership import Ownership
from audiences.models import CustomerNumber, Number
from audit.models import Entry
from compliance import ledger, register_reading, registers
from compliance.domain.intent import Intent
from compliance.domain.register_rows import CUSTOMER, reader_for
from compliance.domain.registers import (
    ImportMode,
    RegisterImportState,
    RegisterKind,
    RegisterTerms,
    lost_too_many,
)
from compliance.gate import GateResult, reserve
from compliance.models import (
    Attempt,
    Consent,
    PackVersion,
    Product,
    Register,
    RegisterEntry,
    RegisterImport,
)
from compliance.register_settling import settle
from compliance.screening import screen
from tests.cast import person
from tests.compliance.conftest import Bank, make_customer, set_time
from tests.compliance.world import beijing, human

NOW = beijing("2026-11-24 10:00")
DRAWN = beijing("2026-11-20 08:00")
TODAY = date(2026, 11, 24)
TERMS = RegisterTerms()
HOME, MOBILE = "057112345678", "138 0000 0001"


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    yield


@pytest.fixture
def maker(bank: Bank) -> User:
    return person("maker", Role.COMPLIANCE)


@pytest.fixture
def checker(bank: Bank) -> User:
    return person("checker", Role.COMPLIANCE)


def register(name: str = "industry", **changes: object) -> Register:
    return registers.define(
        name=name,
        title="行业禁呼名单",
        kind=RegisterKind.NO_CALL,
        terms=TERMS.model_copy(update=changes),
    )


def upload(
    target: Register,
    content: str | bytes,
    maker: User,
    *,
    mode: ImportMode = ImportMode.REPLACE,
    drawn_at: datetime = DRAWN,
    file_name: str = "list.csv",
) -> RegisterImport:
    target.refresh_from_db()
    data = content.encode() if isinstance(content, str) else content
    return registers.receive(
        io.BytesIO(data) if mode is not ImportMode.RETIRE else None,
        file_name=file_name,
        register=target,
        mode=mode,
        drawn_at=drawn_at,
        terms=registers.terms_of(target),
        maker=maker,
    )


def bring_into_force(
    target: Register,
    content: str | bytes,
    maker: User,
    checker: User,
    *,
    mode: ImportMode = ImportMode.REPLACE,
    drawn_at: datetime = DRAWN,
) -> RegisterImport:
    batch = register_reading.read(upload(target, content, maker, mode=mode, drawn_at=drawn_at).pk)
    assert batch.state == RegisterImportState.READY, batch.error
    registers.submit(batch, maker=maker)
    registers.sign(batch, checker=checker, content_hash=registers.content_of(batch))
    settle(batch.pk)
    batch.refresh_from_db()
    return batch


def intent(bank: Bank, **changes: object) -> Intent:
    wanted = human(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        product_id=bank.product.pk,
        caller_id_id=bank.caller_id.pk,
        idempotency_key="",
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def codes(bank: Bank, who: str = "x", at: datetime = NOW, **changes: object) -> list[str]:
    customer, number = {
        "x": (bank.x, bank.home),
        "y": (bank.y, bank.home),
        "y_mobile": (bank.y, bank.mobile),
    }[who]
    found = screen([(customer.pk, number.pk)], intent(bank, **changes), at)
    return found[customer.pk].codes


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "手机号\n０５７１－１２３４５６７８\n",
        "057112345678\n",
        "\ufeffnumber,date\n+86 571 1234 5678,2026/1/5\n",
        '="057112345678"\n',
    ],
)
def test_a_plain_list_and_a_table_in_any_spelling_are_read(
    bank: Bank, maker: User, content: str
) -> None:
    batch = register_reading.read(upload(register(), content, maker).pk)
    assert (batch.state, batch.entries, batch.known_numbers) == ("ready", 1, 1)
    assert RegisterEntry.objects.get().key == "+8657112345678"


def test_a_workbook_of_numbers_and_customer_ids_is_read(bank: Bank, maker: User) -> None:
    book = openpyxl.Workbook()
    for row in (
        ("客户号", "手机号", "失效日期"),
        ("X", None, date(2027, 1, 1)),
        ("", 13800000001, ""),
    ):
        book.active.append(row)  # type: ignore[union-attr]
    file = io.BytesIO()
    book.save(file)
    batch = register_reading.read(upload(register(), file.getvalue(), maker, file_name="a.xlsx").pk)
    found = dict(RegisterEntry.objects.values_list("key", "expires_at"))
    assert found == {"c:X": beijing("2027-01-02 00:00"), "+8613800000001": None}
    assert (batch.known_numbers, batch.known_customers) == (1, 1)


def test_what_cannot_be_read_is_named_row_by_row_and_never_dropped_silently(
    bank: Bank, maker: User
) -> None:
    content = (
        "number,since\n1.38E+10,\n13800000001,\n13800000001,\n,\n13800000002,yesterday\n95588,\n"
    )
    batch = register_reading.read(upload(register(), content, maker).pk)
    assert (batch.rows_read, batch.entries, batch.rows_rejected) == (5, 1, 3)
    assert list(batch.rejected.values_list("row", "reason")) == [
        (2, "lost_digits"),
        (6, "impossible_date"),
        (7, "not_callable"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", FileFaultCode.EMPTY),
        ("name,town\na,b\n", FileFaultCode.MISSING_COLUMNS),
        ("number\n", FileFaultCode.NO_ROWS),
        ("number\n95588\n", FileFaultCode.NO_ROWS),
        ("number\n" + "abc\n" * 1001, FileFaultCode.NOTHING_USABLE),
        (b"number\n138\x000000001\n", FileFaultCode.NUL_BYTE),
    ],
)
def test_a_file_that_is_no_list_fails_and_says_why(
    bank: Bank, maker: User, content: str | bytes, code: FileFaultCode
) -> None:
    batch = register_reading.read(upload(register(), content, maker).pk)
    assert batch.state == RegisterImportState.FAILED
    assert f'"{code.value}"' in batch.error
    # it may be withdrawn and another tried
    registers.withdraw(batch, actor=maker)
    assert register_reading.read(upload(batch.register, HOME, maker).pk).state == "ready"


def test_a_run_that_died_goes_on_where_it_stopped(
    bank: Bank, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_reading, "CHUNK", 3)
    rows = [f"1380000{index:04d}" for index in range(10)]
    batch = upload(register(), "\n".join(rows), maker)
    taken = register_reading._take_in
    calls: list[int] = []

    def dies_in_the_third_chunk(*given: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        taken(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(register_reading, "_take_in", dies_in_the_third_chunk)
    with pytest.raises(MemoryError):
        register_reading.read(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.last_row, batch.entries) == ("failed", 6, 6)
    batch = register_reading.read(batch.pk)
    assert (batch.state, batch.rows_read, batch.entries, len(calls)) == ("ready", 10, 10, 5)
    assert register_reading.read(batch.pk).rows_read == 10
    assert RegisterEntry.objects.count() == 10


def test_a_file_that_was_changed_on_disk_is_not_read(bank: Bank, maker: User) -> None:
    batch = upload(register(), HOME, maker)
    Path(batch.path).write_text(MOBILE)
    assert register_reading.read(batch.pk).state == RegisterImportState.FAILED
    assert not RegisterEntry.objects.exists()


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["13800000001", "+8613800000001", "０１３８", "1.38E+10", "无", "", "x"]
            ),
            st.text(max_size=12),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_row_with_something_in_it_gives_an_entry_or_a_reason(cells: list[str]) -> None:
    reader = reader_for(["number", "客户号", "since", "until", "answer"], today=TODAY)
    found = reader.read(cells)
    if found is None:
        assert not any(cell.strip() for cell in cells)
    else:
        assert found.entries or found.reason
        assert all(entry.key.startswith(("+", CUSTOMER)) for entry in found.entries)


def test_a_column_that_stands_there_twice_is_a_fault() -> None:
    with pytest.raises(FileFault, match="duplicate_column"):
        reader_for(["number", "since", "from"], today=TODAY)


# --- in force -----------------------------------------------------------------------------------


def test_nothing_is_in_force_before_a_second_person_has_signed(
    bank: Bank, maker: User, checker: User
) -> None:
    batch = register_reading.read(upload(register(), HOME, maker).pk)
    assert codes(bank) == []
    registers.submit(batch, maker=maker)
    assert codes(bank) == []
    seen = registers.content_of(batch)
    with pytest.raises(MakerIsChecker):
        registers.sign(batch, checker=maker, content_hash=seen)
    with pytest.raises(ContentChanged):
        registers.sign(batch, checker=checker, content_hash="0" * 64)
    assert codes(bank) == []
    registers.sign(batch, checker=checker, content_hash=seen)
    assert codes(bank) == ["DNC_INDUSTRY"]
    with pytest.raises(registers.NotNow):
        registers.sign(batch, checker=checker, content_hash=seen)
    kinds = set(Entry.objects.filter(kind__startswith="register.").values_list("kind", flat=True))
    assert kinds >= {"register.uploaded", "register.read", "register.in_force"}


def test_whoever_uploaded_it_does_not_sign_it_though_another_submitted_it(
    bank: Bank, maker: User, checker: User
) -> None:
    batch = register_reading.read(upload(register(), HOME, maker).pk)
    registers.submit(batch, maker=checker)
    with pytest.raises(MakerIsChecker):
        registers.sign(batch, checker=maker, content_hash=registers.content_of(batch))


def test_terms_changed_after_submitting_void_the_request(
    bank: Bank, maker: User, checker: User
) -> None:
    batch = register_reading.read(upload(register(), HOME, maker).pk)
    registers.submit(batch, maker=maker)
    wider = TERMS.model_copy(update={"max_age_days": 366}).model_dump(mode="json")
    RegisterImport.objects.filter(pk=batch.pk).update(terms=wider)
    batch.refresh_from_db()
    with pytest.raises(ContentChanged):
        registers.sign(batch, checker=checker, content_hash=registers.content_of(batch))


def test_a_strangers_entry_holds_when_the_stranger_becomes_a_customer(
    bank: Bank, maker: User, checker: User
) -> None:
    bring_into_force(register(), "13912345678\n", maker, checker)
    newcomer = make_customer(bank.branch, "NEW", NOW)
    number = Number.objects.create(e164="+8613912345678", kind="mobile", region="CN-33")
    CustomerNumber.objects.create(customer=newcomer, number=number)
    found = screen([(newcomer.pk, number.pk)], intent(bank), NOW)
    assert found[newcomer.pk].codes == ["DNC_INDUSTRY"]


def test_an_entry_by_number_holds_for_everybody_there_and_one_by_customer_for_the_person(
    bank: Bank, maker: User, checker: User
) -> None:
    bring_into_force(register("first"), HOME, maker, checker)
    assert [codes(bank, who) for who in ("x", "y", "y_mobile")] == [["DNC_FIRST"]] * 2 + [[]]
    bring_into_force(register("second"), "客户号\nY\n", maker, checker)
    assert codes(bank, "x") == ["DNC_FIRST"]
    assert codes(bank, "y_mobile") == ["DNC_SECOND"]


def test_a_whole_list_takes_the_place_of_the_last_and_an_addition_stands_beside_it(
    bank: Bank, maker: User, checker: User
) -> None:
    target = register()
    first = bring_into_force(target, f"{HOME}\n13912345678\n", maker, checker)
    added = bring_into_force(target, MOBILE, maker, checker, mode=ImportMode.ADD)
    assert (added.added, added.gone) == (1, 0)
    assert codes(bank) == codes(bank, "y_mobile") == ["DNC_INDUSTRY"]
    target.refresh_from_db()
    assert target.rows == 3
    later = DRAWN + timedelta(days=1)
    whole = bring_into_force(target, MOBILE, maker, checker, drawn_at=later)
    assert (whole.added, whole.gone) == (0, 2)
    assert lost_too_many(3, whole.gone)
    assert (codes(bank), codes(bank, "y_mobile")) == ([], ["DNC_INDUSTRY"])
    first.refresh_from_db()
    assert first.state == RegisterImportState.SUPERSEDED
    # what has ended is dropped; the file and its fingerprint stay
    assert set(RegisterEntry.objects.values_list("batch_id", flat=True)) == {whole.pk}
    assert Path(first.path).is_file()


def test_an_addition_does_not_make_a_list_younger(bank: Bank, maker: User, checker: User) -> None:
    target = register()
    bring_into_force(target, HOME, maker, checker)
    bring_into_force(target, MOBILE, maker, checker, mode=ImportMode.ADD, drawn_at=NOW)
    target.refresh_from_db()
    assert target.imported_at == DRAWN


def test_somebody_who_stays_on_a_list_has_been_on_it_since_they_came(
    bank: Bank, maker: User, checker: User
) -> None:
    target = register()
    bring_into_force(target, HOME, maker, checker)
    bring_into_force(target, f"{HOME}\n{MOBILE}", maker, checker, drawn_at=NOW)
    since = dict(RegisterEntry.objects.values_list("key", "since"))
    assert since == {"+8657112345678": DRAWN, "+8613800000001": NOW}


def test_a_list_older_than_its_limit_stops_everybody_and_a_fresh_one_lets_go(
    bank: Bank, maker: User, checker: User
) -> None:
    target = register()
    bring_into_force(target, MOBILE, maker, checker, drawn_at=beijing("2026-10-24 08:00"))
    assert codes(bank) == []  # 31 days are fresh
    set_time(beijing("2026-11-25 10:00"))
    assert codes(bank, at=beijing("2026-11-25 10:00")) == ["REGISTER_STALE"]
    bring_into_force(target, MOBILE, maker, checker, drawn_at=beijing("2026-11-25 09:00"))
    assert codes(bank, at=beijing("2026-11-25 10:00")) == []


def test_a_register_goes_out_of_use_only_with_a_second_signature(
    bank: Bank, maker: User, checker: User
) -> None:
    target = register()
    bring_into_force(target, HOME, maker, checker)
    batch = register_reading.read(upload(target, "", maker, mode=ImportMode.RETIRE).pk)
    assert (batch.gone, codes(bank)) == (1, ["DNC_INDUSTRY"])
    registers.submit(batch, maker=maker)
    registers.sign(batch, checker=checker, content_hash=registers.content_of(batch))
    target.refresh_from_db()
    assert (codes(bank), target.active) == ([], False)


def test_the_scope_of_a_register_is_family_and_purpose(
    bank: Bank, maker: User, checker: User
) -> None:
    bring_into_force(register(product_family="insurance"), HOME, maker, checker)
    cover = Product.objects.create(code="i", name="险", family="insurance", risk_rated=False)
    assert (codes(bank), codes(bank, product_id=cover.pk)) == ([], ["DNC_INDUSTRY"])
    bring_into_force(register("tps", purpose="marketing"), HOME, maker, checker)
    assert codes(bank) == ["DNC_TPS"]


def test_entries_expire_by_their_own_day_or_by_the_registers_term(
    bank: Bank, maker: User, checker: User
) -> None:
    bring_into_force(register(), "number,until\n057112345678,2026-11-23\n", maker, checker)
    assert codes(bank) == []
    bring_into_force(register("signals", entries_last_days=90), MOBILE, maker, checker)
    assert codes(bank, "y_mobile") == ["DNC_SIGNALS"]
    ends = RegisterEntry.objects.get(key="+8613800000001").expires_at
    assert ends == DRAWN + timedelta(days=90)


def test_one_file_at_a_time_and_no_list_from_the_future_or_the_past(
    bank: Bank, maker: User, checker: User
) -> None:
    target = register()
    with pytest.raises(registers.NoWholeListYet):
        upload(target, HOME, maker, mode=ImportMode.ADD)
    with pytest.raises(registers.DrawnInFuture):
        upload(target, HOME, maker, drawn_at=NOW + timedelta(minutes=1))
    upload(target, HOME, maker)
    with pytest.raises(registers.OneAtATime):
        upload(target, HOME, maker)
    registers.withdraw(RegisterImport.objects.get(), actor=maker)
    bring_into_force(target, HOME, maker, checker)
    with pytest.raises(registers.OlderThanInForce):
        upload(target, HOME, maker, drawn_at=DRAWN - timedelta(days=1))
    # a refused upload leaves no file behind
    assert len(list(Path(RegisterImport.objects.all()[0].path).parent.iterdir())) == 2


def test_what_the_checker_sends_back_is_over_and_its_entries_go(
    bank: Bank, maker: User, checker: User
) -> None:
    batch = register_reading.read(upload(register(), HOME, maker).pk)
    registers.submit(batch, maker=maker)
    registers.send_back(batch, checker=checker, reason="wrong file")
    settle(batch.pk)
    assert (batch.state, RegisterEntry.objects.count()) == ("returned", 0)


# --- numbers that changed hands -------------------------------------------------------------------


def owners(maker: User, checker: User, content: str, drawn_at: datetime = DRAWN) -> None:
    target = Register.objects.filter(name="rnd").first() or registers.define(
        name="rnd", title="", kind=RegisterKind.OWNERSHIP, terms=TERMS
    )
    bring_into_force(target, content, maker, checker, drawn_at=drawn_at)


def test_a_consent_older_than_the_present_owners_use_of_the_number_no_longer_counts(
    bank: Bank, maker: User, checker: User
) -> None:
    owners(maker, checker, "number,in use since\n057112345678,2026-10-01\n")
    assert codes(bank) == ["CONSENT_REASSIGNED"]
    bank.home.refresh_from_db()
    assert (bank.home.ownership, bank.home.ownership_asked_at) == (Ownership.CHANGED, DRAWN)
    # the present owner's own consent
    Consent.objects.create(customer=bank.x, granted_at=beijing("2026-10-02 09:00"))
    assert codes(bank) == []
    owners(maker, checker, "number,in use since\n057112345678,2026-10-01\n", drawn_at=NOW)
    bank.home.refresh_from_db()
    assert bank.home.ownership == Ownership.SAME


def test_an_answer_without_a_date_voids_every_consent_before_the_list_was_drawn(
    bank: Bank, maker: User, checker: User
) -> None:
    owners(maker, checker, "number,answer\n057112345678,yes\n13800000001,no\n")
    assert (codes(bank), codes(bank, "y_mobile")) == (["CONSENT_REASSIGNED"], [])
    bank.mobile.refresh_from_db()
    assert (bank.mobile.ownership, bank.mobile.in_use_since) == (Ownership.SAME, None)


def test_an_older_answer_does_not_overwrite_a_newer_one(
    bank: Bank, maker: User, checker: User
) -> None:
    Number.objects.filter(pk=bank.home.pk).update(ownership="changed", ownership_asked_at=NOW)
    owners(maker, checker, "number,answer\n057112345678,no\n")
    bank.home.refresh_from_db()
    assert bank.home.ownership == Ownership.CHANGED


# --- calls under way ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_calls_under_way_are_ended_but_for_those_in_which_somebody_has_answered(
    committed_bank: Bank,
) -> None:
    bank = committed_bank
    maker, checker = person("maker", Role.COMPLIANCE), person("checker", Role.COMPLIANCE)
    ringing = reserve(lambda: intent(bank))
    speaking = reserve(lambda: intent(bank, customer_id=bank.y.pk, number_id=bank.mobile.pk))
    assert ringing.attempt_id and speaking.attempt_id
    ledger.record_connect(speaking.attempt_id, NOW)
    bring_into_force(register(), f"{HOME}\n{MOBILE}\n", maker, checker)
    wanted = dict(Attempt.objects.values_list("pk", "cancel_wanted_at"))
    assert wanted[ringing.attempt_id] is not None
    assert wanted[speaking.attempt_id] is None


@pytest.mark.django_db(transaction=True)
def test_a_permission_given_from_facts_of_before_is_found_behind_the_locks(
    committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = committed_bank
    maker, checker = person("maker", Role.COMPLIANCE), person("checker", Role.COMPLIANCE)
    batch = register_reading.read(upload(register(), HOME, maker).pk)
    registers.submit(batch, maker=maker)
    read, go = Event(), Event()
    from_before = _Stopped(read, go)
    monkeypatch.setattr("compliance.gate._write", from_before)

    def dial() -> GateResult:
        try:
            return reserve(lambda: intent(bank))
        finally:
            connection.close()

    def settle_now() -> int:
        try:
            return settle(batch.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        dialling = pool.submit(dial)
        assert read.wait(5)
        registers.sign(batch, checker=checker, content_hash=registers.content_of(batch))
        settling = pool.submit(settle_now)
        go.set()
        assert dialling.result(10).decision.allowed
        assert settling.result(10) == 1
    assert Attempt.objects.get().cancel_wanted_at is not None
    monkeypatch.undo()
    assert "DNC_INDUSTRY" in reserve(lambda: intent(bank)).decision.codes


class _Stopped:
    """The gate's writing, held up after the facts have been read."""

    def __init__(self, read: Event, go: Event) -> None:
        self.read, self.go = read, go
        self.write = reserve.__globals__["_write"]

    def __call__(self, *given: object) -> GateResult:
        self.read.set()
        assert self.go.wait(5)
        found: GateResult = self.write(*given)
        return found


def test_packs_of_the_shipped_countries_name_registers_as_they_are_defined(bank: Bank) -> None:
    assert PackVersion.objects.exists()
    for name in ("tps", "ctps", "national"):
        register(name)
