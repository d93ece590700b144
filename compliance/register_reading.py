"""Taking in a register's file: its rows become entries, chunk by chunk, each chunk one commit.

`last_row` is written with the entries of its chunk, so a run whose worker died goes on where it
stopped, and a run of a file that has been read changes nothing. Nothing of it is in force yet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from audiences.domain.faults import FileFault, FileFaultCode
from audiences.opening import fingerprint, open_table
from audiences.wording import kept_fault
from audit.recording import record
from clock.reading import now
from compliance.domain.register_rows import RegisterReader, reader_for
from compliance.domain.registers import (
    ImportMode,
    RegisterImportState,
    RegisterKind,
    RegisterTerms,
    sources,
)
from compliance.models import RegisterImport, RegisterRejection
from database.session_locks import alone

#: Rows a commit.
CHUNK = 50_000
#: If nothing of that many rows can be used, the file is not what it should be.
HOPELESS_AFTER = 1000
#: So many rejected rows are named; all are counted.
REJECTIONS_KEPT = 50_000
#: First key of the lock by which one worker reads an import; the second is the import's id.
RUN_LOCK = 0x52454749

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_register_entry (
    key text COLLATE "C", since timestamptz, expires_at timestamptz, answer text
) ON COMMIT DELETE ROWS;
TRUNCATE staged_register_entry
"""
_COPY = "COPY staged_register_entry FROM STDIN WITH (FORMAT csv, NULL '\\N')"
# A key that was on the register before has been on it since then: a whole list drawn anew must not
# seem to be younger than a consent that was given after the person had signed up.
_INSERT = """
INSERT INTO compliance_registerentry (batch_id, key, since, expires_at, answer)
SELECT %(batch)s, s.key,
       CASE WHEN s.since IS NOT NULL OR %(ownership)s THEN s.since
            ELSE least(%(drawn_at)s, (
                SELECT min(g.since) FROM compliance_registerentry AS g
                JOIN compliance_registerimport AS b ON b.id = g.batch_id
                WHERE g.key = s.key AND b.register_id = %(register)s AND b.state = 'in_force'))
       END,
       coalesce(s.expires_at, %(expires_at)s), s.answer
FROM staged_register_entry AS s
ORDER BY s.key
ON CONFLICT (key, batch_id) DO NOTHING
"""
_COUNTS = """
WITH mine AS (SELECT key FROM compliance_registerentry WHERE batch_id = %(batch)s),
standing AS (
    SELECT g.key FROM compliance_registerentry AS g
    JOIN compliance_registerimport AS b ON b.id = g.batch_id
    WHERE b.register_id = %(register)s AND b.state = 'in_force')
SELECT (SELECT count(*) FROM mine),
       (SELECT count(*) FROM (SELECT key FROM mine EXCEPT SELECT key FROM standing) AS new),
       (SELECT count(*) FROM (SELECT key FROM standing EXCEPT SELECT key FROM mine) AS old),
       (SELECT count(*) FROM mine
        JOIN audiences_number AS n ON n.e164 = mine.key COLLATE "default"),
       (SELECT count(*) FROM mine
        JOIN audiences_customer AS c ON c.bank_id = substr(mine.key, 3) COLLATE "default"
        WHERE mine.key LIKE 'c:%%')
"""


def read(import_id: int) -> RegisterImport:
    """Read an import's file to its end. One that another worker reads, or that is read, is left.

    A fault of the file ends in FAILED with the fault in `error`; any other error also, as
    INTERRUPTED, and is raised.
    """
    with alone(RUN_LOCK, import_id) as mine:
        batch = RegisterImport.objects.select_related("register").get(pk=import_id)
        if mine and _begin(batch):
            _run(batch)
            batch.refresh_from_db()
    return batch


def _begin(batch: RegisterImport) -> bool:
    started = RegisterImport.objects.filter(
        pk=batch.pk, state__in=sources(RegisterImportState.READING)
    ).update(state=RegisterImportState.READING.value, error="")
    return started == 1


def _run(batch: RegisterImport) -> None:
    try:
        if batch.mode != ImportMode.RETIRE:
            _read(batch)
        _count(batch)
    except FileFault as fault:
        _fail(batch, fault)
    except Exception:
        _fail(batch, FileFault(FileFaultCode.INTERRUPTED))
        raise


def _read(batch: RegisterImport) -> None:
    path = Path(batch.path)
    if not path.is_file() or fingerprint(path) != batch.sha256:
        raise FileFault(FileFaultCode.DAMAGED, detail="sha256")
    today = now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    with open_table(path) as rows:
        first = next(rows, (1, []))
        if not any(cell.strip() for cell in first[1]):
            raise FileFault(FileFaultCode.EMPTY)
        reader = reader_for(first[1], today=today)
        following = rows if reader.headed else _with(first, rows)
        rest = (row for row in following if row[0] > batch.last_row)
        while chunk := list(islice(rest, CHUNK)):
            _take_in(batch, reader, chunk)
    if batch.rows_read == 0:
        raise FileFault(FileFaultCode.NO_ROWS)


def _with(
    first: tuple[int, list[str]], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rows


def _take_in(
    batch: RegisterImport, reader: RegisterReader, chunk: list[tuple[int, list[str]]]
) -> None:
    """One chunk's entries, rejections and counts, in one commit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    rejected: list[RegisterRejection] = []
    read = refused = 0
    for number, cells in chunk:
        found = reader.read(cells)
        if found is None:
            continue
        read += 1
        for entry in found.entries:
            since, until = _midnight(entry.since), _midnight(entry.until, days=1)
            writer.writerow([entry.key, since, until, entry.answer.value])
        if found.reason is not None:
            refused += 1
            rejected.append(RegisterRejection(batch_id=batch.pk, row=number, reason=found.reason))
            if refused == read == HOPELESS_AFTER and not batch.rows_read:
                detail = f"{HOPELESS_AFTER} rows are all rejected: {found.reason}"
                raise FileFault(FileFaultCode.NOTHING_USABLE, row=rejected[0].row, detail=detail)
    text.seek(0)
    terms = RegisterTerms.model_validate(batch.terms)
    days = terms.entries_last_days
    room = max(0, REJECTIONS_KEPT - batch.rows_rejected)
    batch.last_row = chunk[-1][0]
    batch.rows_read += read
    batch.rows_rejected += refused
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.copy_expert(_COPY, text)
        cursor.execute(
            _INSERT,
            {
                "batch": batch.pk,
                "register": batch.register_id,
                "ownership": batch.register.kind == RegisterKind.OWNERSHIP,
                "drawn_at": batch.drawn_at,
                "expires_at": batch.drawn_at + timedelta(days=days) if days else None,
            },
        )
        batch.entries += cursor.rowcount
        RegisterRejection.objects.bulk_create(rejected[:room], batch_size=5_000)
        batch.save(update_fields=["last_row", "rows_read", "rows_rejected", "entries"])


def _midnight(day: date | None, *, days: int = 0) -> str:
    """The instant at which a day of the file begins at the bank (or that many days later)."""
    if day is None:
        return r"\N"
    zone = ZoneInfo(settings.TIME_ZONE)
    begins: datetime = datetime.combine(day + timedelta(days=days), time(), zone)
    return begins.astimezone(UTC).isoformat()


def _count(batch: RegisterImport) -> None:
    """What a person must know before signing; then it is READY."""
    at = now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE compliance_registerentry")
        cursor.execute(_COUNTS, {"batch": batch.pk, "register": batch.register_id})
        entries, added, gone, numbers, customers = cursor.fetchone()
        if entries == 0 and batch.mode != ImportMode.RETIRE:
            raise FileFault(FileFaultCode.NO_ROWS)
        RegisterImport.objects.filter(pk=batch.pk, state=RegisterImportState.READING.value).update(
            state=RegisterImportState.READY.value,
            entries=entries,
            added=added,
            gone=0 if batch.mode == ImportMode.ADD else gone,
            known_numbers=numbers,
            known_customers=customers,
            read_at=at,
        )
        record(
            kind="register.read",
            actor_id=batch.maker_id,
            subject=f"register_import:{batch.pk}",
            payload={
                "register": batch.register.name,
                "sha256": batch.sha256,
                "rows": batch.rows_read,
                "entries": entries,
                "rejected": batch.rows_rejected,
            },
        )


def _fail(batch: RegisterImport, fault: FileFault) -> None:
    with transaction.atomic():
        RegisterImport.objects.filter(pk=batch.pk, state=RegisterImportState.READING.value).update(
            state=RegisterImportState.FAILED.value, error=kept_fault(fault)
        )
        record(
            kind="register.failed",
            actor_id=batch.maker_id,
            subject=f"register_import:{batch.pk}",
            payload={"fault": fault.code, "sha256": batch.sha256},
        )
