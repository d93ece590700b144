"""Reading CSV as banks and spreadsheets write it: UTF-8, GB18030 or UTF-16; comma, tab, semicolon.

The whole file is checked for its encoding and for NUL bytes before its first row is used: that
takes a fraction of a second, and a fault of the file must import nothing.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audiences.domain.faults import FileFault, FileFaultCode

BLOCK = 1 << 20
#: A field beyond this is a lost quotation mark, or rubbish.
MAX_FIELD = 20_000


@contextmanager
def open_csv(path: Path) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of a file with their row numbers (the header is row 1).

    Raises FileFault: EMPTY, NUL_BYTE, WRONG_ENCODING, and while reading MALFORMED_ROW.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.readline(20_000)
        file.seek(0)
        yield _rows(csv.reader(file, delimiter=_delimiter(sample)))


def find_encoding(path: Path) -> str:
    """The encoding of the whole file, by reading it once.

    UTF-8 is tried first. Text in GB18030 is no UTF-8 but by rare chance, so bytes that were UTF-8
    beyond ASCII before the first bad one mean a UTF-8 file with a broken row, which is named.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _checked(path, "utf-16")
    try:
        return _checked(path, "utf-8-sig")
    except _Undecodable as bad:
        if bad.saw_text:
            raise _wrong(bad) from bad
        first = bad
    try:
        return _checked(path, "gb18030")
    except _Undecodable as bad:
        # the encoding that got further was the right one
        raise _wrong(max(first, bad, key=lambda each: each.offset)) from bad


class _Undecodable(Exception):
    def __init__(self, offset: int, row: int, byte: int, saw_text: bool) -> None:
        self.offset, self.row, self.byte, self.saw_text = offset, row, byte, saw_text


def _wrong(bad: _Undecodable) -> FileFault:
    detail = f"byte 0x{bad.byte:02X} at {bad.offset}"
    return FileFault(FileFaultCode.WRONG_ENCODING, row=bad.row, detail=detail)


def _checked(path: Path, encoding: str) -> str:
    """`encoding`, if all of the file is in it; raises FileFault NUL_BYTE, EMPTY or _Undecodable."""
    decoder = codecs.getincrementaldecoder(encoding)()
    wide = encoding == "utf-16"
    offset, row, saw_text, blank = 0, 1, False, True
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # counted from the first byte the decoder still held
                start = offset - pending + error.start
                good = error.object[: error.start]
                raise _Undecodable(
                    start,
                    row + good.count(b"\n"),
                    error.object[error.start],
                    saw_text or not good.isascii(),
                ) from error
            if "\x00" in text:
                before = text[: text.index("\x00")]
                raise FileFault(FileFaultCode.NUL_BYTE, row=row + before.count("\n"))
            if not block:
                break
            row += text.count("\n")
            saw_text = saw_text or not (text.isascii() or wide)
            blank = blank and not text.strip()
            offset += len(block)
    if blank:
        raise FileFault(FileFaultCode.EMPTY)
    return encoding


def _delimiter(sample: str) -> str:
    """The mark that is most frequent in the header, outside its names; a comma in doubt."""
    return max((",", "\t", ";", "|"), key=sample.count)


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    row = 0
    csv.field_size_limit(MAX_FIELD)
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileFault(FileFaultCode.MALFORMED_ROW, row=row, detail=str(error)) from error
        yield row, cells
