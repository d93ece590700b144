"""A customer file as rows of text, whatever its format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from audiences.csv_files import open_csv
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.xlsx_files import is_zip, open_xlsx

# the old XLS and other office formats, PDF, compressed files: named rather than read as text
_NO_TABLE = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x89PNG")


@contextmanager
def open_table(path: Path) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """(row number, cells) of a CSV or XLSX file; the header is row 1. Raises FileFault."""
    size = path.stat().st_size
    if size == 0:
        raise FileFault(FileFaultCode.EMPTY)
    if size > settings.IMPORT_MAX_BYTES:
        raise FileFault(FileFaultCode.TOO_LARGE, detail=f"{size} > {settings.IMPORT_MAX_BYTES}")
    with path.open("rb") as file:
        if file.read(8).startswith(_NO_TABLE):
            raise FileFault(FileFaultCode.NOT_A_TABLE)
    with open_xlsx(path) if is_zip(path) else open_csv(path) as rows:
        yield rows


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
