"""What can be wrong with a customer file, and with a row of it.

A fault of the file imports nothing; a fault of a row rejects that row. The sentences for people
are in `audiences/wording.py`.
"""

from __future__ import annotations

from enum import StrEnum


class FileFaultCode(StrEnum):
    EMPTY = "empty_file"
    NO_ROWS = "no_rows"
    TOO_LARGE = "file_too_large"
    NOT_A_TABLE = "not_a_table"  # neither CSV nor XLSX
    NUL_BYTE = "nul_byte"
    WRONG_ENCODING = "wrong_encoding"
    MISSING_COLUMNS = "missing_columns"
    DUPLICATE_COLUMN = "duplicate_column"
    MALFORMED_ROW = "malformed_row"  # the file cannot be read on from this row
    NOTHING_USABLE = "nothing_usable"  # the first thousand rows are all bad
    ZIP_BOMB = "zip_bomb"
    DAMAGED = "damaged_file"
    TOO_WIDE = "too_wide"
    INTERRUPTED = "interrupted"  # not the file's doing: run it again


class RowReason(StrEnum):
    """Why a row, or a number in it, was not taken; a number's own reasons come in addition."""

    MISSING_VALUE = "missing_value"
    DUPLICATE_CUSTOMER = "duplicate_customer"
    IMPOSSIBLE_DATE = "impossible_date"
    FORMULA = "formula"
    UNKNOWN_BRANCH = "unknown_branch"
    UNKNOWN_REGION = "unknown_region"
    UNKNOWN_VALUE = "unknown_value"
    LOST_DIGITS = "lost_digits"
    TEXT_TOO_LONG = "text_too_long"
    TOO_MANY_CELLS = "too_many_cells"
    BAD_CHARACTER = "bad_character"
    SAMPLE_MIX = "sample_mix"  # a sample customer's id in a real file, or the other way round


class FileFault(Exception):
    """The file cannot be imported; nothing of it was.

    `row` is the spreadsheet's row (the header is row 1) and `detail` the columns, the byte or the
    like, where they are known.
    """

    def __init__(self, code: FileFaultCode, *, row: int | None = None, detail: str = "") -> None:
        super().__init__(f"{code} row={row} {detail}")
        self.code = code
        self.row = row
        self.detail = detail
