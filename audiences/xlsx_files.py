"""Reading XLSX as a stream, bounded against archives that unpack to more than they promise."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook

from audiences.domain.columns import MAX_COLUMNS
from audiences.domain.faults import FileFault, FileFaultCode

#: A million customers unpack to well under this.
MAX_UNPACKED = 2 << 30
#: Parts that are read whole, such as the shared strings.
MAX_PART = 256 << 20
MAX_PARTS = 2000
#: A file that unpacks to more than this often its size is made to.
MAX_RATIO = 300
#: Ratios of small files say nothing.
RATIO_FROM = 20 << 20
#: A spreadsheet keeps fifteen digits of a number; further ones are lost.
EXACT = 10**15
#: That many empty rows in a row end a sheet, whatever it claims its size to be.
MAX_GAP = 1000


def is_zip(path: Path) -> bool:
    """Whether the file begins as XLSX files do."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def open_xlsx(path: Path) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of the first sheet with their row numbers, each cell as text.

    A formula comes as its text ("=…"), never as the value it had. Raises FileFault: ZIP_BOMB,
    DAMAGED, EMPTY, TOO_WIDE.
    """
    try:
        _look_inside(path)
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except FileFault:
        raise
    except Exception as error:  # the library raises whatever its parsers raise
        raise FileFault(FileFaultCode.DAMAGED, detail=type(error).__name__) from error
    try:
        if not book.worksheets:
            raise FileFault(FileFaultCode.EMPTY)
        sheet: Any = book.worksheets[0]
        # what a sheet claims its size to be costs memory and is often wrong
        sheet.reset_dimensions()
        yield _rows(sheet)
    finally:
        book.close()


def _look_inside(path: Path) -> None:
    """Bound what the archive unpacks to, and refuse XML that defines entities."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        packed = max(1, path.stat().st_size)
        if (
            len(parts) > MAX_PARTS
            or unpacked > MAX_UNPACKED
            or (unpacked > RATIO_FROM and unpacked / packed > MAX_RATIO)
        ):
            raise FileFault(FileFaultCode.ZIP_BOMB)
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            if part.file_size > MAX_PART and "worksheets/" not in part.filename:
                raise FileFault(FileFaultCode.ZIP_BOMB)
            with archive.open(part) as file:
                if b"<!DOCTYPE" in file.read(2048).upper():
                    raise FileFault(FileFaultCode.DAMAGED, detail="DOCTYPE")


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    row, gap = 0, 0
    rows = sheet.iter_rows()
    while True:
        row += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except (ParseError, zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
            raise FileFault(FileFaultCode.DAMAGED, row=row, detail=type(error).__name__) from error
        if len(cells) > MAX_COLUMNS:
            raise FileFault(FileFaultCode.TOO_WIDE, row=row, detail=str(len(cells)))
        texts = [_text(cell.value, cell.data_type) for cell in cells]
        gap = 0 if any(texts) else gap + 1
        if gap > MAX_GAP:
            return
        yield row, texts


def _text(value: Any, data_type: str) -> str:
    """A cell as the text of a CSV file would have it."""
    if value is None:
        return ""
    if data_type == "f":
        text = str(getattr(value, "text", value))
        return text if text.startswith("=") else f"={text}"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _number(value: float) -> str:
    if abs(value) >= EXACT:
        return f"{value:.5E}"
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return repr(value)
