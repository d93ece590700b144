"""A table for people outside: the same rows as CSV, XLSX, JSON or PDF.

Cells that a spreadsheet would take for a formula are defused; times are written as ISO 8601 does,
in the bank's own zone.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from django.utils import timezone
from openpyxl import Workbook

from evidence import pdf

Cell = str | int | float | datetime | date | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`columns` are (key, heading); `notes` stand above the table, one line each."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Folded:
    """A table to look at: a column of codes (its key ends with "_code") stands under the words of
    the column before it. Cells are (words, code).
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str]]]


def fold(sheet: Sheet) -> Folded:
    """The table as pages show it; files have the codes in columns of their own."""
    keys = [key for key, _heading in sheet.columns]
    codes = {
        place: place + 1
        for place, (key, after) in enumerate(pairwise(keys))
        if after == f"{key}_code"
    }
    kept = [place for place in range(len(keys)) if place not in codes.values()]
    return Folded(
        [sheet.columns[place][1] for place in kept],
        [
            [
                (_on_screen(row[place]), _text(row[codes[place]]) if place in codes else "")
                for place in kept
            ]
            for row in sheet.rows
        ],
    )


def as_csv(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark: spreadsheets read Chinese rightly only so."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([heading for _key, heading in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_safe(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(sheet: Sheet) -> bytes:
    """One worksheet, headings in the first row."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.title[:31])
    page.append([heading for _key, heading in sheet.columns])
    for row in sheet.rows:
        page.append([_safe(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_json(sheet: Sheet) -> bytes:
    """An object with the title, the notes and the rows by key."""
    keys = [key for key, _heading in sheet.columns]
    document = {
        "title": sheet.title,
        "notes": list(sheet.notes),
        "rows": [dict(zip(keys, map(_plain, row), strict=True)) for row in sheet.rows],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def as_pdf(sheet: Sheet) -> bytes:
    """Pages in landscape with the headings on each."""
    folded = fold(sheet)
    rows = [
        [f"{words}\n{code}" if code and code != words else words for words, code in row]
        for row in folded.rows
    ]
    headings = folded.headings
    parts = [pdf.heading(sheet.title), *(pdf.paragraph(note) for note in sheet.notes)]
    return pdf.document(sheet.title, [*parts, pdf.table(headings, rows)], landscape=True)


#: Ending → content type, and how it is made.
FORMATS: dict[str, tuple[str, Callable[[Sheet], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "json": ("application/json", as_json),
    "pdf": ("application/pdf", as_pdf),
}


def _text(cell: Cell) -> str:
    return "" if cell is None else str(_plain(cell))


def _on_screen(cell: Cell) -> str:
    """Everybody who looks at a page is where the bank is."""
    if isinstance(cell, datetime):
        return f"{timezone.localtime(cell):%Y-%m-%d %H:%M:%S}"
    return _text(cell)


def _plain(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return timezone.localtime(cell).isoformat(" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else cell


def _safe(cell: Cell) -> str | int | float | None:
    value = _plain(cell)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
