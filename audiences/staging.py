"""A file's rows, checked and copied into a temporary table.

Every fault of the file is found here, before the first customer is touched.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2
from django.db import connection

from accounts.models import Branch
from audiences.domain.columns import Field, read_header
from audiences.domain.faults import FileFault, FileFaultCode, RowReason
from audiences.domain.number_places import place_of
from audiences.domain.rows import CustomerRow, Rejection, RowReader
from audiences.models import ImportBatch
from audiences.opening import open_table

#: If nothing of that many rows can be used, the file is not what it should be.
HOPELESS_AFTER = 1000

TABLE = """
DROP TABLE IF EXISTS staged_customer;
CREATE TEMPORARY TABLE staged_customer (
    row integer, bank_id text COLLATE "C", name text, gender text, birth_date date, segment text,
    branch_id bigint, region text, risk_tolerance smallint, risk_assessed_on date, household text,
    vulnerable boolean, deceased boolean, no_profiling boolean, attributes jsonb,
    e164s text[], kinds text[], regions text[], zones text[]
) ON COMMIT PRESERVE ROWS
"""
COPY = "COPY staged_customer FROM STDIN WITH (FORMAT csv, NULL '\\N')"

COPY_REJECTED = (
    'COPY audiences_rejectedrow (batch_id, row, "column", reason, value, imported)'
    " FROM STDIN WITH (FORMAT csv, NULL '\\N')"
)

# the first row of a customer wins
DUPLICATES = """
CREATE INDEX ON staged_customer (bank_id, row);
DELETE FROM staged_customer USING (
    SELECT bank_id, min(row) AS first FROM staged_customer GROUP BY bank_id HAVING count(*) > 1
) AS twice
WHERE staged_customer.bank_id = twice.bank_id AND staged_customer.row > twice.first
RETURNING staged_customer.row, staged_customer.bank_id
"""
SAMPLE_MIX = """
DELETE FROM staged_customer USING audiences_customer AS known
WHERE known.bank_id = staged_customer.bank_id AND known.sandbox <> %s
RETURNING staged_customer.row, staged_customer.bank_id
"""
INDEX = "CREATE INDEX ON staged_customer (row); ANALYZE staged_customer"


@dataclass(slots=True)
class Staged:
    """What staging found: rows read (without empty ones) and rejected, and what the file tells."""

    fields: frozenset[Field] = frozenset()
    read: int = 0
    rejected: int = 0
    last_row: int = 1


class Rejections:
    """Rejected rows on their way to the database, kept on disk: there may be as many as rows."""

    def __init__(self, batch: ImportBatch, staged: Staged) -> None:
        self._batch_id = batch.pk
        self._staged = staged
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
        self._writer = csv.writer(self._file, lineterminator="\n")
        self.first: Rejection | None = None

    def add(self, each: Rejection) -> None:
        """Keep one; only a row that is not imported counts as rejected."""
        if not each.imported:
            self._staged.rejected += 1
            self.first = self.first or each
        self._writer.writerow(
            [self._batch_id, each.row, each.column[:60], each.reason, each.value, each.imported]
        )

    def store(self) -> None:
        """Write them all, in place of those of an earlier run."""
        self._file.seek(0)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audiences_rejectedrow WHERE batch_id = %s", [self._batch_id]
            )
            cursor.copy_expert(COPY_REJECTED, self._file)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def stage(batch: ImportBatch, *, today: date) -> Staged:
    """Read the batch's file into the temporary table and store its rejected rows.

    `today` bounds dates of birth and assessment. Raises FileFault, and then nothing is stored.
    """
    staged = Staged()
    with closing(Rejections(batch, staged)) as rejections, open_table(Path(batch.path)) as rows:
        header = next(rows, (1, []))[1]
        if not any(cell.strip() for cell in header):
            raise FileFault(FileFaultCode.EMPTY)
        columns = read_header(header, batch.mapping)
        staged.fields = frozenset(columns.at)
        reader = RowReader(columns=columns, branches=_branches(), today=today)
        with connection.cursor() as cursor:
            cursor.execute(TABLE)
            source = _Source(_lines(rows, reader, staged, rejections))
            try:
                cursor.copy_expert(COPY, source, size=1 << 18)
            except psycopg2.Error:
                # the driver hides what its reading met
                if source.fault is not None:
                    raise source.fault from None
                raise
            if staged.read == 0:
                raise FileFault(FileFaultCode.NO_ROWS)
            title = columns.title(columns.at[Field.BANK_ID])
            cursor.execute(DUPLICATES)
            for row, bank_id in cursor.fetchall():
                rejections.add(Rejection(row, title, RowReason.DUPLICATE_CUSTOMER, bank_id))
            cursor.execute(SAMPLE_MIX, [batch.sandbox])
            for row, bank_id in cursor.fetchall():
                rejections.add(Rejection(row, title, RowReason.SAMPLE_MIX, bank_id))
            cursor.execute(INDEX)
        rejections.store()
    return staged


def _branches() -> dict[str, int]:
    """Branches by name and by code; a code wins over another branch's name."""
    found = list(Branch.objects.values_list("id", "code", "name"))
    return {name: pk for pk, _, name in found} | {code: pk for pk, code, _ in found}


def _lines(
    rows: Iterator[tuple[int, list[str]]], reader: RowReader, staged: Staged, rejections: Rejections
) -> Iterator[str]:
    """The file's good rows as COPY's CSV, a few hundred at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    waiting = 0
    for number, cells in rows:
        result = reader.read(number, cells)
        if result is None:
            continue
        staged.read += 1
        staged.last_row = number
        if isinstance(result, Rejection):
            rejections.add(result)
            if staged.rejected == staged.read == HOPELESS_AFTER:
                raise _hopeless(rejections.first)
            continue
        for left_out in reader.take_left_out():
            rejections.add(left_out)
        writer.writerow(_copied(result))
        waiting += 1
        if waiting >= 500:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
            waiting = 0
    yield buffer.getvalue()


def _copied(row: CustomerRow) -> list[object]:
    e164s, kinds, regions, zones = [], [], [], []
    for e164, kind in row.numbers:
        region, zone = place_of(e164)
        e164s.append(e164)
        kinds.append(kind)
        regions.append(region or '""')
        zones.append(zone or '""')
    values = [r"\N" if value is None else value for value in row[:-1]]
    arrays = ["{" + ",".join(array) + "}" for array in (e164s, kinds, regions, zones)]
    return [*values, *arrays]


def _hopeless(first: Rejection | None) -> FileFault:
    row, reason, column = (first.row, first.reason, first.column) if first else (2, "", "")
    detail = f"{HOPELESS_AFTER} rows are all rejected: {reason} {column}".strip()
    return FileFault(FileFaultCode.NOTHING_USABLE, row=row, detail=detail)


class _Source:
    """Text pieces as the file that COPY reads."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._rest = ""
        self.fault: FileFault | None = None

    def read(self, size: int) -> str:
        """The next piece, at least one character until the end."""
        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except FileFault as fault:
                self.fault = fault
                raise
            if piece is None:
                return ""
            self._rest = piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
