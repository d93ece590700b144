"""Rows of a register's file → keys of people who must not be called, or why a row gave none.

A file is a table with a header (number, customer id, since, until, answer), or a plain list of
numbers. Every number is read as generously as customers' own; what cannot be read is named, never
dropped silently: it is somebody who does not want to be called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from audiences.domain.columns import HEADERS, Field, fold
from audiences.domain.faults import FileFault, FileFaultCode, RowReason
from audiences.domain.ownership import Ownership
from audiences.domain.phone_numbers import Reason, normalize
from audiences.domain.rows import BadCell, read_bank_id, read_date

#: Keys of customers begin so; those of numbers with "+".
CUSTOMER = "c:"


class Column(StrEnum):
    NUMBER = "number"
    CUSTOMER = "customer"
    SINCE = "since"
    UNTIL = "until"
    ANSWER = "answer"


_HEADERS: dict[Column, tuple[str, ...]] = {
    Column.NUMBER: (*HEADERS[Field.PHONE], "号码", "禁呼号码", "被叫号码", "msisdn", "e164"),
    Column.CUSTOMER: HEADERS[Field.BANK_ID],
    Column.SINCE: (
        "登记日期", "登记时间", "加入日期", "起始日期", "启用日期", "入网日期", "since", "from",
        "date", "registered", "registeredon", "inusesince",
    ),
    Column.UNTIL: (
        "失效日期", "到期日", "到期日期", "截止日期", "有效期至", "until", "expires", "expireson",
        "expiry", "validuntil",
    ),
    Column.ANSWER: (
        "是否换人", "号码归属", "变更", "answer", "reassigned", "disconnected", "result",
    ),
}  # fmt: skip
_COLUMN_OF = {header: column for column, headers in _HEADERS.items() for header in headers}

_ANSWERS = {
    **dict.fromkeys(("yes", "y", "是", "1", "true", "changed", "已变更"), Ownership.CHANGED),
    **dict.fromkeys(("no", "n", "否", "0", "false", "same", "未变更", "本人"), Ownership.SAME),
    **dict.fromkeys(("no_data", "nodata", "no data", "无数据", "未知"), Ownership.NO_DATA),
}  # fmt: skip


class Entry(NamedTuple):
    """One key of the list; None = the file does not say."""

    key: str
    since: date | None
    until: date | None
    answer: Ownership


class Read(NamedTuple):
    """What one row gave: entries, and the reason when something in it could not be read."""

    entries: tuple[Entry, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class RegisterReader:
    """Reads the rows of one file; `country` reads its numbers, `today` bounds its dates."""

    numbers: tuple[int, ...]
    at: dict[Column, int]
    headed: bool
    today: date
    country: str = "CN"

    def read(self, cells: Sequence[str]) -> Read | None:
        """The row's entries and what is wrong with it; None for an empty row."""
        if not any(cell.strip() for cell in cells):
            return None
        try:
            since = self._date(cells, Column.SINCE)
            until = self._date(cells, Column.UNTIL)
            answer = self._answer(cells)
        except BadCell as bad:
            return Read((), bad.reason)
        if since is not None and since > self.today:
            return Read((), RowReason.IMPOSSIBLE_DATE)
        keys: dict[str, None] = {}
        reason: str | None = None
        for index in self.numbers:
            found = normalize(cells[index] if index < len(cells) else "", self.country)
            if found.e164 is not None:
                keys[found.e164] = None
            elif found.reason != Reason.EMPTY:
                reason = reason or found.reason
        try:
            bank_id = self._cell(cells, Column.CUSTOMER)
            if bank_id:
                keys[CUSTOMER + read_bank_id(bank_id)] = None
        except BadCell as bad:
            reason = reason or bad.reason
        if not keys and reason is None:
            reason = RowReason.MISSING_VALUE
        return Read(tuple(Entry(key, since, until, answer) for key in keys), reason)

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        index = self.at.get(column)
        return cells[index].strip() if index is not None and index < len(cells) else ""

    def _date(self, cells: Sequence[str], column: Column) -> date | None:
        text = self._cell(cells, column)
        if not text:
            return None
        # "2026-11-24 08:30:00" of an export is that day
        found = read_date(text) or read_date(text.replace("T", " ").partition(" ")[0])
        if found is None:
            raise BadCell(RowReason.IMPOSSIBLE_DATE)
        return found

    def _answer(self, cells: Sequence[str]) -> Ownership:
        text = self._cell(cells, Column.ANSWER).lower()
        if not text:
            return Ownership.NOT_ASKED
        found = _ANSWERS.get(text)
        if found is None:
            raise BadCell(RowReason.UNKNOWN_VALUE)
        return found


def reader_for(first: Sequence[str], *, today: date, country: str = "CN") -> RegisterReader:
    """The reader of a file whose first row this is: its header, or its first entry.

    Raises FileFault MISSING_COLUMNS when it is neither, DUPLICATE_COLUMN for a column twice.
    """
    numbers: list[int] = []
    at: dict[Column, int] = {}
    for index, title in enumerate(first):
        column = _COLUMN_OF.get(fold(title))
        if column is Column.NUMBER:
            numbers.append(index)
        elif column is not None:
            if column in at:
                raise FileFault(FileFaultCode.DUPLICATE_COLUMN, row=1, detail=title.strip()[:60])
            at[column] = index
    if numbers or Column.CUSTOMER in at:
        return RegisterReader(tuple(numbers), at, True, today, country)
    for index, cell in enumerate(first):
        if sum(char.isdecimal() for char in cell) >= _DIGITS_OF_A_NUMBER:
            return RegisterReader((index,), {}, False, today, country)
    raise FileFault(FileFaultCode.MISSING_COLUMNS, row=1, detail="number, customer_id")


#: A first row that holds so many digits in a cell is no header.
_DIGITS_OF_A_NUMBER = 5
