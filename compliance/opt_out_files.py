"""Refusals that come in a file: customers' ids or numbers, in force as each chunk is committed.

Each chunk takes at most 500 of the gate's locks and writes its entries together with how far the
file has come; its evidence is the file's fingerprint and the row.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.domain.import_state import TRANSITIONS, ImportState
from audiences.opening import fingerprint, open_table
from audiences.wording import kept_fault
from audit.recording import record
from clock.reading import now
from compliance import opting_out
from compliance.domain.register_rows import CUSTOMER, Read, reader_for
from compliance.locking import keys_of, take
from compliance.models import OptOutFile, OptOutRejection

#: Keys of the gate in one transaction.
LOCKS = 500
#: First key of the lock by which one worker carries out a file; the second is the file's id.
RUN_LOCK = 0x4F50544F
UNKNOWN = "unknown_customer"

_RUNNABLE = [
    state.value for state, following in TRANSITIONS.items() if ImportState.RUNNING in following
]


class _Row(NamedTuple):
    """A row to carry out: whom it names; `reason` when something in it could not be read."""

    number: int
    whom: tuple[opting_out.Who, ...]
    reason: str | None


def receive(source: BinaryIO, *, file_name: str, via: str, maker: User) -> OptOutFile:
    """Keep an uploaded file; the same content again is the file of before.

    Raises FileFault TOO_LARGE, and keeps nothing.
    """
    folder = settings.MEDIA_ROOT / "opt-outs"
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / f"{uuid.uuid4()}{Path(file_name).suffix[:8].lower()}"
    with path.open("wb") as kept:
        shutil.copyfileobj(source, kept, 1 << 20)
    size = path.stat().st_size
    if size > settings.IMPORT_MAX_BYTES:
        path.unlink()
        raise FileFault(FileFaultCode.TOO_LARGE, detail=f"{size} > {settings.IMPORT_MAX_BYTES}")
    file, made = OptOutFile.objects.get_or_create(
        sha256=fingerprint(path),
        defaults={
            "file_name": file_name[:200],
            "path": str(path),
            "via": via[:20],
            "maker": maker,
            "created_at": now(),
        },
    )
    if not made:
        path.unlink()
    return file


def run(file_id: int) -> OptOutFile:
    """Carry out a file to its end. One that is done, or that another worker runs, is left alone.

    A fault of the file ends in FAILED with the fault in `error`; any other error also, as
    INTERRUPTED, and is raised. What was carried out before holds.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [RUN_LOCK, file_id])
        mine = bool((cursor.fetchone() or (False,))[0])
    file = OptOutFile.objects.get(pk=file_id)
    if not mine:
        return file
    try:
        started = OptOutFile.objects.filter(pk=file_id, state__in=_RUNNABLE).update(
            state=ImportState.RUNNING.value, error=""
        )
        if started:
            _run(file)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, file_id])
    file.refresh_from_db()
    return file


def _run(file: OptOutFile) -> None:
    try:
        for chunk in _chunks(file):
            _carry_out(file, chunk)
        if file.rows_read == 0:
            raise FileFault(FileFaultCode.NO_ROWS)
    except FileFault as fault:
        _finish(file, ImportState.FAILED, kept_fault(fault))
    except Exception:
        _finish(file, ImportState.FAILED, kept_fault(FileFault(FileFaultCode.INTERRUPTED)))
        raise
    else:
        _finish(file, ImportState.DONE, "")


def _chunks(file: OptOutFile) -> Iterator[list[_Row]]:
    """Rows that take at most LOCKS keys together."""
    chunk: list[_Row] = []
    keys = 0
    for row in _rows(file):
        wanted = sum(who.keys for who in row.whom)
        if chunk and keys + wanted > LOCKS:
            yield chunk
            chunk, keys = [], 0
        chunk.append(row)
        keys += wanted
    if chunk:
        yield chunk


def _rows(file: OptOutFile) -> Iterator[_Row]:
    path = Path(file.path)
    if not path.is_file() or fingerprint(path) != file.sha256:
        raise FileFault(FileFaultCode.DAMAGED, detail="sha256")
    today = now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    with open_table(path) as rows:
        first = next(rows, (1, []))
        reader = reader_for(first[1], today=today)
        for number, cells in [] if reader.headed else [first]:
            if number > file.last_row:
                yield from _row(number, reader.read(cells))
        for number, cells in rows:
            if number > file.last_row:
                yield from _row(number, reader.read(cells))


def _row(number: int, found: Read | None) -> Iterator[_Row]:
    """Nothing for an empty row."""
    if found is None:
        return
    reason = found.reason
    whom = []
    for entry in found.entries:
        try:
            whom.append(_who(entry.key))
        except opting_out.UnknownCustomer:
            reason = reason or UNKNOWN
    yield _Row(number, tuple(whom), reason)


def _who(key: str) -> opting_out.Who:
    if key.startswith(CUSTOMER):
        return opting_out.who(bank_id=key.removeprefix(CUSTOMER), number=None)
    return opting_out.who(bank_id=None, number=key)


@transaction.atomic
def _carry_out(file: OptOutFile, chunk: list[_Row]) -> None:
    """One chunk: all of its locks first, in order; then its entries and how far we are."""
    at = now()
    everybody = [who for row in chunk for who in row.whom]
    take(
        keys_of(
            customer_ids=[customer for who in everybody for customer in who.customers],
            number_ids=[who.number for who in everybody],
        )
    )
    for row in chunk:
        evidence = {"file": file.file_name, "sha256": file.sha256, "row": row.number}
        for who in row.whom:
            written = opting_out.opt_out(
                who, via=file.via, evidence=evidence, at=at, actor_id=file.maker_id
            )
            file.entries += len(written)
    rejected = [(row.number, row.reason) for row in chunk if row.reason is not None]
    OptOutRejection.objects.bulk_create(
        OptOutRejection(file=file, row=number, reason=reason) for number, reason in rejected
    )
    file.rows_read += len(chunk)
    file.rows_rejected += len(rejected)
    file.last_row = chunk[-1].number
    file.save(update_fields=["entries", "rows_read", "rows_rejected", "last_row"])


def _finish(file: OptOutFile, new: ImportState, error: str) -> None:
    at: datetime = now()
    with transaction.atomic():
        OptOutFile.objects.filter(pk=file.pk, state=ImportState.RUNNING.value).update(
            state=new.value, error=error, finished_at=at
        )
        record(
            kind=f"opt_out_file.{new.value}",
            actor_id=file.maker_id,
            subject=f"opt_out_file:{file.pk}",
            payload={
                "sha256": file.sha256,
                "rows": file.rows_read,
                "rejected": file.rows_rejected,
                "entries": file.entries,
            },
        )
