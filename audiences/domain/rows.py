"""One row of a customer file → a customer, or the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from audiences.domain.columns import Columns, Field
from audiences.domain.faults import RowReason
from audiences.domain.phone_numbers import Reason, normalize
from audiences.domain.regions import read_region

MAX_VALUE = 500
MAX_PHONES = 5


class Rejection(NamedTuple):
    """A row that is not taken, or (`imported`) a number that is left out of a row that is."""

    row: int
    column: str
    reason: str
    value: str
    imported: bool = False


class CustomerRow(NamedTuple):
    """A row as it is staged; None means "the file does not say". `attributes` is JSON."""

    row: int
    bank_id: str
    name: str
    gender: str | None
    birth_date: date | None
    segment: str | None
    branch_id: int
    region: str | None
    risk_tolerance: int | None
    risk_assessed_on: date | None
    household: str | None
    vulnerable: bool | None
    deceased: bool | None
    no_profiling: bool | None
    attributes: str
    numbers: tuple[tuple[str, str], ...]  # (E.164, kind), the first is tried first


class BadCell(Exception):
    """A cell that cannot be used; `reason` is a code of `faults.RowReason` or of a number's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


_NUMERIC = re.compile(r"^[+-]?[\d\s,.()%]+$")
_FORCED_TEXT = re.compile(r'^="[+\d\s().\-]*"$')
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d+$")
_DATE = re.compile(
    r"^(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[ T]00:00(?::00)?(?:\.0+)?)?$"
)
# control characters, and lone surrogates, which PostgreSQL cannot hold
_BAD_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd]")

_GENDERS = {
    **dict.fromkeys(("男", "男性", "m", "male", "1", "先生"), "M"),
    **dict.fromkeys(("女", "女性", "f", "female", "2", "女士"), "F"),
    **dict.fromkeys(("", "未知", "不详", "unknown", "0", "9"), ""),
}
_SEGMENTS = {
    **dict.fromkeys(("", "retail", "个人", "零售", "个人客户", "零售客户"), "retail"),
    **dict.fromkeys(("sme", "小微", "小微企业", "企业", "对公", "小企业"), "sme"),
    **dict.fromkeys(("county", "县域", "农户", "三农"), "county"),
}
_YES = frozenset({"是", "y", "yes", "true", "1", "√", "有", "t", "1.0"})
_NO = frozenset({"否", "n", "no", "false", "0", "×", "无", "f", "非", "0.0", "none"})


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one file.

    `branches` maps codes and names to ids; `today` bounds dates; `country` reads numbers.
    `left_out` collects the numbers that good rows did without, until `take_left_out`.
    """

    columns: Columns
    branches: Mapping[str, int]
    today: date
    country: str = "CN"
    left_out: list[Rejection] = field(default_factory=list)

    def read(self, row: int, cells: Sequence[str]) -> CustomerRow | Rejection | None:
        """The customer in a row, why there is none, or None for an empty row."""
        at = self.columns.at
        if len(cells) > len(self.columns.header):
            if any(cell.strip() for cell in cells[len(self.columns.header) :]):
                return Rejection(row, "", RowReason.TOO_MANY_CELLS, "")
        elif len(cells) < len(self.columns.header):
            cells = [*cells, *([""] * (len(self.columns.header) - len(cells)))]
        if not any(cells) or not any(cell.strip() for cell in cells):
            return None
        index = -1
        try:
            for index, cell in enumerate(cells):
                if cell and (cell[0] in "=+-@\t\r'" or not cell.isprintable() or len(cell) > 40):
                    self._suspect(index, cell)
            get: Callable[[Field], str] = lambda f: cells[at[f]].strip() if f in at else ""  # noqa: E731
            index = at[Field.BANK_ID]
            bank_id = read_bank_id(cells[index].strip())
            index = at[Field.NAME]
            name = _text(cells[index].strip(), 80)
            index = at[Field.BRANCH]
            branch_id = self._branch(cells[index].strip())
            index = at.get(Field.GENDER, -1)
            gender = _choice(_GENDERS, get(Field.GENDER)) if index >= 0 else None
            index = at.get(Field.BIRTH_DATE, -1)
            birth_date = self._past(get(Field.BIRTH_DATE))
            index = at.get(Field.SEGMENT, -1)
            segment = _choice(_SEGMENTS, get(Field.SEGMENT)) if index >= 0 else None
            index = at.get(Field.REGION, -1)
            region = _region(get(Field.REGION)) if index >= 0 else None
            index = at.get(Field.RISK, -1)
            risk = _risk(get(Field.RISK))
            index = at.get(Field.ASSESSED_ON, -1)
            assessed = self._past(get(Field.ASSESSED_ON))
            index = at.get(Field.HOUSEHOLD, -1)
            household = _short(get(Field.HOUSEHOLD)) if index >= 0 else None
            index = at.get(Field.VULNERABLE, -1)
            vulnerable = _flag(get(Field.VULNERABLE), lenient=True)
            index = at.get(Field.DECEASED, -1)
            deceased = _flag(get(Field.DECEASED))
            index = at.get(Field.NO_PROFILING, -1)
            no_profiling = _flag(get(Field.NO_PROFILING))
            index = at.get(Field.CONSENT_ON, -1)
            attributes = self._attributes(cells, get)
        except BadCell as bad:
            value = cells[index] if 0 <= index < len(cells) else ""
            return Rejection(row, self.columns.title(index), bad.reason, _kept(value))
        numbers, left_out = self._numbers(row, cells)
        if not numbers:
            return left_out[0]._replace(imported=False)
        self.left_out.extend(left_out)
        return CustomerRow(
            row, bank_id, name, gender, birth_date, segment, branch_id, region, risk, assessed,
            household, vulnerable, deceased, no_profiling, attributes, numbers,
        )  # fmt: skip

    def take_left_out(self) -> list[Rejection]:
        """The numbers left out of good rows since the last time."""
        taken, self.left_out = self.left_out, []
        return taken

    def _suspect(self, index: int, cell: str) -> None:
        """A cell that begins like a formula, holds what no text holds, or is very long."""
        if _BAD_CHARACTER.search(cell):
            raise BadCell(RowReason.BAD_CHARACTER)
        if len(cell) > MAX_VALUE:
            raise BadCell(RowReason.TEXT_TOO_LONG)
        plain = cell.lstrip("\t\r\n ")
        if plain[:1] not in ("=", "+", "-", "@"):
            return
        if plain[0] in "+-" and (len(plain) == 1 or _NUMERIC.match(plain)):
            return
        # "+86 …" and ="138…" are how spreadsheets write numbers
        if index in self.columns.phones and (plain[0] in "+-" or _FORCED_TEXT.match(plain)):
            return
        raise BadCell(RowReason.FORMULA)

    def _branch(self, text: str) -> int:
        if not text:
            raise BadCell(RowReason.MISSING_VALUE)
        found = self.branches.get(text)
        if found is None:
            raise BadCell(RowReason.UNKNOWN_BRANCH)
        return found

    def _past(self, text: str) -> date | None:
        if not text:
            return None
        found = read_date(text)
        if found is None or found > self.today or found.year < 1900:
            raise BadCell(RowReason.IMPOSSIBLE_DATE)
        return found

    def _attributes(self, cells: Sequence[str], get: Callable[[Field], str]) -> str:
        kept: dict[str, object] = {}
        for index, header in self.columns.others:
            value = cells[index].strip()
            if value:
                kept[header] = value
        granted_on = self._past(get(Field.CONSENT_ON))
        if granted_on is not None:
            families = re.split(r"[,，;；、/|\s]+", get(Field.CONSENT_FAMILIES))
            kept["consent"] = {
                "granted_on": granted_on.isoformat(),
                "families": [family for family in families if family],
            }
        return json.dumps(kept, ensure_ascii=False) if kept else "{}"

    def _numbers(
        self, row: int, cells: Sequence[str]
    ) -> tuple[tuple[tuple[str, str], ...], list[Rejection]]:
        good: dict[str, str] = {}
        left_out: list[Rejection] = []
        for index in self.columns.phones:
            found = normalize(cells[index], self.country)
            if found.e164 is not None:
                if len(good) < MAX_PHONES:
                    good.setdefault(found.e164, found.kind)
            elif found.reason != Reason.EMPTY:
                title = self.columns.title(index)
                left_out.append(Rejection(row, title, found.reason or "", _kept(found.raw), True))
        if not good and not left_out:
            title = self.columns.title(self.columns.phones[0])
            left_out.append(Rejection(row, title, RowReason.MISSING_VALUE, ""))
        return tuple(good.items()), left_out


def read_bank_id(text: str) -> str:
    """The bank's own id of a customer, as a spreadsheet spells it. Raises BadCell."""
    if not text:
        raise BadCell(RowReason.MISSING_VALUE)
    if _SCIENTIFIC.match(text):
        raise BadCell(RowReason.LOST_DIGITS)
    if text.startswith("'"):
        text = text[1:]
    return _short(text.removesuffix(".0") if text.removesuffix(".0").isdigit() else text)


def _short(text: str) -> str:
    if len(text) > 40:
        raise BadCell(RowReason.TEXT_TOO_LONG)
    return text


def _text(text: str, most: int) -> str:
    if not text:
        raise BadCell(RowReason.MISSING_VALUE)
    if len(text) > most:
        raise BadCell(RowReason.TEXT_TOO_LONG)
    return text


def _choice(known: Mapping[str, str], text: str) -> str:
    found = known.get(text.lower())
    if found is None:
        raise BadCell(RowReason.UNKNOWN_VALUE)
    return found


def _region(text: str) -> str:
    if not text:
        return ""
    found = _region_of(text)
    if found is None:
        raise BadCell(RowReason.UNKNOWN_REGION)
    return found


_region_of = lru_cache(maxsize=5000)(read_region)


def _risk(text: str) -> int | None:
    if not text:
        return None
    digits = text[1:] if text[0] in "Cc" else text
    if digits[:1] in ("1", "2", "3", "4", "5") and not digits[1:2].isdigit():
        tail = digits[1:].lstrip()
        # "C3", "3", "3.0", "C3-平衡型", "C3（平衡型）"
        if tail in ("", ".0") or tail[0] in "-—(（ 级":
            return int(digits[0])
    raise BadCell(RowReason.UNKNOWN_VALUE)


def _flag(text: str, *, lenient: bool = False) -> bool | None:
    """Yes, no or not said; `lenient` takes any other text for yes (it names the group)."""
    if not text:
        return None
    lower = text.lower()
    if lower in _YES:
        return True
    if lower in _NO:
        return False
    if lenient:
        return True
    raise BadCell(RowReason.UNKNOWN_VALUE)


@lru_cache(maxsize=60_000)
def read_date(text: str) -> date | None:
    """2026-11-24, 2026/11/24, 2026年11月24日, 20261124; None for anything else."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day, compact_month, compact_day = match.groups()
    try:
        return date(int(year), int(month or compact_month), int(day or compact_day))
    except ValueError:
        return None


def _kept(value: str) -> str:
    """What of a bad cell is kept to show: short, and storable."""
    return _BAD_CHARACTER.sub("\u25a1", value)[:120]
