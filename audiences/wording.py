"""The sentences of every fault, in one place and in the reader's language."""

from __future__ import annotations

import json
import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audiences.domain.faults import FileFault, FileFaultCode, RowReason
from audiences.domain.phone_numbers import Reason

_FILE: dict[FileFaultCode, str] = {
    FileFaultCode.EMPTY: gettext_noop("The file is empty."),
    FileFaultCode.NO_ROWS: gettext_noop("The file has a header and no rows."),
    FileFaultCode.TOO_LARGE: gettext_noop("The file is too large (%(detail)s)."),
    FileFaultCode.NOT_A_TABLE: gettext_noop("This is neither a CSV nor an XLSX file."),
    FileFaultCode.NUL_BYTE: gettext_noop("Row %(row)s holds a NUL byte: this is no text file."),
    FileFaultCode.WRONG_ENCODING: gettext_noop(
        "Row %(row)s is neither UTF-8 nor GB18030 (%(detail)s). Save the file as CSV UTF-8."
    ),
    FileFaultCode.MISSING_COLUMNS: gettext_noop("Row 1 lacks these columns: %(detail)s."),
    FileFaultCode.DUPLICATE_COLUMN: gettext_noop("Row 1 has a column twice: %(detail)s."),
    FileFaultCode.MALFORMED_ROW: gettext_noop(
        "The file cannot be read from row %(row)s on (%(detail)s)."
    ),
    FileFaultCode.NOTHING_USABLE: gettext_noop(
        "The first %(detail)s. Row %(row)s is the first of them."
    ),
    FileFaultCode.ZIP_BOMB: gettext_noop("The file unpacks to far more than a customer file."),
    FileFaultCode.DAMAGED: gettext_noop("The XLSX file is damaged (%(detail)s)."),
    FileFaultCode.TOO_WIDE: gettext_noop("The table has too many columns (%(detail)s)."),
    FileFaultCode.INTERRUPTED: gettext_noop("The import was interrupted. Run it again."),
}

#: How csv_files names a byte that is in neither encoding.
_BYTE = re.compile(r"byte 0x([0-9A-F]{2}) at (\d+)")

_ROW: dict[str, str] = {
    RowReason.MISSING_VALUE: gettext_noop("A required value is missing."),
    RowReason.DUPLICATE_CUSTOMER: gettext_noop("This customer is in an earlier row already."),
    RowReason.IMPOSSIBLE_DATE: gettext_noop("This is no possible date."),
    RowReason.FORMULA: gettext_noop("A formula stands where a value should."),
    RowReason.UNKNOWN_BRANCH: gettext_noop("No branch has this code."),
    RowReason.UNKNOWN_REGION: gettext_noop("No province has this name."),
    RowReason.UNKNOWN_VALUE: gettext_noop("This value is not known here."),
    RowReason.TEXT_TOO_LONG: gettext_noop("The text is too long."),
    RowReason.TOO_MANY_CELLS: gettext_noop("The row has more cells than the header."),
    RowReason.BAD_CHARACTER: gettext_noop("The text holds characters that cannot be stored."),
    RowReason.SAMPLE_MIX: gettext_noop("Sample customers and real ones cannot share an id."),
    Reason.EMPTY: gettext_noop("There is no number."),
    Reason.LETTERS: gettext_noop("The number holds letters."),
    Reason.MASKED: gettext_noop("Digits of the number are masked."),
    Reason.SPREADSHEET_ERROR: gettext_noop("The spreadsheet shows an error here."),
    Reason.LOST_DIGITS: gettext_noop("The spreadsheet has lost digits (scientific notation)."),
    Reason.SEVERAL_NUMBERS: gettext_noop("There are several numbers in one cell."),
    Reason.EXTENSION: gettext_noop("A number with an extension rings at a switchboard."),
    Reason.NO_AREA_CODE: gettext_noop("The area code is missing."),
    Reason.NOT_CALLABLE: gettext_noop("A service number cannot be called."),
    Reason.TOO_SHORT: gettext_noop("The number is too short."),
    Reason.TOO_LONG: gettext_noop("The number is too long."),
    Reason.UNASSIGNED: gettext_noop("Nobody has a number of this range."),
    Reason.UNKNOWN_COUNTRY: gettext_noop("No country has this code."),
    Reason.MALFORMED: gettext_noop("This is no telephone number."),
}


def file_fault_sentence(fault: FileFault) -> str:
    """Why the file was not imported, naming row and column where known."""
    return _(_FILE[fault.code]) % {"row": fault.row, "detail": _detail(fault.detail)}


def _detail(detail: str) -> str:
    """A byte that cannot be read, in words; faults are kept without a language."""
    found = _BYTE.fullmatch(detail)
    if found is None:
        return detail
    return _("byte 0x%(byte)s at position %(at)s") % {"byte": found[1], "at": found[2]}


def kept_fault(fault: FileFault) -> str:
    """A fault as ImportBatch.error keeps it, without a language."""
    return json.dumps({"code": fault.code, "row": fault.row, "detail": fault.detail})


def error_sentence(error: str) -> str:
    """What ImportBatch.error says, "" for none."""
    if not error:
        return ""
    kept = json.loads(error)
    fault = FileFault(FileFaultCode(kept["code"]), row=kept["row"], detail=kept["detail"])
    return file_fault_sentence(fault)


def row_reason_sentence(reason: str) -> str:
    """Why a row, or a number, was not taken."""
    found = _ROW.get(reason)
    return _(found) if found else reason
